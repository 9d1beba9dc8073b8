package http2

import (
	"errors"
	"io"

	"gwc.dev/runtime/http1"
)

// A body is a request's body as it comes in.
type body struct {
	stream *Stream
	read   int64
	whole  bool
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	s := b.stream
	s.stalls.wait(reading)
	n, err := s.r.Body.Read(p)
	s.stalls.done(reading)
	b.read += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		b.whole = true
	case err != nil && s.stalls.ended(reading):
		err = http1.ErrTimeout
	}
	return n, err
}
