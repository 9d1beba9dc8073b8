package http2

import (
	"errors"
	"strings"
	"sync"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A sender sends a request's body: on the caller's goroutine if it has come whole, else on one of its own.
type sender struct {
	method string
	copy   bodyCopy

	mu   sync.Mutex
	read bool          // somebody has begun to read the body
	over bool          // nobody is to read it any more
	done chan struct{} // closed when a goroutine of its own has ended; nil: there is none
	err  error         // why the sending ended early
}

// open sends the request's head, with the stream's number.
func (c *Call) open(x *exchange.Exchange) error {
	r, l := &x.Request, c.conn.link
	c.sender.method = r.Method
	if !token(r.Method) || !validTarget(r.Method, r.Path) || !authority(r.Authority) || !writableFields(r.Header) {
		return http1.ErrUnwritable
	}
	target := r.Path
	if r.Query != "" {
		target = x.Text.Concat(r.Path, "?", r.Query)
	}
	about := [...]exchange.Field{
		{Name: ":method", Value: r.Method}, {Name: ":scheme", Value: c.endpoint.scheme}, {Name: ":path", Value: target},
		{Name: ":authority", Value: r.Authority}, {}, {}, {},
	}
	n := 4
	add := func(name, value string) {
		about[n] = exchange.Field{Name: name, Value: value}
		n++
	}
	if c.o.Trailers {
		add("te", "trailers")
	}
	if r.Body != nil && r.Length >= 0 {
		add("content-length", x.Text.Int(r.Length))
	}
	if list := announced(c.o.Announce); r.Body != nil && list != "" {
		add("trailer", list)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil || c.conn.left:
		return errUnprocessed
	case headerSize(about[:n], r.Header) > l.maxHeader:
		return http1.ErrUnwritable
	}
	c.conn.reserved--
	c.opened = true
	c.stream.begin(l, l.next, streamWindow)
	l.next += 2
	l.resets.earn() // endpoints are free to end every stream, once
	if len(l.streams) == 1 {
		c.conn.heard = time.Now()
		c.conn.watch.set(c.conn.heard.Add(pingAfter))
	}
	l.appendHeader(&c.stream, r.Body == nil, about[:n], r.Header)
	return nil
}

// announced returns a list of trailer fields without those that may not be such.
func announced(names string) string {
	if names == "" {
		return ""
	}
	out := ""
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); token(name) && !framing(strings.ToLower(name)) {
			out = list(out, name)
		}
	}
	return out
}

// headerSize is that of RFC 9113, section 6.5.2.
func headerSize(lists ...[]exchange.Field) (n int64) {
	for _, fields := range lists {
		for _, f := range fields {
			n += int64(entrySize(f.Name, f.Value))
		}
	}
	return n
}

// send sends the body, if there is one, and what waits to be sent.
func (c *Call) send(x *exchange.Exchange) error {
	body, s := x.Request.Body, &c.sender
	if body == nil {
		c.whole()
		c.conn.flush()
		return nil
	}
	s.copy = bodyCopy{stream: &c.stream, from: body, left: x.Request.Length, stall: c.o.Timeout}
	if s.copy.stall <= 0 {
		s.copy.stall = stallTimeout
	}
	if atHand, ok := body.(interface{ AtHand() bool }); ok && atHand.AtHand() && c.takes(&x.Request) {
		err := c.sendBody()
		c.whole()
		c.conn.flush()
		if _, source := errors.AsType[*http1.SourceError](err); source || errors.Is(err, http1.ErrTimeout) {
			return err
		}
		return nil // if the endpoint has ended the stream it may still have answered
	}
	s.done = make(chan struct{})
	if c.o.Client != nil {
		c.o.Client.Stream()
	}
	go func() {
		defer close(s.done)
		c.sendOn()
	}()
	return nil
}

// takes reports whether the endpoint takes a body that has come whole without being waited for.
func (c *Call) takes(r *exchange.Request) bool {
	length := r.Length
	if come, ok := r.Body.(interface{ Buffered() int }); ok {
		length = int64(come.Buffered())
	}
	l := c.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	return length >= 0 && length <= min(c.stream.window, l.window) && len(l.out.buf) < room
}

// sendOn sends the body on a goroutine of its own. The call that waits for the answer is told how that ends.
func (c *Call) sendOn() {
	err := c.sendBody()
	c.conn.flush()
	l, s := c.conn.link, &c.sender
	if err == nil {
		c.whole()
		c.stream.reader.wake()
		return
	}
	s.mu.Lock()
	if s.over {
		err = nil
	}
	s.err = err
	s.mu.Unlock()
	if err == nil {
		return
	}
	l.mu.Lock()
	if c.stream.err == nil {
		l.abort(&c.stream, cancelled, err)
	}
	l.mu.Unlock()
	l.flush()
}

// sendBody sends the body. What the endpoint takes of it after its answer is whole is nobody's concern.
func (c *Call) sendBody() error {
	s := &c.sender
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return errOver
	}
	s.read = true
	s.mu.Unlock()
	err := s.copy.run(c.o.Trailer)
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// whole says that the request has been sent: the answer's time begins.
func (c *Call) whole() {
	l := c.conn.link
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c.end = time.Time{}
	if c.o.Timeout > 0 {
		c.end = now.Add(c.o.Timeout)
	}
	c.until = c.end
	if first := now.Add(c.o.HeadTimeout); c.status == 0 && c.o.HeadTimeout > 0 && (c.end.IsZero() || first.Before(c.end)) {
		c.until = first
	}
}

// begun reports whether anything of the body may have been read.
func (s *sender) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// failure returns why the body was not sent, if that is its source's failure.
func (s *sender) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if source, ok := errors.AsType[*http1.SourceError](s.err); ok {
		return source
	}
	return nil
}

// stopSending ends the sending, also if it is under way.
func (c *Call) stopSending() {
	s := &c.sender
	if s.done == nil {
		return
	}
	s.mu.Lock()
	s.over = true
	reading := s.read
	s.mu.Unlock()
	l := c.conn.link
	l.mu.Lock()
	running := !c.stream.done
	if running && c.stream.err == nil {
		l.abort(&c.stream, cancelled, errOver)
	}
	l.mu.Unlock()
	if running && reading && c.o.Client != nil {
		c.o.Client.Unblock()
	}
	<-s.done
	s.over, s.done, s.err = false, nil, nil
}
