package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Call is an exchange with an endpoint, until Close.
type Call struct {
	o         http1.CallOptions
	parent    context.Context // the exchange's
	ctx       context.Context
	cancel    context.CancelCauseFunc
	interrupt *http1.Interrupt // nil: the exchange's context alone says when the client is gone
	clock     clock
	trace     httptrace.ClientTrace
	interims  interims
	body      requestBody
	answer    answerBody
	dialled   bool
	response  *http.Response
}

// maxTries bounds how often a request is sent that endpoints say to have done nothing for.
const maxTries = 8

// Call sends x.Request and fills in x.Response. The error is a *[http1.CallError]; without one, the call has to be
// closed once the answer has been dealt with. A request that the endpoint certainly did nothing for, because it ends
// the connection or refuses the stream, is sent again by itself as long as nothing of its body has been read.
func (e *Endpoint) Call(x *exchange.Exchange, o http1.CallOptions) (*Call, error) {
	c := &Call{o: o, parent: x.Context}
	c.ctx, c.cancel = context.WithCancelCause(x.Context)
	c.clock.init(&c.o, c.cancel)
	c.interims.call, c.interims.quiet.L = c, &c.interims.mu
	c.body.begin(c, x.Request.Body, x.Request.Length)
	if _, own := o.Client.(*Stream); o.Client != nil && !own {
		c.interrupt = o.Client.Interrupt()
	}
	if o.Client != nil && x.Request.Body != nil {
		o.Client.Stream()
	}
	request := e.outgoing(c.traced(x.Request.Body != nil), x, c)
	c.body.trailer = request.Trailer
	c.clock.begin(x.Request.Body == nil)
	if err := c.roundTrip(&e.pool, request); err != nil {
		failed := c.failure(err)
		c.Close()
		return nil, failed
	}
	c.clock.answered()
	c.fill(x)
	return c, nil
}

// traced returns the call's context with what net/http is to tell of.
func (c *Call) traced(body bool) context.Context {
	if body {
		c.trace.GotFirstResponseByte = c.body.answered
	}
	if c.o.Client != nil {
		c.trace.Got1xxResponse = c.interims.tell
	}
	if !body && c.o.Client == nil {
		return c.ctx
	}
	return httptrace.WithClientTrace(c.ctx, &c.trace)
}

// roundTrip sends the request and waits for the answer's head.
func (c *Call) roundTrip(p *pool, request *http.Request) error {
	c.enter()
	defer c.leave()
	for try := 1; ; try++ {
		conn, err := p.take(c.ctx)
		if c.dialled = err == nil; !c.dialled {
			return err
		}
		c.response, err = conn.RoundTrip(request)
		if err == nil {
			if err = c.interims.wait(); err == nil {
				err = context.Cause(c.ctx)
			}
			return err
		}
		if try == maxTries || c.ctx.Err() != nil || c.body.begun() || !unprocessed(err) {
			return err
		}
		c.body.reopen()
	}
}

// fill copies the answer into the exchange, without the fields that hold for its connection only.
func (c *Call) fill(x *exchange.Exchange) {
	from, to := c.response, &x.Response
	to.Status, to.Length, to.Header = from.StatusCode, from.ContentLength, to.Header[:0]
	for name, values := range from.Header {
		if framing(name) {
			continue
		}
		for _, v := range values {
			to.Header = append(to.Header, exchange.Field{Name: name, Value: v})
		}
	}
	to.Body = nil
	if http1.HasBody(x.Request.Method, to.Status) {
		c.answer = answerBody{call: c}
		to.Body = &c.answer
	}
}

// enter begins a wait for the endpoint, leave ends it: the server looks after clients for whom one lasts.
func (c *Call) enter() {
	if c.interrupt != nil {
		c.interrupt.Enter(nil)
	}
}

func (c *Call) leave() {
	if c.interrupt != nil {
		c.interrupt.Leave()
	}
}

// Announced returns the list of trailer fields that the answer announces.
func (c *Call) Announced() string { return names(c.response.Trailer) }

// Trailer returns the fields that came after the answer's body, once that has been read.
func (c *Call) Trailer() exchange.Header { return fieldsOf(c.response.Trailer) }

// Close ends the call. From then on nobody reads the request's body, or uses anything else of the exchange.
func (c *Call) Close() {
	c.clock.stop()
	c.body.end() // net/http waits for whoever reads it
	c.cancel(context.Canceled)
	if c.response != nil {
		c.response.Body.Close()
	}
	c.body.wait()
	_ = c.interims.wait()
}

// An answerBody is an answer's body.
type answerBody struct {
	call *Call
	err  error
}

// Read implements [io.Reader].
func (b *answerBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	c := b.call
	c.enter()
	n, err := c.response.Body.Read(p)
	c.leave()
	switch {
	case err == nil, errors.Is(err, io.EOF):
		b.err = err
	default:
		b.err = c.reason(err)
		if _, source := errors.AsType[*http1.SourceError](b.err); source { // the endpoint is not to blame
			b.err = http1.ErrInterrupted
		}
	}
	return n, b.err
}
