package http2

import (
	"context"
	"errors"
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
		if c.conn != nil {
			c.leave() // from here on nobody begins to read the body
		}
		if try < maxTries && failed.Dialled && unprocessed(err) && !c.sender.begun() {
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
