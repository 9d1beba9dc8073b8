package runtime

import (
	"fmt"
	"net"
	"net/netip"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/forward"
	"gwc.dev/runtime/metric"
	"gwc.dev/runtime/route"
	"gwc.dev/runtime/secret"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// A generation is all that requests are served by: one bundle, built. It never changes.
type generation struct {
	bundle *bundle.Bundle
	data   []byte
	origin string
	since  time.Time

	table     *route.Table
	routes    map[*route.Route]*servedRoute
	listeners map[string]*listener // by socket key
	trusted   []netip.Prefix
	upstreams *upstream.Set
	metrics   *metric.Table
	isolated  []Isolated
	secrets   *secret.Set
}

// A servedRoute is what the server needs of a route beside its filters.
type servedRoute struct {
	api, name string
	model     *schema.Route
	metrics   *metric.Route
	call      *upstream.Route // nil: the route answers by itself
	timeout   time.Duration
	maxBody   int // bytes; 0: any
}

// A listener is one listener of a model.
type listener struct {
	name     string
	address  string
	tls      *session // nil: it speaks no TLS
	redirect *redirect
	limits   schema.ListenerLimits
	// clientCerts says what is asked of clients' certificates; nil: none are.
	clientCerts *schema.ClientCertificates
}

// A redirect is a listener's answer to everything.
type redirect struct {
	scheme string
	port   string // ":8443", or "" for the scheme's own
	status int
}

// build makes the generation of a bundle. It reports all problems; with any of them there is no generation.
func (s *Server) build(b *bundle.Bundle) (*generation, []schema.Problem) {
	model := b.Gateway.Resolve()
	resolved := *b
	resolved.Gateway = model // one copy is enough to keep
	g := &generation{
		bundle: &resolved, routes: map[*route.Route]*servedRoute{}, metrics: s.metrics.Stage(),
		secrets: s.secrets.Stage(),
	}
	var problems, found []schema.Problem
	g.listeners, problems = s.buildListeners(model, g.secrets)
	g.trusted, found = forward.Trusted(model)
	problems = append(problems, found...)
	deps := filter.Deps{
		Secrets: g.secrets, Limits: s.limits, Keys: s.keys, Now: s.o.Clock,
		Count: func(event, api, route, label string) func() {
			return g.metrics.Route(api, route).Counter(event, label)
		},
	}
	g.upstreams, found = s.pool.Build(model, g.secrets)
	if s.o.Isolate {
		g.isolated, found = s.isolate(g, b, deps, found)
	} else {
		problems = append(problems, found...)
		g.table, found = route.BuildResolved(model, deps)
	}
	if len(g.isolated) == 0 {
		resolved.Positions = nil // there is nothing to tell of any more
	}
	if problems = append(problems, found...); len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b schema.Problem) int { return strings.Compare(string(a.Path), string(b.Path)) })
		return nil, problems
	}
	for i, r := range g.table.Routes() {
		if i%64 == 0 {
			goruntime.Gosched() // requests first, as in route.Build
		}
		served := &servedRoute{
			api: r.API, name: r.Name, model: r.Route, metrics: g.metrics.Route(r.API, r.Name), timeout: r.Route.Timeout.Std(),
			maxBody: r.Route.MaxBodyBytes,
		}
		if len(r.Backends) > 0 {
			backends := make([]upstream.Backend, len(r.Backends))
			for i, b := range r.Backends {
				backends[i] = upstream.Backend(b)
			}
			served.call = g.upstreams.Route(backends, r.Route.Retry, served.metrics)
		}
		g.routes[r] = served
	}
	return g, nil
}

// buildListeners returns the model's listeners by the key of their socket.
func (s *Server) buildListeners(model *schema.Gateway, secrets *secret.Set) (map[string]*listener, []schema.Problem) {
	var problems []schema.Problem
	out := make(map[string]*listener, len(model.Listeners))
	for name, def := range schema.Sorted(model.Listeners) {
		l := &listener{name: name, address: ":" + strconv.Itoa(def.Port)}
		if address, ok := s.o.Listen[name]; ok {
			l.address = address
		}
		if other := out[l.key()]; other != nil {
			problems = append(problems, schema.Problem{
				Path: schema.NewPath("listeners", name, "port"), Code: "listener-port",
				Message: fmt.Sprintf("listeners %q and %q have the same address %q", other.name, name, l.address),
				Hint:    "give each listener a port of its own",
			})
			continue
		}
		var found []schema.Problem
		if l.tls, found = buildTLS(name, def.TLS, secrets); len(found) > 0 {
			problems = append(problems, found...)
		}
		if def.TLS != nil {
			l.clientCerts = def.TLS.ClientCertificates
		}
		l.limits = def.Limits.Filled()
		if def.Redirect != nil {
			// That the other one is there is for route.Build to say.
			l.redirect = newRedirect(def.Redirect, model.Listeners[def.Redirect.Listener])
		}
		out[l.key()] = l
	}
	return out, problems
}

// key names the socket that serves l. A port that the system chooses is a socket a listener.
func (l *listener) key() string {
	if strings.HasSuffix(l.address, ":0") {
		return l.name + " " + l.address
	}
	return l.address
}

func newRedirect(r *schema.ListenerRedirect, target schema.Listener) *redirect {
	out := &redirect{scheme: "http", status: r.Status}
	own := 80
	if target.TLS != nil {
		out.scheme, own = "https", 443
	}
	if r.Port != 0 && r.Port != own {
		out.port = ":" + strconv.Itoa(r.Port)
	}
	return out
}

// answer fills in x.Response with the way to the other listener.
func (r *redirect) answer(x *exchange.Exchange) {
	if x.Request.Host == "" {
		x.Fail(400, "host-missing", "The request names no host.")
		return
	}
	host := x.Request.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	location := r.scheme + "://" + host + r.port + x.Request.Path
	if x.Request.Query != "" {
		location += "?" + x.Request.Query
	}
	x.Answer(r.status, "", "")
	x.Response.Header.Add("Location", location)
	x.Reason = "listener-redirect"
}

// reasonOf returns the innermost reason of a network error: "address already in use" and not three addresses.
func reasonOf(err error) error {
	if op, ok := err.(*net.OpError); ok && op.Err != nil { //nolint:errorlint // only the outermost repeats the address
		return op.Err
	}
	return err
}
