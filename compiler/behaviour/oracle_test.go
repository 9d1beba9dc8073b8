package behaviour_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/forward"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// What becomes of a request, by the match table and by what stands at its route, without a word of package behaviour.

// A world is a gateway as it serves.
type world struct {
	model   *schema.Gateway
	table   *route.Table
	trusted []netip.Prefix
	static  map[*route.Route]map[string]string // the parts of routes that do not depend on the request, by their names
}

func newWorld(t testing.TB, g *schema.Gateway) *world {
	t.Helper()
	w := &world{model: g.Resolve(), static: map[*route.Route]map[string]string{}}
	var problems []schema.Problem
	if w.table, problems = route.BuildResolved(w.model, filter.Deps{}); len(problems) > 0 {
		data, _ := g.Encode()
		t.Fatalf("%v\n%s", problems[0].Error(), data)
	}
	if w.trusted, problems = forward.Trusted(w.model); len(problems) > 0 {
		t.Fatal(problems[0].Error())
	}
	for _, r := range w.table.Routes() {
		w.static[r] = staticParts(w.model, r.Route)
	}
	return w
}

// An outcome is what becomes of one request.
type outcome struct {
	route     *route.Route // nil: none
	preflight bool         // the route's CORS answers it
	asked     string       // the method, of a preflight the one that is announced
	parts     map[string]string
}

func (o outcome) name() string {
	if o.route == nil {
		return "none"
	}
	return o.route.API + "/" + o.route.Name
}

// A somebody is who sends a request: an address, or with told fields the gateway, which says what is in them.
type somebody struct {
	address string
	told    []string
}

// nobody is a client that no gateway trusts.
var nobody = somebody{address: "198.51.100.9"}

func (w *world) outcome(listener string, r *space.Request, by somebody) outcome {
	x := &exchange.Exchange{ID: "1", Request: exchange.Request{Host: r.Host, Authority: r.Host, Method: r.Method, Path: r.Path, Query: r.RawQuery(), Scheme: "http"}}
	if w.model.Listeners[listener].TLS != nil {
		x.Request.Scheme = "https"
	}
	for _, f := range r.Header {
		x.Request.Header.Add(f.Name, f.Value)
	}
	forward.Peer{Address: netip.MustParseAddr(by.address), Via: "1.1 gwproxy"}.Tell(x, w.trusted)
	for _, name := range by.told {
		x.Request.Header.Del(name)
		for _, f := range r.Header {
			if f.Name == name {
				x.Request.Header.Add(name, f.Value)
			}
		}
	}
	found := w.table.Match(listener, &x.Request)
	if found == nil {
		return outcome{}
	}
	out := outcome{route: found, asked: r.Method, parts: maps.Clone(w.static[found])}
	if announced, ok := filter.Preflight(&x.Request); ok && found.Route.CORS != nil {
		out.preflight, out.asked = true, announced
	}
	for _, f := range found.Chain {
		if d, ok := f.(filter.Describer); ok && filter.Name(f) == "redirect" {
			out.parts["redirect"] = d.Describe(x)
			x.Request.Authority += ":8123"
			out.parts["redirect"] += d.Describe(x)
		}
	}
	return out
}

