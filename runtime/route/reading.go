package route

import (
	"strings"

	"gwc.dev/runtime/exchange"
)

// A reading is what somebody behind the gateway may take a path for. RFC 3986 leaves it to each server whether an
// escaped slash separates segments, and whether what follows a semicolon belongs to the segment; some servers
// take a backslash for a slash.
type reading struct{ early, slash, backslash, late bool }

// readings returns all combinations but the first, which is the path as it stands.
func readings() []reading {
	out := make([]reading, 0, 15)
	for bits := 1; bits < 16; bits++ {
		out = append(out, reading{bits&1 > 0, bits&2 > 0, bits&4 > 0, bits&8 > 0})
	}
	return out
}

// of returns the path in that reading; false: it has none.
func (as reading) of(path string) (string, bool) {
	if as.early { // parameters are cut off before escapes are decoded, or after
		path = withoutParameters(path, ";")
	}
	if as.slash {
		path = strings.ReplaceAll(path, "%2F", "/")
	}
	if as.backslash {
		path = strings.ReplaceAll(path, "%5C", "/")
	}
	if as.late {
		path = withoutParameters(withoutParameters(path, ";"), "%3B")
	}
	return Normalize(path)
}

// withoutParameters cuts each segment at the separator.
func withoutParameters(path, separator string) string {
	if !strings.Contains(path, separator) {
		return path
	}
	var b strings.Builder
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		segment, _, _ = strings.Cut(segment, separator)
		b.WriteString(segment)
	}
	return b.String()
}

// Ambiguous reports whether the path of a request that found takes leads to another route for somebody who reads
// it in another way: "/admin%2Fusers" and "/admin;a/users" are no paths below "/admin" here, and are for many a
// backend. Such a request is to be refused, or it would reach the one route's backend past the other's filters.
// Where all readings lead to one route the path is fine: that is how "%2F" stays of use in names.
func (t *Table) Ambiguous(listener string, r *exchange.Request, found *Route) bool {
	if len(found.Backends) == 0 || !readsTwoWays(r.Path) {
		return false
	}
	for _, as := range readings() {
		path, ok := as.of(r.Path)
		if !ok {
			return true
		}
		if path == r.Path {
			continue
		}
		other := *r
		other.Path = path
		if to := t.Match(listener, &other); to != nil && to != found {
			return true
		}
	}
	return false
}

// readsTwoWays is a quick look for what makes readings differ. The path is in normal form.
func readsTwoWays(path string) bool {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case ';':
			return true
		case '%':
			if rest := path[i:]; len(rest) > 2 && (rest[:3] == "%2F" || rest[:3] == "%5C" || rest[:3] == "%3B") {
				return true
			}
		}
	}
	return false
}
