package routetest

import (
	"time"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A Gateway says what gwproxy answers with a model: to callers whom nobody knows, over connections of their own.
type Gateway struct{ gateway *gateway }

// NewGateway returns the gateway of a resolved model, or what keeps the model from being served.
func NewGateway(g *schema.Gateway, now time.Time) (*Gateway, []schema.Problem) {
	gw, problems := newGateway(g, now)
	if len(problems) > 0 {
		return nil, problems
	}
	return &Gateway{gw}, nil
}

// An Answer is what a request gets.
type Answer struct {
	*Outcome
	Header exchange.Header
	Body   string
	// Passed is that a backend answers, where it can be reached. Status and Body are none then, and Header is what becomes of
	// the backend's.
	Passed bool
}

// Answer returns what a request gets at a listener. Whatever backend it comes to answers 200 with the fields of backend.
func (g *Gateway) Answer(listener string, in *space.Request, backend exchange.Header) Answer {
	l := g.gateway.model.Listeners[listener]
	r := request{
		listener: listener, method: in.Method, scheme: "http", host: in.Host, authority: in.Host, path: in.Path, query: in.RawQuery(),
		client: someone(), answer: backend,
	}
	if l.TLS != nil {
		r.scheme = "https"
	}
	for _, f := range in.Header {
		r.header.Add(f.Name, f.Value)
	}
	out := g.gateway.serve(&r)
	answer := Answer{Outcome: out, Header: out.header, Body: out.body, Passed: out.upstream != nil}
	if answer.Passed {
		answer.Body = ""
	}
	return answer
}

// Written returns the route that took the request, as the model has it; nil: none did.
func (a *Answer) Written() *schema.Route { return a.written }
