package http1

import (
	"io"
	"unsafe"
)

// A Reader reads messages from a connection, one after the other.
//
// The strings of a message point into the Reader's buffer. They are valid until the next message is read or the
// Reader is reset; whoever keeps one longer clones it.
type Reader struct {
	src    io.Reader
	limits Limits
	pool   *Buffers
	body   Body

	buf      []byte // nil: nothing is buffered
	pos, end int    // buf[pos:end] is not read yet
	lent     int    // strings point into buf[:lent]
	held     []byte // an earlier buffer into which strings point
}

// minRoom is how much room a read from the connection has at least.
const minRoom = 512

// NewReader returns a Reader of src. Buffers are taken from pool; nil: it has its own.
func NewReader(src io.Reader, l Limits, pool *Buffers) *Reader {
	if pool == nil {
		pool = &Buffers{}
	}
	r := &Reader{}
	r.init(src, l, pool)
	return r
}

func (r *Reader) init(src io.Reader, l Limits, pool *Buffers) {
	r.src, r.limits, r.pool = src, l.filled(), pool
}

// Buffered returns how many bytes have been read from the connection and belong to no message yet.
func (r *Reader) Buffered() int { return r.end - r.pos }

// begin makes room for the next message; strings of the last one end here.
func (r *Reader) begin() {
	r.lent = 0
	if r.held != nil {
		r.pool.put(r.held)
		r.held = nil
	}
	if r.pos == r.end {
		r.release()
	}
}

// release gives the buffers back. What was not read is lost.
func (r *Reader) release() {
	if r.held != nil {
		r.pool.put(r.held)
	}
	if r.buf != nil {
		r.pool.put(r.buf)
	}
	r.held, r.buf, r.pos, r.end, r.lent = nil, nil, 0, 0, 0
}

// unread returns what is buffered, without taking it.
func (r *Reader) unread() []byte { return r.buf[r.pos:r.end] }

// lend keeps all that has been read in its place, because strings point there.
func (r *Reader) lend() { r.lent = r.pos }

// fill reads once from the connection. It returns an error only if nothing came.
func (r *Reader) fill() error {
	r.room()
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// room makes room behind what is unread: by moving it over what was read, or into a larger buffer. What is lent
// stays where it is.
func (r *Reader) room() {
	if r.buf == nil {
		r.buf = r.pool.get(smallBuffer)
	}
	if r.pos == r.end {
		r.pos, r.end = r.lent, r.lent
	}
	if len(r.buf)-r.end >= minRoom {
		return
	}
	unread := r.end - r.pos
	if r.pos > r.lent && len(r.buf)-r.lent-unread >= minRoom {
		copy(r.buf[r.lent:], r.unread())
		r.pos, r.end = r.lent, r.lent+unread
		return
	}
	r.regrow(2*unread + minRoom)
}

// regrow takes a buffer of n bytes for what is unread. What is lent stays in the old one.
func (r *Reader) regrow(n int) {
	next, unread := r.pool.get(n), r.end-r.pos
	copy(next, r.unread())
	switch {
	case r.buf == nil:
	case r.lent == 0:
		r.pool.put(r.buf)
	case r.held == nil:
		r.held = r.buf
	default: // strings point into both: the collector has the second
	}
	r.buf, r.pos, r.end, r.lent = next, 0, unread, 0
}

// take returns the next n bytes, which are buffered.
func (r *Reader) take(n int) []byte {
	b := r.buf[r.pos : r.pos+n]
	r.pos += n
	return b
}

// read reads at most limit bytes into p: what is buffered, else from the connection, past the buffer where that
// saves a copy. All of p may be written to: what comes after the limit is then buffered, and not left unseen.
func (r *Reader) read(p []byte, limit int64) (int, error) {
	if r.pos == r.end {
		if len(p) >= minRoom {
			return r.readPast(p, limit)
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p[:min(int64(len(p)), limit)], r.unread())
	r.pos += n
	return n, nil
}

// readPast is read without the buffer, which is empty.
func (r *Reader) readPast(p []byte, limit int64) (int, error) {
	n, err := r.src.Read(p)
	if n == 0 {
		return 0, err
	} // an error comes again
	if int64(n) <= limit {
		return n, nil
	}
	next := p[limit:n]
	if len(r.buf)-r.lent < len(next) {
		r.regrow(len(next))
	}
	r.pos = r.lent
	r.end = r.pos + copy(r.buf[r.pos:], next)
	return int(limit), nil
}

// view returns b as a string, without a copy.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
