package upstream

import (
	"errors"
	"io"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
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

// A Request is what a call needs beside the exchange. The zero value works.
type Request struct {
	// Client is whom the call is for; nil: nobody who might go.
	Client http1.Client
	// Upgrade is the protocol that the client asks the connection to change to; it may be empty.
	Upgrade string
	// Trailers says that the client takes trailer fields.
	Trailers bool
	// Announce is the list of trailer fields that may follow the request's body, and Trailer has them once it has
	// been read; nil: none.
	Announce string
	Trailer  http1.Trailer
	// Timeout bounds the time until the answer is whole, retries included: from the request's last byte on, and
	// while nothing of its body has been sent. Every wait for an endpoint to take more of the body has the same
	// bound. 0: none.
	Timeout time.Duration
}

var errSpent = errors.New("the time for the answer was spent on tries without one")

// Do sends x.Request and fills in x.Response; nil: there is an answer. a is the caller's memory, zero at the start,
// and has to be closed either way.
func (r *Route) Do(x *exchange.Exchange, in *Request, a *Answer) *Failure {
	a.ctx = x.Context
	choice := r.balance.pick()
	if choice < 0 {
		return &Failure{NoEndpoint, errors.New("the weights of all backends are zero")}
	}
	path, authority := x.Request.Path, x.Request.Authority
	x.Request.Path = target(x, path)
	failure := r.tries(x, in, a, r.backends[choice])
	x.Request.Path, x.Request.Authority = path, authority
	if failure != nil { // there may be a part of an answer
		x.Response = exchange.Response{Header: x.Response.Header[:0]}
	}
	return failure
}

// target returns a path as it goes out. One that begins with two slashes would be read as an authority, and one
// without any might be as an absolute URI.
func target(x *exchange.Exchange, path string) string {
	switch {
	case path == "*":
		return path
	case path == "" || path[0] != '/':
		return x.Text.Concat("/", path)
	}
	for len(path) > 1 && path[1] == '/' {
		path = path[1:]
	}
	return path
}

// tries sends the request to endpoints of up until there is an outcome that stands.
func (r *Route) tries(x *exchange.Exchange, in *Request, a *Answer, up *upstream) *Failure {
	a.Upstream = up.name
	anyHost := x.Request.Authority == ""
	began := time.Now()
	var tried *endpoint
	for {
		e := up.next(tried)
		if e == nil {
			return &Failure{NoEndpoint, errors.New("the weights of all endpoints are zero")}
		}
		tried, a.Endpoint = e, e.address
		if anyHost {
			x.Request.Authority = e.address
		}
		a.unsent = false
		failure := r.try(x, in, a, e, began)
		if failure != nil && failure.blames() {
			r.observer.Failed(up.name, failure.Reason)
		}
		if !r.again(x, in, a, failure, began) {
			return failure
		}
		if failure == nil {
			discard(x.Response.Body)
			a.Close()
		}
		a.Retries++
		r.observer.Retried(up.name)
	}
}

// again decides whether there is another try, and waits for its time to come. A body is read from the client once:
// it can be sent again only if it never was.
func (r *Route) again(x *exchange.Exchange, in *Request, a *Answer, failure *Failure, began time.Time) bool {
	if !r.retry.again(x, a.Retries, failure) || x.Request.Body != nil && !a.unsent {
		return false
	}
	left := time.Duration(0)
	if in.Timeout > 0 {
		if left = in.Timeout - time.Since(began); left <= 0 {
			return false
		}
	}
	return r.retry.wait(x.Context, in.Client, a.Retries, left)
}

// discard reads what has come of a body, so that its connection can be used again if that is all. It waits for
// nothing.
func discard(body io.Reader) {
	come, ok := body.(interface{ Ready() bool })
	if !ok {
		return
	}
	buf := make([]byte, 4<<10)
	for come.Ready() {
		if _, err := body.Read(buf); err != nil {
			return
		}
	}
}

// try sends the request to one endpoint. An idle connection that had ended is not held against anybody: a new one
// takes its place.
func (r *Route) try(x *exchange.Exchange, in *Request, a *Answer, e *endpoint, began time.Time) *Failure {
	o := http1.CallOptions{
		Client: in.Client, Upgrade: in.Upgrade, Trailers: in.Trailers, Announce: in.Announce, Trailer: in.Trailer,
		HeadTimeout: r.retry.perTry(),
	}
	for {
		if in.Timeout > 0 {
			if o.Timeout = in.Timeout - time.Since(began); o.Timeout <= 0 {
				a.unsent = true
				return &Failure{Timeout, errSpent}
			}
		}
		failed := e.call(x, &o, a)
		if failed == nil {
			return nil
		}
		if !failed.Stale || o.Fresh {
			a.unsent = !failed.Dialled
			return classifyCall(x, failed)
		}
		o.Fresh = true
	}
}
