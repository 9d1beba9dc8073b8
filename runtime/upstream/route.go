package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// An Observer counts what a route's calls meet. It is used by many goroutines at once.
type Observer interface {
	Retried(upstream string)
	Failed(upstream, reason string)
}

// A Route sends the exchanges of one route to its backends.
type Route struct {
	balance  *balancer
	backends []*upstream
	retry    *retry
	observer Observer
}

// A Backend is an upstream's share of a route's requests.
type Backend struct {
	Upstream string
	Weight   int
}

// Route returns the calling side of a route. Every backend must name an upstream of the set.
func (s *Set) Route(backends []Backend, r *schema.Retry, o Observer) *Route {
	out := &Route{retry: newRetry(r, s.rand), observer: o}
	var weights []int
	for _, b := range backends {
		out.backends = append(out.backends, s.upstreams[b.Upstream])
		weights = append(weights, b.Weight)
	}
	out.balance = newBalancer(weights, s.rand())
	return out
}

// A Request is what a call needs beside the exchange.
type Request struct {
	// Trailer is announced to the endpoint; its values may be filled in until the body has been read.
	Trailer http.Header
	// Upgrade is the protocol that the client asks the connection to change to; it may be empty.
	Upgrade string
	// Trailers says that the client takes trailers.
	Trailers bool
}

// An Answer is an endpoint's answer. Its status, header and body are in the exchange.
type Answer struct {
	// Upstream and Endpoint are who answered, or failed last.
	Upstream, Endpoint string
	// Retries is how many tries there were after the first.
	Retries int

	response *http.Response
	ctx      context.Context
	cancel   context.CancelCauseFunc
}

// Do sends x.Request and fills in x.Response. The answer is never nil and must be closed; the error is a
// *[Failure].
func (r *Route) Do(x *exchange.Exchange, in Request) (*Answer, error) {
	a := &Answer{}
	choice := r.balance.pick()
	if choice < 0 {
		return a, &Failure{NoEndpoint, errors.New("the weights of all backends are zero")}
	}
	up := r.backends[choice]
	a.Upstream = up.name
	var tried *endpoint
	for {
		e := up.next(tried)
		if e == nil {
			return a, &Failure{NoEndpoint, errors.New("the weights of all endpoints are zero")}
		}
		tried, a.Endpoint = e, e.address
		body := newBody(x.Request.Body)
		response, failure := r.try(x, in, a, e, body)
		if failure != nil && failure.Reason != ClientGone {
			r.observer.Failed(up.name, failure.Reason)
		}
		if r.retry.again(x, a.Retries, response, failure) && body.takeBack() && r.retry.wait(x.Context, a.Retries) {
			if response != nil {
				discard(response.Body)
			}
			a.Close()
			a.Retries++
			r.observer.Retried(up.name)
			continue
		}
		if failure != nil {
			return a, failure
		}
		a.response = response
		fill(&x.Response, response)
		return a, nil
	}
}

// try sends the request to one endpoint.
func (r *Route) try(x *exchange.Exchange, in Request, a *Answer, e *endpoint, body *body) (*http.Response, *Failure) {
	a.ctx, a.cancel = x.Context, nil
	if limit := r.retry.perTry(); limit > 0 {
		ctx, cancel := context.WithCancelCause(x.Context)
		a.ctx, a.cancel = ctx, cancel
		// The bound is on the wait for an answer: once it has begun there is nothing left to try again.
		defer time.AfterFunc(limit, func() { cancel(errTryTimeout) }).Stop()
	}
	transport := e.any
	if in.Upgrade != "" {
		transport = e.http1
	}
	response, err := transport.RoundTrip(outgoing(a.ctx, x, in, e, body))
	if err != nil {
		return nil, classify(a.ctx, err)
	}
	if response.StatusCode < http.StatusSwitchingProtocols { // net/http takes any number
		response.Body.Close()
		return nil, &Failure{Other, fmt.Errorf("an answer with status %d", response.StatusCode)}
	}
	return response, nil
}

// discard reads a short body to its end, so that its connection can be used again.
func discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 16<<10) // an error shows on the connection's next use
	body.Close()
}

// Trailer returns the fields that come after the body: those that are announced, without values, until the body
// has been read, then all that came.
func (a *Answer) Trailer() http.Header {
	if a.response == nil {
		return nil
	}
	return a.response.Trailer
}

// Conn returns the connection of an answer with status 101.
func (a *Answer) Conn() (io.ReadWriteCloser, bool) {
	if a.response == nil {
		return nil, false
	}
	conn, ok := a.response.Body.(io.ReadWriteCloser)
	return conn, ok
}

// Upgrade returns the protocol that an answer with status 101 changes to.
func (a *Answer) Upgrade() string {
	if a.response == nil {
		return ""
	}
	return a.response.Header.Get("Upgrade")
}

// Failure says why reading the answer's body ended with err.
func (a *Answer) Failure(err error) *Failure { return classify(a.ctx, err) }

// Close ends the call and gives its connection back.
func (a *Answer) Close() {
	if a.response != nil {
		a.response.Body.Close()
	}
	if a.cancel != nil {
		a.cancel(context.Canceled)
		a.cancel = nil
	}
}
