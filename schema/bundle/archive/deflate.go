package archive

import (
	"encoding/binary"
	"math/bits"
)

// The compressor is part of the format. compress/flate promises that what it writes can be read, not that
// two Go releases write the same bytes; a bundle's bytes, however, must depend on nothing but what is in it,
// and a reader could not refuse a second spelling of an archive if a newer Go spelled them all differently.
// So this is the smallest compressor that serves: LZ77 over the whole window, greedy but for one step of
// look-ahead, in one block of DEFLATE's fixed Huffman codes (RFC 1951, 3.2.6). Any inflater reads it.

const (
	window    = 32 << 10 // how far back a match may begin
	minMatch  = 4        // a match of three rarely costs less than its literals here
	maxMatch  = 258
	hashBits  = 15
	maxChain  = 32 // earlier places with the same hash that are looked at
	endOfData = 256
)

// deflate appends data in DEFLATE's format to dst.
func deflate(dst, data []byte) []byte {
	w := bitWriter{out: dst}
	w.bits(1, 1) // the last block
	w.bits(1, 2) // of fixed codes
	m := newMatcher(data)
	for i := 0; i < len(data); {
		length, distance := m.find(i)
		if length >= minMatch && length < maxMatch {
			// A longer match one byte on is worth a literal.
			if next, _ := m.find(i + 1); next > length {
				length = 0
			}
		}
		if length < minMatch {
			w.symbol(int(data[i]))
			m.insert(i)
			i++
			continue
		}
		w.match(length, distance)
		for end := i + length; i < end; i++ {
			m.insert(i)
		}
	}
	w.symbol(endOfData)
	return w.flush()
}

// A matcher finds earlier occurrences of what follows a place.
type matcher struct {
	data []byte
	head []int32 // hash -> last place with it, plus one
	prev []int32 // place, modulo the window -> the place before it with its hash, plus one
}

func newMatcher(data []byte) *matcher {
	return &matcher{data: data, head: make([]int32, 1<<hashBits), prev: make([]int32, window)}
}

func (m *matcher) hash(i int) uint32 {
	return binary.LittleEndian.Uint32(m.data[i:]) * 0x9E3779B1 >> (32 - hashBits)
}

// insert makes place i known to later finds.
func (m *matcher) insert(i int) {
	if i+minMatch > len(m.data) {
		return
	}
	h := m.hash(i)
	m.prev[i%window] = m.head[h]
	m.head[h] = int32(i + 1)
}

// find returns the longest match for what stands at i among the places inserted, the nearest of equals; a
// length below minMatch is no match.
func (m *matcher) find(i int) (length, distance int) {
	if i+minMatch > len(m.data) {
		return 0, 0
	}
	limit := min(len(m.data)-i, maxMatch)
	for at, n := int(m.head[m.hash(i)])-1, 0; at >= 0 && i-at <= window && n < maxChain; n++ {
		// The byte that would make this match longer than the best decides most comparisons.
		if m.data[at+length] == m.data[i+length] {
			if l := common(m.data[at:at+limit], m.data[i:i+limit]); l > length {
				length, distance = l, i-at
				if l == limit {
					break
				}
			}
		}
		at = int(m.prev[at%window]) - 1
	}
	return length, distance
}

// common returns how many bytes a and b, of one length, begin with alike.
func common(a, b []byte) int {
	n := 0
	for ; n+8 <= len(a); n += 8 {
		if differ := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); differ != 0 {
			return n + bits.TrailingZeros64(differ)/8
		}
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}

// A bitWriter packs bits as DEFLATE does, the lowest first.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint
}

func (w *bitWriter) bits(v uint32, n uint) {
	w.acc |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// code writes a Huffman code, which unlike everything else goes highest bit first.
func (w *bitWriter) code(v uint32, n uint) { w.bits(bits.Reverse32(v)>>(32-n), n) }

// symbol writes a literal byte, the end of data or a length symbol in the fixed code.
func (w *bitWriter) symbol(s int) {
	switch {
	case s < 144:
		w.code(uint32(0x30+s), 8)
	case s < 256:
		w.code(uint32(0x190+s-144), 9)
	case s < 280:
		w.code(uint32(s-256), 7)
	default:
		w.code(uint32(0xC0+s-280), 8)
	}
}

// match writes a length and a distance. Both are coded as the bit length of what is to be said, the two
// (three) bits below the highest, and the rest as extra bits.
func (w *bitWriter) match(length, distance int) {
	switch v := uint32(length - 3); {
	case length == maxMatch:
		w.symbol(285)
	case v < 8:
		w.symbol(257 + int(v))
	default:
		extra := uint(bits.Len32(v)) - 3
		w.symbol(257 + int(4*extra) + int(v>>extra))
		w.bits(v&(1<<extra-1), extra)
	}
	switch v := uint32(distance - 1); {
	case v < 4:
		w.code(v, 5)
	default:
		extra := uint(bits.Len32(v)) - 2
		w.code(uint32(2*extra)+v>>extra, 5)
		w.bits(v&(1<<extra-1), extra)
	}
}

func (w *bitWriter) flush() []byte {
	if w.n > 0 {
		w.out = append(w.out, byte(w.acc))
	}
	return w.out
}
