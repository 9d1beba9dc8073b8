// Package explain says what becomes of a request, and why.
//
//	r, err := explain.Read("GET", "https://api.example.com/echo", []string{"x-api-version: v2"}, "192.0.2.1")
//	e, err := explain.Of(env.Model, env.Positions, r)
//	err = e.Write(os.Stdout, "text")
//
// The match table is the one that package runtime/route builds, and the filters are those of runtime/filter, which say
// themselves what they do: nothing is described here a second time. Of what only a running proxy knows, credentials and
// counts, it is presumed that they let the request pass.
package explain

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/forward"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// An Explanation says what becomes of a request.
type Explanation struct {
	Method string `json:"method"`
	URL    string `json:"url"` // with the path in normal form
	Ways   []*Way `json:"ways"`
}

// A Way is what becomes of it at some listeners.
type Way struct {
	Listeners []string `json:"listeners"`
	Route     string   `json:"route,omitempty"` // "api/route"
	Position  string   `json:"position,omitempty"`
	Announced bool     `json:"announced,omitempty"` // told apart by the method that a preflight announces
	Others    []Other  `json:"others,omitempty"`
	MaxBody   int      `json:"maxBodyBytes,omitempty"`
	Filters   []Step   `json:"filters,omitempty"`
	// Answer is the gateway's own; empty: a backend answers.
	Answer   string    `json:"answer,omitempty"`
	Backends []Backend `json:"backends,omitempty"`
	Upstream *Upstream `json:"upstream,omitempty"`
	Timeout  string    `json:"timeout,omitempty"`
	Retry    string    `json:"retry,omitempty"`

	redirects bool // whatever the request is
}

// An Other is a route that lost.
type Other struct {
	Route    string `json:"route"`
	Position string `json:"position"`
	Lost     string `json:"lost"`
}

// A Step is a filter on the way.
type Step struct {
	Filter string `json:"filter"`
	Does   string `json:"does"`
}

// A Backend is where some of such requests go.
type Backend struct {
	Upstream  string   `json:"upstream"`
	Percent   float64  `json:"percent"`
	Endpoints []string `json:"endpoints"` // those in use
}

// An Upstream is what of the request the backend sees changed.
type Upstream struct {
	Path string `json:"path"`
	Host string `json:"host"`
}

// Taken reports whether a route takes the request at one of the listeners, or one sends it to another.
func (e *Explanation) Taken() bool {
	return slices.ContainsFunc(e.Ways, func(w *Way) bool { return w.Route != "" || w.redirects })
}

// Of follows a request through every listener of a resolved model that it may come in at. Listeners that do the same
// with it are one way.
func Of(model *schema.Gateway, at diag.Locator, r *Request) (*Explanation, error) {
	table, problems := route.Build(model, filter.Deps{})
	trusted, found := forward.Trusted(model)
	if problems = append(problems, found...); len(problems) > 0 {
		return nil, fmt.Errorf("the proxy refuses this environment: %s (run gwc vet)", problems[0].Message)
	}
	listeners, err := r.listeners(model)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Method: r.x.Request.Method, URL: r.x.Request.Scheme + "://" + r.x.Request.Authority + target(&r.x.Request)}
	f := follower{model, at, table}
	for _, name := range listeners {
		l := model.Listeners[name]
		if most := l.Limits.Filled().URIBytes; r.target > most {
			out.add(name, &Way{Answer: fmt.Sprintf("the path and query have %d bytes, and the listener takes %d: 414", r.target, most)})
			continue
		}
		if l.Redirect != nil {
			out.add(name, &Way{redirects: true, Answer: fmt.Sprintf(
				"the listener redirects every request to listener %s with %d", l.Redirect.Listener, l.Redirect.Status)})
			continue
		}
		x := r.exchange()
		peer := forward.Peer{Address: x.Client, Via: "1.1 gwproxy"}
		if l.TLS != nil {
			peer.Certificates = l.TLS.ClientCertificates
		}
		peer.Tell(x, trusted)
		out.add(name, f.follow(name, x))
	}
	return out, nil
}

