package http2

import (
	"hash/maphash"
	"slices"
	"strings"

	"gwc.dev/runtime/exchange"
)

// defaultTable is the size of the table of header compression that both sides begin with, in bytes as RFC 7541,
// section 4.1, counts them. The encoder never uses a larger one.
const defaultTable = 4 << 10

// An encoder compresses headers (RFC 7541). What comes twice goes into the table that both sides keep; what comes
// once, as ids and dates do, does not: it would only push out what is of use. Strings are sent as they are, since
// Huffman's code costs more time than its bytes.
type encoder struct {
	entries []exchange.Field // oldest first
	hashes  []uint64
	first   int            // how many were dropped before entries[0]
	index   map[uint64]int // of the hash of an entry its number, from the first ever
	size    int
	limit   int
	// lowest is the smallest limit that the other side has not been told yet; below 0: there is nothing to tell.
	lowest  int
	seen    [256]uint32 // what has come once, by hash
	lowered map[string]string
}

var hashSeed = maphash.MakeSeed()

func newEncoder() *encoder {
	return &encoder{index: map[uint64]int{}, lowered: map[string]string{}, limit: defaultTable, lowest: -1}
}

// allow takes note of the largest table that the other side allows.
func (e *encoder) allow(size int) {
	size = min(size, defaultTable)
	if size == e.limit {
		return
	}
	if e.lowest < 0 || size < e.lowest {
		e.lowest = size
	}
	e.limit = size
	e.evict(0)
}

// begin appends what stands before the first field of a header. A limit that was lower for a while has to be told as
// well (RFC 7541, section 4.2): as that of an empty table, for only then do all decoders take two.
func (e *encoder) begin(b []byte) []byte {
	if e.lowest < 0 {
		return b
	}
	if e.lowest < e.limit {
		e.evict(e.limit)
		b = appendInteger(b, 0x20, 5, 0)
	}
	e.lowest = -1
	return appendInteger(b, 0x20, 5, e.limit)
}

// field appends a field, whose name is in lower case.
func (e *encoder) field(b []byte, name, value string) []byte {
	if i := staticFields[exchange.Field{Name: name, Value: value}]; i > 0 {
		return appendInteger(b, 0x80, 7, i)
	}
	if secret(name) {
		return e.literal(b, 0x10, 4, name, value)
	}
	hash := maphash.String(hashSeed, name)*31 + maphash.String(hashSeed, value)
	if n, ok := e.index[hash]; ok {
		if f := &e.entries[n-e.first]; f.Name == name && f.Value == value {
			return appendInteger(b, 0x80, 7, len(staticTable)+len(e.entries)-(n-e.first))
		}
	}
	seen, mark := &e.seen[hash%uint64(len(e.seen))], uint32(hash>>32)
	if *seen != mark || !e.insert(hash, name, value) {
		*seen = mark
		return e.literal(b, 0, 4, name, value)
	}
	// The index of the name is that before the entry itself.
	return e.literal(b, 0x40, 6, name, value)
}

// secret reports whether a field's value is never to be in a table, that of the next hop's included: who can have
// fields of his own sent on the same connection could guess it (RFC 7541, section 7.1).
func secret(name string) bool {
	switch name {
	case "authorization", "cookie", "set-cookie", "proxy-authorization":
		return true
	}
	return false
}

// literal appends a field as it is, with a representation's first bits before.
func (e *encoder) literal(b []byte, first byte, bits int, name, value string) []byte {
	i := staticNames[name]
	b = appendInteger(b, first, bits, i)
	if i == 0 {
		b = appendString(b, name)
	}
	return appendString(b, value)
}

// insert makes an entry; false: the table is too small for it.
func (e *encoder) insert(hash uint64, name, value string) bool {
	const most = defaultTable / 4 // one entry is not to push out all others
	size := entrySize(name, value)
	if size > min(most, e.limit) {
		return false
	}
	e.evict(size)
	memory := name + value // the exchange's strings end with it
	e.entries = append(e.entries, exchange.Field{Name: memory[:len(name)], Value: memory[len(name):]})
	e.hashes = append(e.hashes, hash)
	e.index[hash] = e.first + len(e.entries) - 1
	e.size += size
	return true
}

// evict drops the oldest entries until there is room for some bytes.
func (e *encoder) evict(room int) {
	n := 0
	for ; e.size+room > e.limit && n < len(e.entries); n++ {
		e.size -= entrySize(e.entries[n].Name, e.entries[n].Value)
		if e.index[e.hashes[n]] == e.first+n {
			delete(e.index, e.hashes[n])
		}
	}
	if n > 0 {
		e.first += n
		e.entries = slices.Delete(e.entries, 0, n)
		e.hashes = slices.Delete(e.hashes, 0, n)
	}
}

// entrySize is RFC 7541's, section 4.1.
func entrySize(name, value string) int { return len(name) + len(value) + 32 }

// appendInteger appends a number in the low bits of the first byte and in as many more as it needs (RFC 7541, section
// 5.1).
func appendInteger(b []byte, first byte, bits, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// appendString appends a string literal (RFC 7541, section 5.2).
func appendString(b []byte, s string) []byte {
	return append(appendInteger(b, 0, 7, len(s)), s...)
}

// lower returns a field's name in lower case. Names in others are few and short, and come again and again.
func (e *encoder) lower(name string) string {
	const most, longest = 64, 64
	for i := range len(name) {
		if c := name[i]; 'A' > c || c > 'Z' {
			continue
		}
		if known, ok := e.lowered[name]; ok {
			return known
		}
		lower := strings.ToLower(name)
		if len(e.lowered) < most && len(name) <= longest {
			e.lowered[strings.Clone(name)] = lower
		}
		return lower
	}
	return name
}
