package http1

import (
	"errors"
	"io"
	"math"
	"sync/atomic"

	"gwc.dev/runtime/exchange"
)

type bodyKind uint8

const (
	noBody      bodyKind = iota
	fixedBody            // ends after so many bytes
	chunkedBody          // ends with a chunk of no bytes
	closedBody           // ends with the connection
)

// A Body reads a message's body from the connection that the head came from. An early end of the connection is
// io.ErrUnexpectedEOF; a body that is wrongly framed is an *[Error].
type Body struct {
	r       *Reader
	kind    bodyKind
	left    int64 // of the body, or of the chunk
	inChunk bool  // the end of a chunk is still to be read
	last    bool  // the last chunk has come; the trailer fields have not
	ext     int   // bytes of chunk extensions
	read    int64
	err     error // io.EOF once the body is whole
	whole   atomic.Bool
	starter starter // nil: reading has begun, or needs no leave
	trailer exchange.Header
}

// A starter is told when somebody first reads a body: a client may be waiting for that.
type starter interface{ start() error }

func (b *Body) begin(r *Reader, kind bodyKind, length int64) *Body {
	b.r, b.kind, b.left = r, kind, length
	b.inChunk, b.last, b.ext, b.read, b.err, b.starter = false, false, 0, 0, nil, nil
	b.trailer = b.trailer[:0]
	b.whole.Store(kind == noBody)
	if kind == noBody {
		b.err = io.EOF
	}
	return b
}

// Read implements [io.Reader]. The last bytes come with io.EOF where it can be known.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.starter != nil {
		s := b.starter
		b.starter = nil
		if b.err = s.start(); b.err != nil {
			return 0, b.err
		}
	}
	var n int
	var err error
	switch b.kind {
	case fixedBody:
		n, err = b.fixed(p)
	case chunkedBody:
		n, err = b.chunks(p)
	default:
		n, err = b.r.read(p, math.MaxInt64)
	}
	b.read += int64(n)
	if err != nil {
		b.err = err
		b.whole.Store(errors.Is(err, io.EOF))
	}
	return n, err
}

func (b *Body) fixed(p []byte) (int, error) {
	n, err := b.r.read(p, b.left)
	b.left -= int64(n)
	if err != nil {
		return n, within(err)
	}
	if b.left == 0 {
		return n, io.EOF
	}
	return n, nil
}

// Ready reports whether a Read returns at once, because what it returns has come already.
func (b *Body) Ready() bool {
	switch {
	case b.err != nil:
		return true
	case b.starter != nil:
		return false
	case b.kind == chunkedBody:
		return b.chunkReady()
	}
	return b.r.Buffered() > 0
}

// AtHand reports whether the whole rest of the body has come already.
func (b *Body) AtHand() bool {
	return b.err != nil || b.kind == fixedBody && int64(b.r.Buffered()) >= b.left
}

// Whole reports whether the body has been read to its end. Unlike the rest it may be asked while another
// goroutine reads.
func (b *Body) Whole() bool { return b.whole.Load() }

// Trailer returns the fields that came after a chunked body, once it is whole.
func (b *Body) Trailer() exchange.Header { return b.trailer }
