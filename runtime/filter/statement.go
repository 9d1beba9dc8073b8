package filter

import (
	"encoding/json"
	"time"
	"unsafe"

	"gwc.dev/runtime/jwks"
)

// A statement is what a verified token says. It never changes: all requests with the token share it.
type statement struct {
	algorithm string
	claims    claims
	// signer has the key that signed it.
	signer *jwks.Set
}

// remember keeps a statement with the key set that it was verified with: for as long as that set is in use, and
// the token has not expired. Whoever recalls it checks all but the signature again.
func (s *statement) remember(raw string, now time.Time) {
	const farAway = 1 << 40 // seconds: beyond all tokens, and within what a Time holds
	exp, ok := date(s.claims["exp"].value)
	if !ok {
		return
	}
	s.signer.Remember(raw, s, s.size(), now, time.Unix(int64(min(exp, farAway)), 0))
}

// size returns about how many bytes of memory s takes.
func (s *statement) size() int {
	total := int(unsafe.Sizeof(*s)) + len(s.algorithm)
	for name, c := range s.claims {
		total += 2 * int(unsafe.Sizeof(name)+unsafe.Sizeof(c)) // a map has room for as many again
		total += len(name) + len(c.field) + cap(c.list)*int(unsafe.Sizeof("")) + sizeOf(c.value)
	}
	return total
}

// sizeOf returns about how many bytes a value takes that was read from JSON.
func sizeOf(v any) int {
	const header = int(unsafe.Sizeof(""))
	switch v := v.(type) {
	case string:
		return header + len(v)
	case json.Number:
		return header + len(v)
	case []any:
		total := header + cap(v)*int(unsafe.Sizeof(any(nil)))
		for _, e := range v {
			total += sizeOf(e)
		}
		return total
	case map[string]any:
		total := 48 // of the map itself
		for name, e := range v {
			total += 2*(header+int(unsafe.Sizeof(any(nil)))) + len(name) + sizeOf(e)
		}
		return total
	}
	return 0
}
