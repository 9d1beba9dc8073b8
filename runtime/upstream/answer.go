package upstream

import (
	"context"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// An Answer is an endpoint's answer. Its status, header and body are in the exchange, and end with it. The zero
// value is ready for [Route.Do], and after Close for nothing but its fields.
type Answer struct {
	// Upstream and Endpoint are who answered, or failed last.
	Upstream, Endpoint string
	// Retries is how many tries there were after the first.
	Retries int

	ctx    context.Context // of the exchange
	unsent bool            // the last try failed before it had a connection
	call   call            // nil: there is no answer
	tunnel *http1.Call     // call, if its answer has changed the protocol
}

// A call is an exchange with an endpoint, over either version of HTTP.
type call interface {
	http1.Trailer
	Announced() string
	Close()
}

// Announced returns the list of trailer fields that the answer announces; it may be empty.
func (a *Answer) Announced() string {
	if a.call == nil {
		return ""
	}
	return a.call.Announced()
}

// Trailer returns the fields that came after the body, once that has been read.
func (a *Answer) Trailer() exchange.Header {
	if a.call == nil {
		return nil
	}
	return a.call.Trailer()
}

// Tunnel returns the call of an answer with status 101; nil: it is another one.
func (a *Answer) Tunnel() *http1.Call { return a.tunnel }

// Failure says why reading the answer's body ended with err.
func (a *Answer) Failure(err error) *Failure { return classify(a.ctx, err) }

// Close ends the call and gives its connection back. It may be called again.
func (a *Answer) Close() {
	if a.call != nil {
		a.call.Close()
		a.call, a.tunnel = nil, nil
	}
}