// add adds what happens at a listener to what is known.
func (e *Explanation) add(listener string, w *Way) {
	for _, known := range e.Ways {
		if known.same(w) {
			known.Listeners = append(known.Listeners, listener)
			return
		}
	}
	w.Listeners = []string{listener}
	e.Ways = append(e.Ways, w)
}

// A follower follows requests.
type follower struct {
	model *schema.Gateway
	at    diag.Locator
	table *route.Table
}

// follow follows a request at one listener, as the runtime's visit does.
func (f *follower) follow(listener string, x *exchange.Exchange) *Way {
	w := &Way{}
	if !f.table.Serves(listener, x.Request.Host) {
		w.Answer = fmt.Sprintf("the listener does not serve host %q: 404", x.Request.Host)
		return w
	}
	found := f.table.Match(listener, &x.Request)
	contenders, announced := f.table.Contenders(listener, &x.Request)
	w.Announced = announced
	for _, c := range contenders {
		if c.Lost != "" {
			w.Others = append(w.Others, Other{Route: name(c.Route), Position: f.position(c.Route), Lost: c.Lost})
		}
	}
	if found == nil {
		w.Answer = "no route takes the request: 404"
		if len(contenders) == 0 {
			w.Answer = "no route is for its host and path: 404"
		}
		return w
	}
	if f.table.Ambiguous(listener, &x.Request, found) {
		w.Others = slices.Insert(w.Others, 0, Other{Route: name(found), Position: f.position(found),
			Lost: "a backend may read the path as one that is not this route's"})
		w.Answer = "the path can be read in several ways that lead to different routes: 400"
		return w
	}
	w.Route, w.Position, w.MaxBody = name(found), f.position(found), found.Route.MaxBodyBytes
	for _, each := range found.Chain {
		if d, ok := each.(filter.Describer); ok {
			w.Filters = append(w.Filters, Step{Filter: string(filter.Name(each)), Does: d.Describe(x)})
		}
		if p, ok := each.(filter.Presumer); ok {
			p.Presume(x)
		} else if each.Request(x) {
			w.Answer = fmt.Sprintf("the gateway answers %d itself", x.Response.Status)
			return w
		}
	}
	f.goes(w, found, x)
	return w
}

// goes says where a request goes that no filter has answered.
func (f *follower) goes(w *Way, found *route.Route, x *exchange.Exchange) {
	total := 0
	for _, b := range found.Backends {
		total += b.Weight
	}
	for _, b := range found.Backends {
		share := Backend{Upstream: b.Upstream, Percent: 100 * float64(b.Weight) / float64(total), Endpoints: []string{}}
		for _, e := range schema.Sorted(f.model.Upstreams[b.Upstream].Endpoints) {
			if e.Weight > 0 {
				share.Endpoints = append(share.Endpoints, net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
			}
		}
		w.Backends = append(w.Backends, share)
	}
	if len(w.Backends) == 0 {
		w.Answer = "the route has no backend in use: 503"
		return
	}
	w.Upstream = &Upstream{Path: target(&x.Request), Host: x.Request.Authority}
	if found.Route.Timeout > 0 {
		w.Timeout = found.Route.Timeout.String()
	}
	w.Retry = retries(found.Route.Retry, x.Request.Method)
}

// retries says when a request of a method is sent once more; "": never.
func retries(r *schema.Retry, method string) string {
	if r == nil || r.Disabled {
		return ""
	}
	on := r.On
	if !slices.Contains(r.Methods, method) { // only what has not left for a backend
		on = slices.DeleteFunc(slices.Clone(on), func(on string) bool { return on != "connect-failure" })
	}
	if len(on) == 0 {
		return ""
	}
	return fmt.Sprintf("up to %d more on %s", r.Attempts, strings.Join(on, ", "))
}

func name(r *route.Route) string { return r.API + "/" + r.Name }

func (f *follower) position(r *route.Route) string { return f.at.Position(r.Path()).String() }

// target returns a request's path and query.
func target(r *exchange.Request) string {
	if r.Query == "" {
		return r.Path
	}
	return r.Path + "?" + r.Query
}
