package http1

import (
	"context"
	"errors"
	"time"

	"gwc.dev/runtime/exchange"
)

// A Client is whom a call is made for; a [Conn] is one.
type Client interface {
	// Interrupt ends the call's waits once the client is gone.
	Interrupt() *Interrupt
	// Inform passes on an interim response.
	Inform(*exchange.Response) error
	// Stream says that the request's body is read on another goroutine from now on.
	Stream()
	// Unblock ends the reading of the request's body, also if it is under way.
	Unblock()
}

// CallOptions are what a call needs beside the exchange. The zero value works where the body, if any, ends by
// itself.
type CallOptions struct {
	// Client is whom the call is for. Nil: nobody who might go, and interim responses are dropped.
	Client Client
	// Upgrade is the protocol to change to; empty: none. Trailers says that trailer fields are taken.
	Upgrade  string
	Trailers bool
	// Fresh has the call dial, whatever connections are idle.
	Fresh bool
	// Announce is the list of trailer fields that may follow the request's body, and Trailer has them; nil: none.
	Announce string
	Trailer  Trailer
	// Timeout bounds the time from the request's last byte to the answer's, and every wait for the endpoint to
	// take more of the request. HeadTimeout bounds the part of it until the answer begins. 0: no bound, but a
	// minute for an endpoint that takes nothing.
	Timeout, HeadTimeout time.Duration
}

// A Call is an exchange with an endpoint and the connection that it has for itself until Close.
//
// The request is written and the answer read on the caller's goroutine. Only where the body has not come whole does
// a second one send it, from the moment the head is out until the body ends: so the answer may begin early, or never
// wait for the body's end, and neither side can be stuck writing while nobody reads. An answer that is whole before
// the request's body is ends the sending: the body's reader is unblocked and the connection is not used again.
type Call struct {
	endpoint *Endpoint
	wire     wire
	reader   Reader
	writer   Writer
	out      Meta // of the request
	meta     Meta // of the answer
	o        CallOptions
	reused   bool
	answered bool          // the answer's head has come
	end      time.Duration // of Timeout, since the wire's epoch; 0: none
	since    time.Duration // when it fell idle, since the endpoint's epoch
	sender   *sender       // nil: the body, if any, was sent with the head
}

// A CallError is a call that ended without an answer.
type CallError struct {
	Err error
	// Dialled is false if no connection came about: nothing was sent.
	Dialled bool
	// Stale says that a connection which had been idle ended before any byte of an answer, and that the request
	// may be sent again: its method is idempotent and it has no body (RFC 9112, section 9.3.1).
	Stale bool
	// Source says that the request's body could not be read; the endpoint is not to blame.
	Source bool
}

func (e *CallError) Error() string { return e.Err.Error() }
func (e *CallError) Unwrap() error { return e.Err }

// Call sends x.Request and fills in x.Response. The error is a *[CallError]; without one, the call has to be
// closed once the answer has been dealt with. Strings of the answer end there.
func (e *Endpoint) Call(x *exchange.Exchange, o CallOptions) (*Call, error) {
	again := x.Request.Body == nil && idempotent(x.Request.Method)
	var c *Call
	if !o.Fresh {
		c = e.take(!again)
	}
	if c == nil {
		var err error
		if c, err = e.dial(x, &o); err != nil {
			return nil, &CallError{Err: err}
		}
	}
	c.o = o
	if err := c.do(x); err != nil {
		failed := &CallError{Err: err, Dialled: true}
		_, failed.Source = errors.AsType[*SourceError](err)
		failed.Stale = again && c.reused && lost(err) && c.reader.Buffered() == 0
		c.Close()
		return nil, failed
	}
	return c, nil
}

// idempotent reports whether a request may be sent twice (RFC 9110, section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// lost reports whether an error is the connection's end and not a wait's or a wrong message's.
func lost(err error) bool {
	_, refused := errors.AsType[*Error](err)
	return !refused && !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrInterrupted) && !errors.Is(err, ErrUnwritable)
}

// dial opens a connection.
func (e *Endpoint) dial(x *exchange.Exchange, o *CallOptions) (*Call, error) {
	var interrupt *Interrupt
	if o.Client != nil {
		interrupt = o.Client.Interrupt()
		interrupt.Enter(nil)
	}
	ctx := x.Context
	if limit := shorter(o.Timeout, o.HeadTimeout); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrTimeout)
		defer cancel()
	}
	conn, err := e.o.Dial(ctx)
	gone := interrupt != nil && interrupt.Leave()
	switch {
	case err == nil:
	case gone:
		return nil, ErrInterrupted
	case errors.Is(context.Cause(ctx), ErrTimeout):
		return nil, ErrTimeout
	default:
		return nil, err
	}
	c := &Call{endpoint: e}
	c.wire.init(conn)
	c.reader.init(&c.wire, e.o.Limits, e.o.Buffers)
	c.writer.init(&c.wire, e.o.Buffers)
	return c, nil
}

