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

var errAnswered = errors.New("the request is answered already")

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
	sends := http1.HasBody(x.Request.Method, out.Status)
	if out.Length >= 0 && (sends && out.Body != nil || out.Length > 0 && http1.HasBody("GET", out.Status)) {
		h["Content-Length"] = []string{strconv.FormatInt(out.Length, 10)}
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
	return nil
}

// writable reports whether the answer reads as what it is meant to say: net/http drops fields that do not.
func writable(out *exchange.Response) bool {
	if out.Status < 200 || out.Status > 999 {
		return false
	}
	for _, f := range out.Header {
		if f.Name == "" || !token(f.Name) || strings.ContainsAny(f.Value, "\r\n\x00") {
			return false
		}
	}
	return true
}

// token reports whether a field's name is one (RFC 9110, section 5.1).
func token(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return true
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
	for {
		waits := !ready(out.Body)
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
		if n > 0 {
			if err := s.write((*buffer)[:n]); err != nil {
				return err
			}
			left -= int64(n)
		}
		switch {
		case errors.Is(err, io.EOF) && out.Length > 0 && left > 0:
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

func (s *Stream) write(p []byte) error {
	s.stalls.wait(writing)
	n, err := s.w.Write(p)
	s.stalls.done(writing)
	s.sent += int64(n)
	return err
}

func (s *Stream) flush() error {
	s.stalls.wait(writing)
	err := s.stalls.control.Flush()
	s.stalls.done(writing)
	return err
}
