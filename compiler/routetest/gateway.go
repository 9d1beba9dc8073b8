package routetest

import (
	"cmp"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/forward"
	"gwc.dev/runtime/limit"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// A gateway serves requests as gwproxy does with the same model.
type gateway struct {
	model     *schema.Gateway
	table     *route.Table
	trusted   []netip.Prefix
	redirects map[string]filter.Chain     // of the listeners that only redirect
	hosts     map[string]routing.Patterns // of the listeners
	callers   *callers
	space     *space.Space
	clock     time.Time // that rate limits go by
}

// An Outcome is what a request meets.
type Outcome struct {
	// Route is "api/route", and empty where no route takes the request.
	Route  string `json:"route,omitempty"`
	Status int    `json:"status"`
	// Reason is the gateway's for an answer of its own, and empty where a backend answers.
	Reason string `json:"reason,omitempty"`
	// Backends are those that may get the request.
	Backends []Share `json:"backends,omitempty"`
	// Limits names the windows that count the request.
	Limits []string `json:"limits,omitempty"`

	told     exchange.Header   // the request's, with what the gateway says about the client
	matched  bool              // the request came as far as the table
	outside  bool              // the answer is all that is known, and names no route
	header   exchange.Header   // of the answer
	body     string            // of the answer, where it is the gateway's own
	upstream *exchange.Request // nil: no backend gets it
	route    *route.Route
	written  *schema.Route // as the model has it, with nothing that stands in
	seen     int           // filters of the route's chain
}

// A Share is an upstream's part of a route's requests, in percent, to one decimal place.
type Share struct {
	Upstream string  `json:"upstream"`
	Percent  float64 `json:"percent"`
}

func newGateway(g *schema.Gateway, now time.Time) (*gateway, []schema.Problem) {
	gw := &gateway{model: g, redirects: map[string]filter.Chain{}, hosts: map[string]routing.Patterns{}, callers: newCallers(now), space: space.New(0), clock: now}
	model := gw.callers.standIn(g)
	deps := filter.Deps{
		Limits: limit.New(limit.Options{Now: func() time.Time { return gw.clock }}),
		Now:    func() time.Time { return now },
	}
	var problems []schema.Problem
	if gw.table, problems = route.Build(model, deps); len(problems) > 0 {
		return nil, problems
	}
	if gw.trusted, problems = forward.Trusted(model); len(problems) > 0 {
		return nil, problems
	}
	builder := filter.NewBuilder(model, deps)
	for name, l := range g.Listeners {
		gw.hosts[name] = routing.PatternsOf(l.Hosts)
		if l.Redirect == nil {
			continue
		}
		var found []schema.Problem
		gw.redirects[name], found = builder.Build(filter.Place{API: "listeners", Name: name, Route: redirecting(g, l.Redirect)})
		problems = append(problems, found...)
	}
	return gw, problems
}

// redirecting returns a route that answers as a listener does which only redirects.
func redirecting(g *schema.Gateway, r *schema.ListenerRedirect) *schema.Route {
	to := schema.Redirect{Scheme: "http", Port: cmp.Or(r.Port, 80), Status: r.Status}
	if g.Listeners[r.Listener].TLS != nil {
		to.Scheme, to.Port = "https", cmp.Or(r.Port, 443)
	}
	return &schema.Route{Redirect: &to}
}

// serve takes a request through listener, match and filters, with the credentials that its route looks for.
func (g *gateway) serve(r *request) *Outcome {
	// Every test takes one token of a bucket at the most, and none has fewer than one come back in this time.
	g.clock = g.clock.Add(limit.MaxPeriod)
	x := r.exchange()
	if r.target > g.model.Listeners[r.listener].Limits.Filled().URIBytes {
		x.Fail(http.StatusRequestURITooLong, "target-size", "The target is longer than allowed.")
		return answered(x)
	}
	path, ok := route.Normalize(x.Request.Path)
	if !ok {
		x.Fail(http.StatusBadRequest, "path-refused", "The request's path is not valid.")
		return answered(x)
	}
	x.Request.Path = path
	x.ID = "tested"
	forward.Peer{Address: x.Client, Via: "1.1 gwproxy"}.Tell(x, g.trusted)
	if chain := g.redirects[r.listener]; chain != nil {
		chain.Request(x)
		out := answered(x)
		out.Reason = "listener-redirect"
		return out
	}
	told := slices.Clone(x.Request.Header)
	out := g.route(x, r)
	out.told = told
	out.matched = g.table.Serves(r.listener, r.host)
	return out
}

// route finds out which route takes a request, and has it do so.
func (g *gateway) route(x *exchange.Exchange, r *request) *Outcome {
	found := g.present(x, r)
	if found == nil {
		x.Fail(http.StatusNotFound, "no-route", "No route takes this request.")
		return answered(x)
	}
	if g.table.Ambiguous(r.listener, &x.Request, found) {
		x.Fail(http.StatusBadRequest, "path-ambiguous", "The request's path can be read as that of another resource.")
		return answered(x)
	}
	return g.visit(x, found, r.answer)
}

// present matches the request with the credentials that the route looks for. They are fields like others: with them
// the request may be another route's, which may look for them elsewhere.
func (g *gateway) present(x *exchange.Exchange, r *request) *route.Route {
	const rounds = 4
	plain := x.Request
	found := g.table.Match(r.listener, &x.Request)
	for range rounds {
		if found == nil {
			break
		}
		x.Request = plain
		x.Request.Header = slices.Clone(plain.Header)
		g.callers.present(&x.Request, g.model.APIs[found.API].Routes[found.Name].Auth, r)
		before := found
		if found = g.table.Match(r.listener, &x.Request); found == before {
			break
		}
	}
	return found
}

// visit runs the filters of the route that takes a request, and stands in for its backend, which answers with some fields.
func (g *gateway) visit(x *exchange.Exchange, r *route.Route, fields exchange.Header) *Outcome {
	seen, done := r.Chain.Request(x)
	var upstream *exchange.Request
	if !done {
		sent := x.Request
		sent.Header = slices.Clone(sent.Header)
		upstream = &sent
		x.Response = exchange.Response{Status: http.StatusOK, Header: slices.Clone(fields)}
	}
	r.Chain.Response(x, seen)
	out := answered(x)
	out.Route, out.route, out.seen, out.upstream = r.API+"/"+r.Name, r, seen, upstream
	written := g.model.APIs[r.API].Routes[r.Name]
	out.written = &written
	if upstream != nil {
		out.Backends = shares(r.Backends)
	}
	for _, f := range r.Chain[:seen] {
		if filter.Name(f) == "rateLimit" {
			for name := range schema.Sorted(r.Route.RateLimit.Windows) {
				out.Limits = append(out.Limits, name)
			}
		}
	}
	return out
}

func answered(x *exchange.Exchange) *Outcome {
	out := &Outcome{Status: x.Response.Status, Reason: x.Reason, header: x.Response.Header}
	if x.Response.Body != nil {
		body, _ := io.ReadAll(x.Response.Body) // of a text
		out.body = string(body)
	}
	return out
}

func shares(backends []route.Backend) []Share {
	sum := 0
	for _, b := range backends {
		sum += b.Weight
	}
	var out []Share
	for _, b := range backends {
		out = append(out, Share{b.Upstream, rounded(100 * float64(b.Weight) / float64(sum))})
	}
	return out
}

// String says what happened, in a few words.
func (o *Outcome) String() string {
	text := "status " + strconv.Itoa(o.Status)
	switch {
	case o.Route != "":
		text = "route " + o.Route + ", " + text
	case !o.outside:
		text = "no route, " + text
	}
	if o.Reason != "" {
		text += " " + o.Reason
	}
	return text
}