// differ returns the parts in which two outcomes of one request differ.
func differ(a, b outcome, path string) []string {
	switch {
	case a.route == nil && b.route == nil:
		return nil
	case a.route == nil || b.route == nil || a.preflight != b.preflight:
		return []string{"answer"}
	}
	var out []string
	call := a.parts["calls"] == `"yes"` && b.parts["calls"] == `"yes"`
	for name := range a.parts {
		field, _, _ := strings.Cut(name, ".")
		switch {
		case a.parts[name] == b.parts[name], name == "calls", a.preflight && name != "cors" && name != "headers.response":
		case name == "auth.names" && (a.parts[name] == "null" || b.parts[name] == "null"):
		case slices.Contains([]string{"auth.forward", "headers.request", "timeout", "rewrite"}, name) && !call:
		default:
			out = append(out, field)
		}
	}
	if pagesMay(a, b) {
		out = append(out, "cors")
	}
	if !a.preflight {
		if call && retries(a) != retries(b) {
			out = append(out, "retry")
		}
		if call && put(a, path) != put(b, path) {
			out = append(out, "rewrite")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pagesMay reports whether two routes with CORS let pages use different methods.
func pagesMay(a, b outcome) bool {
	was, is := a.route.Route, b.route.Route
	if was.CORS == nil || is.CORS == nil {
		return false
	}
	lists := func(r *schema.Route) []string {
		if len(r.CORS.Origins) == 0 {
			return nil
		}
		list := r.CORS.Methods
		if len(list) == 0 && r.Match != nil {
			list = r.Match.Methods
		}
		if len(list) == 0 {
			list = []string{"GET", "HEAD", "POST"}
		}
		return slices.Compact(slices.Sorted(slices.Values(list)))
	}
	if len(was.CORS.Methods)+len(is.CORS.Methods) > 0 {
		return !slices.Equal(lists(was), lists(is))
	}
	if len(was.Match.Methods)+len(is.Match.Methods) == 0 {
		return false
	}
	return slices.Contains(lists(was), a.asked) != slices.Contains(lists(is), b.asked)
}

func retries(o outcome) string {
	r := o.route.Route.Retry
	if r == nil {
		return fmt.Sprint(schema.Duration(0))
	}
	var on []string
	for _, why := range r.On {
		if why == "timeout" && r.PerTryTimeout == 0 || why[0] == '5' && why != "5xx" && slices.Contains(r.On, "5xx") {
			continue
		}
		if why == "connect-failure" || slices.Contains(r.Methods, o.asked) {
			on = append(on, why)
		}
	}
	if len(on) == 0 {
		return fmt.Sprint(r.PerTryTimeout)
	}
	slices.Sort(on)
	return fmt.Sprint(slices.Compact(on), r.Attempts, r.PerTryTimeout, r.Backoff)
}

func put(o outcome, path string) string {
	if w := o.route.Route.Rewrite; w != nil {
		return replaced(o.route.Route.Match, w.Prefix, w.Full, path)
	}
	return path
}

func replaced(m *schema.Match, prefix, full, path string) string {
	switch {
	case full != "":
		return full
	case prefix == "":
		return path
	}
	matched, _ := schema.NormalizePath(m.Path.Prefix)
	rest := strings.TrimPrefix(path, strings.TrimSuffix(matched, "/"))
	return cmp.Or(strings.TrimSuffix(prefix, "/")+rest, "/")
}

// staticParts returns the fields of a resolved route in one form, with names removed.
func staticParts(g *schema.Gateway, r *schema.Route) map[string]string {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		panic(err)
	}
	delete(fields, "match")
	delete(fields, "description")
	delete(fields, "retry")
	delete(fields, "redirect") // says itself where it leads
	for _, part := range []struct{ field, path string }{{"rewrite", "prefix"}, {"rewrite", "full"}, {"cors", "methods"}, {"cors", "origins"}} {
		if of, ok := fields[part.field].(map[string]any); ok {
			delete(of, part.path)
		}
	}
	if rewrite, ok := fields["rewrite"].(map[string]any); ok && len(rewrite) == 0 {
		delete(fields, "rewrite")
	}
	if r.RateLimit != nil {
		var windows []string
		for _, w := range r.RateLimit.Windows {
			w.Scope = ""
			if w.By != "header" {
				w.Header = ""
			}
			if w.By == "consumer" && r.Auth == nil {
				w.By = "ip"
			}
			windows = append(windows, fmt.Sprintf("%+v", w))
		}
		slices.Sort(windows)
		fields["rateLimit"] = windows
	}
	if r.CORS != nil { // without anything in it, it refuses all pages
		is := fields["cors"]
		if len(r.CORS.Origins) == 0 {
			is = nil
		}
		fields["cors"] = map[string]any{"is": is, "there": "yes", "origins": letIn(r.CORS.Origins)}
	}
	if len(r.Backends) > 0 {
		fields["backends"] = shares(g, r.Backends)
	}
	if r.Auth != nil {
		auth := fields["auth"].(map[string]any)
		delete(auth, "allow")
		auth["callers"] = callersOf(g, r.Auth)
		if countsConsumers(r) && r.Auth.JWT != nil { // who shows a key shares limits with tokens of the name
			fields["auth.names"] = named(g, r.Auth)
		}
		forward := []any{}
		for _, way := range []string{"apiKey", "jwt"} {
			if of, ok := auth[way].(map[string]any); ok {
				forward = append(forward, way, of["forward"])
				if way == "jwt" || r.Redirect == nil || r.Auth.APIKey.Query == "" {
					delete(of, "forward")
				}
			}
		}
		fields["auth.forward"] = forward
		if token, ok := auth["jwt"].(map[string]any); ok {
			allow := schema.Allow{}
			if r.Auth.Allow != nil {
				allow = *r.Auth.Allow
			}
			if len(allow.Groups) == 0 {
				delete(token, "groupsClaim")
			}
			if len(allow.Consumers) == 0 && (len(allow.Groups) == 0 || r.Auth.JWT.GroupsClaim != "") && !countsConsumers(r) {
				delete(token, "consumerClaim")
			}
		}
	}
	if r.Headers != nil {
		fields["headers.request"], fields["headers.response"] = changesOf(r.Headers.Request), changesOf(r.Headers.Response)
	}
	if r.Respond != nil && r.Respond.Body != "" {
		answer := fields["respond"].(map[string]any)
		header, _ := answer["headers"].(map[string]any)
		if header == nil {
			header = map[string]any{}
		}
		if header["Content-Type"] == nil {
			header["Content-Type"] = "text/plain; charset=utf-8"
		}
		answer["headers"] = header
	}
	fields["calls"] = "no"
	for name, b := range r.Backends {
		for _, e := range g.Upstreams[name].Endpoints {
			if b.Weight > 0 && e.Weight > 0 {
				fields["calls"] = "yes"
			}
		}
	}
	out := map[string]string{}
	for _, name := range []string{"auth", "auth.forward", "auth.names", "calls", "rateLimit", "cors", "headers.request", "headers.response", "timeout", "maxBodyBytes", "backends", "rewrite", "redirect", "respond"} {
		text, err := json.Marshal(plain(fields[name]))
		if err != nil {
			panic(err)
		}
		out[name] = string(text)
	}
	return out
}

// plain sorts lists and writes names in lower case: none of those here is told apart by it.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]string, len(v))
		for i, e := range v {
			out[i] = strings.ToLower(fmt.Sprint(e))
		}
		return slices.Compact(slices.Sorted(slices.Values(out)))
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			if e = plain(e); e != nil {
				out[strings.ToLower(name)] = e
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case string:
		return strings.ToLower(v)
	}
	return v
}

// letIn returns those of some origins of pages that are let in, of which each pattern here takes others.
func letIn(origins []string) (out []any) {
	for _, page := range []string{"https://a.test", "https://x.b.test", "https://y.b.test", "https://b.test", "https://z.test", "http://a.test:81", "null"} {
		for _, o := range origins {
			before, after, wild := strings.Cut(o, "*")
			switch {
			case o == "*":
				return []any{"*"}
			case o == page, wild && strings.HasPrefix(page, before) && strings.HasSuffix(page, after) && len(page) > len(o)-1:
				out = append(out, page)
			}
		}
	}
	return out
}

// changesOf returns what becomes of each field: whether the values that come go, and those that are there then.
func changesOf(c *schema.HeaderChange) any {
	out := map[string]any{}
	if c == nil {
		return out
	}
	for _, name := range []string{"x-a", "x-b", "server"} {
		text := ""
		for _, gone := range c.Remove {
			if strings.EqualFold(gone, name) {
				text = "gone"
			}
		}
		for field, value := range c.Set {
			if strings.EqualFold(field, name) {
				text = "gone " + value
			}
		}
		for field, value := range c.Add {
			if strings.EqualFold(field, name) {
				text += " " + value
			}
		}
		if text != "" {
			out[name] = text
		}
	}
	return out
}

// shares returns endpoints' shares of requests for each kind of upstream, as ratios.
func shares(g *schema.Gateway, backends map[string]schema.Backend) map[string]string {
	total, by := 0, map[string]int{}
	for name, b := range backends {
		u := g.Upstreams[name]
		sum, at := 0, map[string]int{}
		verified := u.TLS == nil || u.TLS.ServerName == "" // by its own name
		for _, e := range u.Endpoints {
			if sum += e.Weight; e.Weight == 0 {
				continue
			}
			name := ""
			if !verified {
				name = u.TLS.ServerName
			} else if u.TLS != nil {
				name = strings.ToLower(e.Host)
			}
			at[fmt.Sprint(strings.ToLower(e.Host), e.Port, name)] += e.Weight
		}
		protocol, ca := u.Protocol, ""
		if u.TLS == nil && protocol == "http1" {
			protocol = "auto"
		}
		if u.TLS != nil {
			ca = "verified by " + u.TLS.CA
		}
		var text []string
		for where, weight := range at {
			text = append(text, fmt.Sprint(where, " ", float64(weight)/float64(sum)))
		}
		slices.Sort(text)
		if b.Weight > 0 {
			by[fmt.Sprint(text, u.ConnectTimeout, protocol, ca)] += b.Weight
			total += b.Weight
		}
	}
	out := map[string]string{}
	for what, weight := range by {
		out[what] = fmt.Sprint(float64(weight) / float64(total))
	}
	return out
}

// countsConsumers reports whether a route has limits of each consumer.
func countsConsumers(r *schema.Route) bool {
	if r.RateLimit == nil {
		return false
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(r.RateLimit.Windows)), func(w schema.RateLimitWindow) bool { return w.By == "consumer" })
}

