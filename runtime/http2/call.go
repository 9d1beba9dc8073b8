package http2

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Call is an exchange with an endpoint, until Close.
//
// The request is sent and the answer read on the caller's goroutine. Only where the body has not come whole does a
// second one send it, so that the answer may begin early, or never wait for the body's end.
type Call struct {
	endpoint *Endpoint
	conn     *clientConn
	stream   stream
	o        http1.CallOptions
	own      *http1.Interrupt // of a call without a client, with what ends the context's hold on it
	forget   func() bool
	sender   sender
	opened   bool // the stream has a number; else a place on the connection is kept for it

	// link.mu guards what follows: how long a wait and the whole answer may last, zero: as long as they like; and what
	// has come.
	until, end time.Time
	status     int // 0: none
	fields     exchange.Header
	length     int64
	announced  string
	interims   []exchange.Response
	informed   int // how many interim responses have come

	answer answerBody
}

// maxInterim bounds the interim responses to one request.
const maxInterim = 31

// maxTries bounds how often a request is sent that endpoints say to have done nothing for.
const maxTries = 8

func newCall() any {
	c := &Call{}
	c.stream.init()
	c.stream.call = c
	c.answer.call = c
	return c
}

// Call sends x.Request and fills in x.Response. The error is a *[http1.CallError]; without one, the call has to be
// closed once the answer has been dealt with. A request that the endpoint certainly did nothing for, because it ends
// the connection or refuses the stream, is sent again by itself as long as nothing of its body has been read.
//
// The client's interrupt ends the call; where there is no client, x.Context does.
func (e *Endpoint) Call(x *exchange.Exchange, o http1.CallOptions) (*Call, error) {
	c := e.calls.Get().(*Call)
	c.endpoint, c.o = e, o
	if o.Client == nil {
		c.own = &http1.Interrupt{} // the context may keep it
		c.forget = context.AfterFunc(x.Context, c.own.Fire)
	}
	for try := 1; ; try++ {
		err := c.try(x)
		if err == nil {
			c.fill(x)
			return c, nil
		}
		failed := &http1.CallError{Err: err, Dialled: c.conn != nil}
		_, failed.Source = errors.AsType[*http1.SourceError](err)
		if try < maxTries && unprocessed(err) && !c.sender.begun() && c.conn != nil {
			c.leave()
			continue
		}
		c.Close()
		return nil, failed
	}
}

// unprocessed reports whether an error says that the endpoint has done nothing for the request, which may be sent again
// (RFC 9113, section 8.7).
func unprocessed(err error) bool {
	reset, ok := errors.AsType[*resetError](err)
	return errors.Is(err, errUnprocessed) || ok && reset.code == refusedStream
}

// try sends the request once and waits for the answer's head.
func (c *Call) try(x *exchange.Exchange) error {
	c.conn = c.endpoint.pool.ready()
	if c.conn == nil {
		conn, err := c.dial(x)
		if err != nil {
			return err
		}
		c.conn = conn
	}
	if err := c.open(x); err != nil {
		return err
	}
	if err := c.send(x); err != nil {
		return err
	}
	return c.head(x)
}

// dial waits for a connection, which is a part of the answer's time.
func (c *Call) dial(x *exchange.Exchange) (*clientConn, error) {
	ctx := x.Context
	if limit := shorter(c.o.Timeout, c.o.HeadTimeout); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, http1.ErrTimeout)
		defer cancel()
	}
	conn, err := c.endpoint.pool.take(ctx)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(context.Cause(ctx), http1.ErrTimeout):
		return nil, http1.ErrTimeout
	case ctx.Err() != nil:
		return nil, http1.ErrInterrupted
	}
	return nil, err
}

// shorter returns the shorter of two times, of which 0 has no end.
func shorter(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// head waits for the answer's head, past interim ones.
func (c *Call) head(x *exchange.Exchange) error {
	l := c.conn.link
	for {
		l.mu.Lock()
		for c.status == 0 && c.stream.err == nil && len(c.interims) == 0 {
			l.mu.Unlock()
			err := c.wait()
			l.mu.Lock()
			if err != nil && c.status == 0 && c.stream.err == nil {
				l.mu.Unlock()
				return err
			}
		}
		interims, status, err := c.interims, c.status, c.stream.err
		c.interims = nil
		l.mu.Unlock()
		for i := range interims {
			if c.o.Client == nil {
				break
			}
			if err := c.o.Client.Inform(&interims[i]); err != nil {
				return &http1.SourceError{Err: err}
			}
		}
		switch {
		case len(interims) > 0:
		case status != 0:
			return nil
		default:
			return c.reason(err)
		}
	}
}

// reason returns why the stream has ended early, as the caller is to take it.
func (c *Call) reason(err error) error {
	if source := c.sender.failure(); source != nil {
		return source
	}
	return explained(err)
}

// wait waits until something has come.
func (c *Call) wait() error {
	l := c.conn.link
	interrupt := c.own
	if c.o.Client != nil {
		interrupt = c.o.Client.Interrupt()
	}
	l.mu.Lock()
	until := c.until
	l.mu.Unlock()
	if !interrupt.Enter(c) {
		interrupt.Leave()
		return http1.ErrInterrupted
	}
	late := c.stream.reader.wait(until)
	if interrupt.Leave() {
		return http1.ErrInterrupted
	}
	if !late {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.until.IsZero() || time.Now().Before(c.until) { // it was put off
		return nil
	}
	return http1.ErrTimeout
}

// SetReadDeadline implements [http1.Waiting]: it ends the wait for the endpoint.
func (c *Call) SetReadDeadline(time.Time) error {
	c.stream.reader.wake()
	return nil
}

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

// leave ends the call's stream, if it has not ended, and the sending of its body.
func (c *Call) leave() {
	c.stopSending()
	l := c.conn.link
	l.mu.Lock()
	if c.opened {
		c.stream.release()
		l.abort(&c.stream, cancelled, errOver)
	} else {
		c.conn.reserved--
		c.conn.rest()
	}
	c.opened = false
	waiting := l.out.waiting()
	l.mu.Unlock()
	if waiting {
		l.flush()
	}
	c.conn = nil
}

// Close ends the call. From then on nobody reads the request's body, or uses anything else of the exchange.
func (c *Call) Close() {
	if c.conn != nil {
		c.leave()
	}
	if c.forget != nil {
		c.forget()
	}
	clear(c.fields)
	clear(c.stream.trailer)
	c.o, c.own, c.until, c.end = http1.CallOptions{}, nil, time.Time{}, time.Time{}
	c.status, c.length, c.announced, c.interims, c.informed = 0, 0, "", nil, 0
	c.sender, c.answer.err, c.forget = sender{}, nil, nil
	e := c.endpoint
	c.endpoint = nil
	e.calls.Put(c)
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
