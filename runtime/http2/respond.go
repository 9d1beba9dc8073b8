package http2

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

var (
	errAnswered = errors.New("the request is answered already")
	errLonger   = errors.New("the body is longer than its length")
)

// copyBuffers are for bodies on their way out.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// Respond writes x.Response to the client. trailer has the fields after the body; it may be nil.
//
// The error is [http1.ErrUnwritable] if nothing has been written, because the answer makes no message: then another one
// may take its place. A *[http1.SourceError] is the body's, all others are the client's; after these the handler is to
// panic, so that the stream is reset and nobody takes a part for the whole.
func (s *Stream) Respond(x *exchange.Exchange, trailer http1.Trailer) error {
	out := &x.Response
	if s.answered {
		return errAnswered
	}
	if !writable(out) {
		return http1.ErrUnwritable
	}
	s.answered = true
	h := s.w.Header()
	newCloner(0, out.Header).addFields(h, out.Header)
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // none said, none guessed
	}
	if announcing, ok := trailer.(interface{ Announced() string }); ok {
		if list := announcing.Announced(); list != "" {
			h["Trailer"] = []string{strings.Clone(list)}
		}
	}
	if s.server.draining.Load() {
		h["Connection"] = []string{"close"} // net/http makes a GOAWAY of it
	}
	sends := http1.HasBody(x.Request.Method, out.Status)
	switch {
	case out.Length > 0 && saysLength(x), out.Length == 0 && out.Body != nil && sends:
		h["Content-Length"] = []string{strconv.FormatInt(out.Length, 10)}
	case out.Body != nil:
		h["Content-Length"] = nil // none said, none made of what happens to come in time
	}
	s.w.WriteHeader(out.Status)
	if out.Body == nil || !sends {
		return nil
	}
	if err := s.copy(out); err != nil {
		return err
	}
	if trailer != nil {
		setTrailer(h, trailer.Trailer())
	}
	if s.buffered > 0 {
		s.stalls.last()
	}
	return nil
}

// saysLength reports whether an answer may say the length of its body: if it has one, or would to GET.
func saysLength(x *exchange.Exchange) bool {
	if x.Request.Method == http.MethodHead {
		return http1.HasBody(http.MethodGet, x.Response.Status)
	}
	return x.Response.Body != nil && http1.HasBody(x.Request.Method, x.Response.Status)
}

// writable reports whether the answer reads as what it is meant to say: net/http drops fields that do not.
func writable(out *exchange.Response) bool {
	return out.Status >= 200 && out.Status <= 999 && valid(out.Header)
}

// setTrailer adds the fields after the body. Those that were not announced need net/http's prefix.
func setTrailer(h http.Header, fields exchange.Header) {
	announced := ""
	if list := h["Trailer"]; len(list) > 0 {
		announced = list[0]
	}
	clear(h) // has been sent; a field may stand there as well
	text := newCloner(0, fields)
	for _, f := range fields {
		name := http.CanonicalHeaderKey(text.clone(f.Name))
		if framing(name) || !token(name) {
			continue
		}
		if !listed(announced, name) {
			name = http.TrailerPrefix + name
		}
		h[name] = append(h[name], text.clone(f.Value))
	}
}

// listed reports whether a comma-separated list holds a name, in any case.
func listed(list, name string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if exchange.EqualFold(strings.TrimSpace(item), name) {
			return true
		}
	}
	return false
}

// copy sends the body. What comes piece by piece goes out piece by piece, and the header of an event stream before
// its first event: see [flusher].
func (s *Stream) copy(out *exchange.Response) error {
	buffer := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buffer)
	left := out.Length
	flusher := flusher{stream: s}
	defer flusher.done() //nolint:errcheck // of a source that panics
	for {
		waits := left != 0 && !ready(out.Body)
		if waits {
			if err := flusher.wait(); err != nil {
				return err
			}
		}
		n, err := out.Body.Read(*buffer)
		if waits {
			if err := flusher.done(); err != nil {
				return err
			}
		}
		if left >= 0 {
			if left -= int64(n); left < 0 {
				return &http1.SourceError{Err: errLonger}
			}
		}
		if n > 0 {
			if err := s.write((*buffer)[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) && left > 0:
			return &http1.SourceError{Err: io.ErrUnexpectedEOF}
		case errors.Is(err, io.EOF): // also of a body whose length is known: fields may follow
			return nil
		case err != nil:
			return &http1.SourceError{Err: err}
		}
	}
}

// ready reports whether a body has more at once, where that is known; a body that is in memory has.
func ready(from io.Reader) bool {
	switch r := from.(type) {
	case interface{ Ready() bool }:
		return r.Ready()
	case *strings.Reader:
		return true
	}
	return false
}

// bufferSize is how much of an answer net/http keeps until there is more, a flush, or the end.
const bufferSize = 4 << 10

// write writes a part of the body. A client is waited for only where it does not fit net/http's buffer.
func (s *Stream) write(p []byte) error {
	if s.buffered += len(p); s.buffered <= bufferSize {
		n, err := s.w.Write(p)
		s.sent += int64(n)
		return err
	}
	s.buffered = bufferSize // it holds the rest, whatever that is
	s.stalls.wait(writing)
	n, err := s.w.Write(p)
	s.stalls.done(writing)
	s.sent += int64(n)
	return err
}

func (s *Stream) flush() error {
	s.buffered = 0
	s.stalls.wait(writing)
	err := s.stalls.control.FlushError()
	s.stalls.done(writing)
	return err
}