// named returns the keys of those who may pass with them, by name.
func named(g *schema.Gateway, a *schema.Auth) map[string]any {
	out := map[string]any{"": "there"}
	for name, c := range g.Consumers {
		if only := (&schema.Gateway{Consumers: map[string]schema.Consumer{name: c}}); len(c.APIKeys) > 0 && a.APIKey != nil {
			keys := *a
			keys.JWT = nil
			if may := callersOf(only, &keys); len(may) > 0 {
				out[name] = fmt.Sprint(may)
			}
		}
	}
	return out
}

// callersOf returns who may pass: keys of one consumer together, and what of the token counts.
func callersOf(g *schema.Gateway, a *schema.Auth) []string {
	var out []string
	all := a.Allow == nil || len(a.Allow.Consumers)+len(a.Allow.Groups) == 0
	var named []string
	for _, name := range slices.Sorted(maps.Keys(g.Consumers)) {
		c := g.Consumers[name]
		in := all || slices.Contains(a.Allow.Consumers, name)
		for _, group := range c.Groups {
			in = in || slices.Contains(a.Allow.Groups, group)
		}
		if !in {
			continue
		}
		named = append(named, name)
		if a.APIKey != nil && len(c.APIKeys) > 0 {
			var keys []string
			for _, k := range c.APIKeys {
				keys = append(keys, k.Secret+k.SHA256)
			}
			slices.Sort(keys)
			out = append(out, fmt.Sprint(keys))
		}
	}
	if a.JWT != nil && !all {
		if a.JWT.GroupsClaim == "" {
			named = slices.Compact(slices.Sorted(slices.Values(append(named, a.Allow.Consumers...))))
			out = append(out, fmt.Sprint("named ", named))
		} else {
			out = append(out, fmt.Sprint("named ", slices.Sorted(slices.Values(a.Allow.Consumers)), slices.Sorted(slices.Values(a.Allow.Groups))))
		}
	}
	slices.Sort(out)
	return out
}
