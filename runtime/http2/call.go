package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Call is an exchange with an endpoint, until Close.
type Call struct {
	o        http1.CallOptions
	ctx      context.Context
	cancel   context.CancelCauseFunc
	clock    clock
	body     requestBody
	answer   answerBody
	response *http.Response
}

// Call sends x.Request and fills in x.Response. The error is a *[http1.CallError]; without one, the call has to be
// closed once the answer has been dealt with.
func (e *Endpoint) Call(x *exchange.Exchange, o http1.CallOptions) (*Call, error) {
	c := &Call{o: o}
	c.ctx, c.cancel = context.WithCancelCause(x.Context)
	c.clock.init(&c.o, c.cancel)
	c.body.begin(c, x.Request.Body, x.Request.Length)
	ctx := c.ctx
	if o.Client != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: c.inform})
		if x.Request.Body != nil {
			o.Client.Stream()
		}
	}
	request := e.outgoing(ctx, x, c)
	c.body.trailer = request.Trailer
	if x.Request.Body == nil {
		c.clock.whole()
	}
	c.enter()
	response, err := e.transport.RoundTrip(request)
	if gone := c.leave(); err == nil && gone {
		response.Body.Close()
		err = http1.ErrInterrupted
	}
	if err != nil {
		failed := c.failure(err)
		c.Close()
		return nil, failed
	}
	c.clock.answered()
	c.response = response
	c.fill(&x.Response)
	return c, nil
}

// fill copies the answer into the exchange, without the fields that hold for its connection only.
func (c *Call) fill(to *exchange.Response) {
	from := c.response
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
	if from.Body != http.NoBody {
		c.answer = answerBody{call: c}
		to.Body = &c.answer
	}
}

// failure returns why there is no answer.
func (c *Call) failure(err error) *http1.CallError {
	failed := &http1.CallError{Err: err, Dialled: true}
	var dial *dialError
	source := c.body.failure()
	switch cause := context.Cause(c.ctx); {
	case errors.Is(cause, http1.ErrTimeout):
		failed.Err = http1.ErrTimeout
	case cause != nil:
		failed.Err = http1.ErrInterrupted
	case errors.As(err, &dial):
		failed.Err, failed.Dialled = dial.err, false
	case source != nil:
		failed.Err, failed.Source = &http1.SourceError{Err: source}, true
	}
	return failed
}

// enter begins a wait for the endpoint, for the sake of a client that may go; leave ends it and reports whether the
// client has gone.
func (c *Call) enter() {
	if c.o.Client != nil {
		c.o.Client.Interrupt().Enter(nil)
	}
}

func (c *Call) leave() (gone bool) {
	return c.o.Client != nil && c.o.Client.Interrupt().Leave()
}

// inform passes on an interim response.
func (c *Call) inform(status int, header textproto.MIMEHeader) error {
	if status == http.StatusContinue { // the client has had its own
		return nil
	}
	return c.o.Client.Inform(&exchange.Response{Status: status, Header: fieldsOf(http.Header(header))})
}

// Announced returns the list of trailer fields that the answer announces.
func (c *Call) Announced() string {
	if c.response == nil || len(c.response.Trailer) == 0 {
		return ""
	}
	return names(c.response.Trailer)
}

// Trailer returns the fields that came after the answer's body, once that has been read.
func (c *Call) Trailer() exchange.Header {
	if c.response == nil {
		return nil
	}
	return fieldsOf(c.response.Trailer)
}

// Close ends the call. From then on nobody reads the request's body.
func (c *Call) Close() {
	c.clock.stop()
	c.body.end() // net/http waits for whoever reads it
	if c.response != nil {
		c.response.Body.Close()
	}
	c.cancel(context.Canceled)
	c.body.wait()
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
	case errors.Is(context.Cause(c.ctx), http1.ErrTimeout):
		b.err = http1.ErrTimeout
	case context.Cause(c.ctx) != nil:
		b.err = http1.ErrInterrupted
	default:
		b.err = err
	}
	return n, b.err
}
