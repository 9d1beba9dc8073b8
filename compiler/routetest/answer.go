package routetest

import (
	"time"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A Gateway says what gwproxy answers with a model, over connections of their own, to callers whom nobody knows or who have
// what a route asks for.
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

// A Caller is a consumer who has an API key, or whoever a token says so much of. The zero value is nobody.
type Caller struct {
	Consumer string
	Claims   map[string]schema.JSON // nil: there is no token
}

// Nobody reports whether there is no caller that a route could know.
func (c Caller) Nobody() bool { return c.Consumer == "" && c.Claims == nil }

// Answer returns what a request of a caller gets at a listener. Whatever backend it comes to answers 200 with the fields of
// backend.
func (g *Gateway) Answer(listener string, in *space.Request, caller Caller, backend exchange.Header) Answer {
	l := g.gateway.model.Listeners[listener]
	r := request{
		listener: listener, method: in.Method, scheme: "http", host: in.Host, authority: in.Host, path: in.Path, query: in.RawQuery(),
		client: someone(), consumer: caller.Consumer, claims: caller.Claims, answer: backend,
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

// Admitted returns a caller whom the route that took a request lets pass and whose credentials are known; nobody, if the route
// asks for no caller or none is known.
func (g *Gateway) Admitted(a *Answer, known *Credentials) Caller {
	auth := a.asks()
	caller := g.gateway.admitted(auth, func(consumer schema.Consumer) bool {
		ref := keyRef(consumer)
		if ref == "" || known.Keys == nil {
			return false
		}
		_, err := known.Keys(ref)
		return err == nil
	})
	if caller.Claims != nil && known.Signers[auth.JWT.Issuer] == nil {
		return Caller{}
	}
	return caller
}

// Show returns the fields with which a caller shows the route that took a request what it looks for. False: that is not
// known.
func (g *Gateway) Show(a *Answer, caller Caller, known *Credentials) (exchange.Header, bool) {
	r := request{consumer: caller.Consumer, claims: caller.Claims}
	if known.lacks(&r, a.asks(), g.gateway.model) != "" || known.present(&r, a.asks(), g.gateway.model) != nil {
		return nil, false
	}
	return r.header, true
}

// asks returns how the route that took a request asks who calls; nil: it does not.
func (a *Answer) asks() *schema.Auth {
	if a.written == nil || a.written.Auth == nil || a.written.Auth.Disabled {
		return nil
	}
	return a.written.Auth
}
