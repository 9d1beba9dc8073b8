package http2

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

const copySize = 32 << 10

// copyBuffers are for bodies on their way out.
var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

var errLonger = errors.New("the body is longer than its length")

// A bodyCopy sends a body. What comes piece by piece goes out piece by piece; what has come already goes out together,
// with what waits to be sent before it and with the end.
type bodyCopy struct {
	stream *stream
	from   io.Reader
	left   int64 // below 0: unknown
	stall  time.Duration
	sent   int64
}

// run sends the body up to its end, and then the end itself or, if there are any, the fields after it. An error of the
// body's is a *[http1.SourceError].
func (c *bodyCopy) run(trailer http1.Trailer) error {
	memory := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(memory)
	for {
		n, err := c.fill(memory[:])
		ended := errors.Is(err, io.EOF)
		switch {
		case err != nil && !ended:
			if n > 0 {
				_ = c.send(memory[:n], false) // as far as it came
			}
			return err
		case !ended:
			if err := c.send(memory[:n], false); err != nil {
				return err
			}
			continue
		case c.left > 0:
			return &http1.SourceError{Err: io.ErrUnexpectedEOF}
		}
		var fields exchange.Header
		if trailer != nil {
			fields = ending(trailer.Trailer())
		}
		if err := c.send(memory[:n], len(fields) == 0); err != nil || len(fields) == 0 {
			return err
		}
		return c.stream.sendTrailer(fields)
	}
}

// send sends a part.
func (c *bodyCopy) send(p []byte, end bool) error {
	if len(p) == 0 && !end {
		return nil
	}
	n, err := c.stream.send(p, end, c.stall)
	c.sent += int64(n)
	return err
}

// fill reads what is there of the body, and waits only if that is nothing.
func (c *bodyCopy) fill(b []byte) (n int, err error) {
	if !c.ready() {
		c.stream.link.flush()
	}
	for {
		var got int
		if got, err = c.from.Read(b[n:]); got > 0 {
			n += got
			if c.left >= 0 {
				if c.left -= int64(got); c.left < 0 {
					return 0, &http1.SourceError{Err: errLonger}
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, err
		case err != nil:
			return n, &http1.SourceError{Err: err}
		case n == len(b) || n > 0 && !c.ready():
			return n, nil
		}
	}
}

// ending returns the fields that may stand after a body.
func ending(fields exchange.Header) exchange.Header {
	for i, f := range fields {
		if !token(f.Name) || !text(trimmed(f.Value)) || framing(strings.ToLower(f.Name)) {
			return ending(append(slices.Clone(fields[:i]), fields[i+1:]...))
		}
	}
	return fields
}

// ready reports whether the body has more at once, or its end, where that is known. A body that is in memory has, and
// one whose length has been read ends there; but the end of another stream's may come later, with fields after it.
func (c *bodyCopy) ready() bool {
	switch r := c.from.(type) {
	case interface{ Ready() bool }:
		return r.Ready()
	case *strings.Reader:
		return true
	}
	return c.left == 0
}
