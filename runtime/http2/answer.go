package http2

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// maxInterim bounds the interim responses to one request.
const maxInterim = 31

// header takes a header that has come. link.mu is held.
func (c *Call) header(b *block, end bool) error {
	l := c.conn.link
	if c.status != 0 {
		return l.trailers(&c.stream, end)
	}
	status, err := c.read(b)
	switch {
	case err != nil:
		l.abort(&c.stream, protocolError, err)
		return nil
	case status >= 200:
		c.begin(b, status, end)
	case end:
		l.abort(&c.stream, protocolError, errAnswer)
		return nil
	case status != 100: // the client has had its own
		if c.informed++; c.informed > maxInterim {
			l.abort(&c.stream, cancelled, errInterim)
			return nil
		}
		c.interims = append(c.interims, exchange.Response{Status: status, Header: endToEnd(nil, b.message())})
	}
	l.wake(&c.stream.reader)
	return nil
}

// read returns the status of an answer.
func (c *Call) read(b *block) (int, error) {
	about := b.about()
	if b.wrong || about != 1 || b.fields[0].Name != ":status" || len(b.fields[0].Value) != 3 ||
		b.size > b.limits.HeaderBytes || b.count > b.limits.Fields {
		return 0, errAnswer
	}
	status, err := strconv.ParseUint(b.fields[0].Value, 10, 16)
	switch {
	case err != nil, status < 100:
		return 0, errAnswer
	case status == 101:
		return 0, errSwitch
	case slices.ContainsFunc(b.message(), lookalike):
		return 0, errLookalike
	}
	return int(status), nil
}

// begin takes an answer's head.
func (c *Call) begin(b *block, status int, end bool) {
	s, l := &c.stream, c.conn.link
	c.length = -1
	for _, f := range b.message() {
		switch f.Name {
		case "content-length":
			n, err := strconv.ParseUint(f.Value, 10, 63)
			if err != nil || c.length >= 0 && c.length != int64(n) {
				l.abort(s, protocolError, errAnswer)
				return
			}
			c.length = int64(n)
		case "trailer":
			c.announced = list(c.announced, f.Value)
		}
	}
	c.fields = endToEnd(c.fields[:0], b.message())
	c.status = status
	if !c.bodiless(status) {
		s.left = c.length
	}
	if s.whole = end; !end {
		return
	}
	if s.left > 0 {
		c.status = 0
		l.abort(s, protocolError, errAnswer)
		return
	}
	l.finish(s)
}

// endToEnd appends the fields that are not a connection's.
func endToEnd(to exchange.Header, fields []exchange.Field) exchange.Header {
	for _, f := range fields {
		if !framing(f.Name) {
			to = append(to, f)
		}
	}
	return to
}

func (c *Call) bodiless(status int) bool { return !http1.HasBody(c.sender.method, status) }

// fill copies the answer into the exchange.
func (c *Call) fill(x *exchange.Exchange) {
	l := c.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	c.until = c.end
	to := &x.Response
	to.Status, to.Header = c.status, append(to.Header[:0], c.fields...)
	to.Length, to.Body = c.length, nil
	switch {
	case !c.bodiless(c.status):
		to.Body = &c.answer
	case c.length < 0 && c.sender.method != "HEAD":
		to.Length = 0
	}
}

// Announced returns the list of trailer fields that the answer announces.
func (c *Call) Announced() string { return c.announced }

// Trailer returns the fields that came after the answer's body, once that has been read.
func (c *Call) Trailer() exchange.Header {
	l := c.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.stream.whole || !c.stream.inbox.empty() {
		return nil
	}
	return c.stream.trailer
}

// An answerBody is an answer's body.
type answerBody struct {
	call *Call
	err  error
}

// Read implements [io.Reader].
func (b *answerBody) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	s, l := &b.call.stream, b.call.conn.link
	l.mu.Lock()
	for {
		n := s.receive(p)
		if n > 0 {
			waiting := l.out.waiting()
			l.mu.Unlock()
			if waiting {
				l.flush()
			}
			return n, nil
		}
		whole, err := s.whole, s.err
		l.mu.Unlock()
		switch {
		case whole:
			b.err = io.EOF
		case err != nil:
			b.err = b.call.reason(err)
		default:
			b.err = b.call.wait()
		}
		if _, source := errors.AsType[*http1.SourceError](b.err); source { // the endpoint is not to blame
			b.err = http1.ErrInterrupted
		}
		if b.err != nil {
			return 0, b.err
		}
		l.mu.Lock()
	}
}

// Ready reports whether a Read returns at once.
func (b *answerBody) Ready() bool {
	s, l := &b.call.stream, b.call.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	return b.err != nil || !s.inbox.empty() || s.whole || s.err != nil
}
