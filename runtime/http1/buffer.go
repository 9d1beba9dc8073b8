package http1

import "sync"

// Sizes of buffers: a plain head and a short body fit into the first, bodies are moved in the large one, and in the
// huge one while they come fast.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
	largeBuffer  = 64 << 10
	hugeBuffer   = 256 << 10
)

// Buffers are memory that connections share: one that is idle, or has nothing to write, has none. The zero value
// is ready for use.
type Buffers struct{ small, medium, large, huge sync.Pool }

// get returns a buffer of at least n bytes, of unknown content.
func (p *Buffers) get(n int) []byte {
	switch {
	case n <= smallBuffer:
		if b, ok := p.small.Get().(*[smallBuffer]byte); ok {
			return b[:]
		}
		return make([]byte, smallBuffer)
	case n <= mediumBuffer:
		if b, ok := p.medium.Get().(*[mediumBuffer]byte); ok {
			return b[:]
		}
		return make([]byte, mediumBuffer)
	case n <= largeBuffer:
		if b, ok := p.large.Get().(*[largeBuffer]byte); ok {
			return b[:]
		}
		return make([]byte, largeBuffer)
	case n <= hugeBuffer:
		if b, ok := p.huge.Get().(*[hugeBuffer]byte); ok {
			return b[:]
		}
		return make([]byte, hugeBuffer)
	}
	return make([]byte, n)
}

// put takes back a buffer that nobody looks at any more. Buffers of other sizes are left to the collector.
func (p *Buffers) put(b []byte) {
	switch cap(b) {
	case smallBuffer:
		p.small.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case mediumBuffer:
		p.medium.Put((*[mediumBuffer]byte)(b[:mediumBuffer]))
	case largeBuffer:
		p.large.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	case hugeBuffer:
		p.huge.Put((*[hugeBuffer]byte)(b[:hugeBuffer]))
	}
}