// shorter returns the shorter of two times, of which 0 has no end.
func shorter(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// do writes the request and reads the answer's head.
func (c *Call) do(x *exchange.Exchange) error {
	c.answered, c.sender = false, nil
	c.wire.interrupt = nil
	if c.o.Client != nil {
		c.wire.interrupt = c.o.Client.Interrupt()
	}
	c.wire.eachWrite = c.o.Timeout
	if c.o.Timeout <= 0 {
		c.wire.eachWrite = stallTimeout
	}
	c.out = Meta{Minor: 1, Upgrade: c.o.Upgrade, Trailers: c.o.Trailers, Trailer: c.o.Announce}
	if err := c.writer.WriteRequest(&x.Request, &c.out); err != nil {
		return err
	}
	sent := c.send(x)
	if _, source := errors.AsType[*SourceError](sent); source {
		return sent
	}
	if err := c.answer(x); err != nil { // after a failed write there may still be one: why it failed
		if sent == nil {
			sent = c.sender.failure()
		}
		if sent != nil {
			return sent
		}
		return within(err)
	}
	c.answered = true
	if c.sender == nil {
		c.writer.release() // all is sent: the answer's writer takes the same buffer
	}
	if c.sender.headCame() && c.o.HeadTimeout > 0 {
		c.wire.readUntil(c.end, c.o.Timeout/64)
	}
	return nil
}

// send writes what the writer has, and the body: at once if it is at hand, else on a goroutine of its own.
func (c *Call) send(x *exchange.Exchange) (err error) {
	body := x.Request.Body
	atHand, ok := body.(interface{ AtHand() bool })
	switch {
	case body == nil && c.wire.owe(c.writer.b): // it goes out with the first read
	case body == nil:
		err = c.writer.Flush()
	case ok && x.Request.Length <= mediumBuffer && atHand.AtHand():
		err = c.writer.WriteBody(body, x.Request.Length, &c.out, c.o.Trailer)
		c.writer.release()
	default:
		c.wire.limitRead(0)
		c.sender = newSender(c, body, x.Request.Length)
		if c.o.Client != nil {
			c.o.Client.Stream()
		}
		go c.sender.run()
		return nil
	}
	c.beginAnswer(false)
	return err
}

// beginAnswer begins to count the answer's time: the request is whole. It bounds the reads to come: where the head
// has not come yet, by the time for that.
func (c *Call) beginAnswer(head bool) {
	now := c.wire.now()
	c.end = 0
	if c.o.Timeout > 0 {
		c.end = now + c.o.Timeout
	}
	if first := now + c.o.HeadTimeout; !head && c.o.HeadTimeout > 0 && (c.end == 0 || first < c.end) {
		c.wire.readUntil(first, c.o.HeadTimeout/64)
		return
	}
	c.wire.readUntil(c.end, c.o.Timeout/64)
}

// answer reads the answer's head, past interim ones.
func (c *Call) answer(x *exchange.Exchange) error {
	for range maxInterim {
		if err := c.reader.ReadResponse(x.Request.Method, &x.Response, &c.meta); err != nil {
			return err
		}
		switch status := x.Response.Status; {
		case status >= 200:
			return nil
		case status == 101:
			if c.o.Upgrade == "" || c.meta.Upgrade == "" {
				return errNoUpgrade
			}
			return nil
		case status == 100 || c.o.Client == nil: // the client has had its own
		default:
			if err := c.o.Client.Inform(&x.Response); err != nil {
				return &SourceError{err}
			}
		}
	}
	return errInterim
}

// Meta returns what the answer says about its connection.
func (c *Call) Meta() *Meta { return &c.meta }

// Announced returns the list of trailer fields that the answer announces, and Trailer those that came.
func (c *Call) Announced() string        { return c.meta.Trailer }
func (c *Call) Trailer() exchange.Header { return c.reader.body.Trailer() }

// quiet reports whether nothing has come after the answer, and nothing has been done to the connection's deadline.
// A last read that had room to spare has seen that the socket was empty; else it is looked at.
func (c *Call) quiet() bool {
	return c.reader.Buffered() == 0 && (!c.wire.full || !disturbed(c.wire.Conn)) &&
		(c.wire.interrupt == nil || !c.wire.interrupt.Fired())
}

// Close ends the call. Its connection is used again if everything that belongs to the exchange has been sent and
// read, and nothing else has come.
func (c *Call) Close() {
	sent := c.sender.end()
	again := sent && c.answered && c.reader.body.Whole() && !c.meta.Close && c.meta.Upgrade == "" && c.quiet()
	c.writer.release()
	c.reader.release()
	c.o, c.sender, c.wire.interrupt = CallOptions{}, nil, nil
	c.reused = true
	if !again || !c.endpoint.give(c) {
		c.wire.Conn.Close()
	}
}
