package http2

import (
	"errors"
	"strconv"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

var errAnswered = errors.New("the request is answered already")

// Inform implements [http1.Client].
func (s *Stream) Inform(from *exchange.Response) error {
	if from.Status < 100 || from.Status > 199 || !writableFields(from.Header) {
		return http1.ErrUnwritable
	}
	if s.answered {
		return errAnswered
	}
	l := s.conn.link
	l.mu.Lock()
	if s.stream.err != nil {
		l.mu.Unlock()
		return s.stream.err
	}
	l.appendHeader(&s.stream, false, []exchange.Field{{Name: ":status", Value: status(from.Status)}}, from.Header)
	l.mu.Unlock()
	l.flush()
	return nil
}

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
	if out.Status < 200 || out.Status > 999 || !writableFields(out.Header) {
		return http1.ErrUnwritable
	}
	s.answered = true
	if announcing, ok := trailer.(interface{ Announced() string }); ok && text(announcing.Announced()) {
		s.announced = announcing.Announced()
	}
	has := out.Body != nil && http1.HasBody(x.Request.Method, out.Status)
	if err := s.head(x, !has); err != nil || !has {
		return err
	}
	s.copy = bodyCopy{stream: &s.stream, from: out.Body, left: out.Length, stall: s.conn.server.o.StallTimeout}
	return s.copy.run(trailer)
}

// head sends the answer's header.
func (s *Stream) head(x *exchange.Exchange, end bool) error {
	out, l := &x.Response, s.conn.link
	about := append(s.about[:0], exchange.Field{Name: ":status", Value: status(out.Status)})
	if out.Header.Get("Date") == "" {
		about = append(about, exchange.Field{Name: "date", Value: s.conn.server.dates.at(time.Now())})
	}
	if n := said(x); n >= 0 {
		about = append(about, exchange.Field{Name: "content-length", Value: x.Text.Int(n)})
	}
	if s.announced != "" {
		about = append(about, exchange.Field{Name: "trailer", Value: s.announced})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.stream.err != nil {
		return s.stream.err
	}
	s.body.expected = false // the answer takes the place of 100 Continue
	l.appendHeader(&s.stream, end, about, out.Header)
	return nil
}

// said returns the length that an answer says its body has, or would have to GET; below 0: none.
func said(x *exchange.Exchange) int64 {
	out := &x.Response
	switch {
	case !http1.HasBody("GET", out.Status):
		return -1
	case x.Request.Method != "HEAD" && out.Body == nil:
		return 0
	case out.Length == 0 && out.Body == nil: // nobody knows
		return -1
	}
	return out.Length
}

// status returns a status as it is written.
func status(n int) string {
	switch n {
	case 200:
		return "200"
	case 204:
		return "204"
	case 304:
		return "304"
	case 404:
		return "404"
	}
	return strconv.Itoa(n)
}
