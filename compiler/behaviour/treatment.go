package behaviour

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

// An aspect is a part of what happens to a request.
type aspect int

const (
	auth aspect = iota
	rateLimit
	cors
	headers
	timeout
	maxBodyBytes
	retry
	backends
	rewriteHost
	redirect
	respond
	aspects
)

// A treatment is what a route does with its requests, in a form that is equal for equal behaviour.
type treatment struct {
	route *schema.Route
	texts [aspects]string
	// upstream and location are what becomes of the path, for the backend and for where a redirect leads.
	upstream, location pathChange
	exact              string   // the one path that the route takes; empty: there are others
	buckets            []string // of its rate limits, sorted by what they limit
}

// treat returns the treatment of an entry's route.
func treat(g *schema.Gateway, e *routing.Entry) *treatment {
	r := e.Route
	t := &treatment{route: r}
	t.texts = [aspects]string{
		auth:         authText(g, r.Auth),
		cors:         corsText(r),
		headers:      headersText(r.Headers),
		timeout:      r.Timeout.String(),
		maxBodyBytes: compact(r.MaxBodyBytes),
		retry:        retryText(r.Retry, r.Match),
		backends:     backendsText(g, r),
		redirect:     redirectText(r.Redirect),
		respond:      respondText(r.Respond),
	}
	t.texts[rateLimit], t.buckets = limits(e)
	matched := ""
	if m := r.Match; m != nil && m.Path != nil {
		matched = trimmed(m.Path.Prefix)
		t.exact = normal(m.Path.Exact)
	}
	if w := r.Rewrite; w != nil {
		t.texts[rewriteHost] = w.Host
		t.upstream = newPathChange(matched, w.Prefix, w.Full)
	}
	if d := r.Redirect; d != nil && d.Path != nil {
		t.location = newPathChange(matched, d.Path.Prefix, d.Path.Full)
	}
	return t
}

// differs returns the aspects in which two treatments differ for requests that both routes take, and whether what
// becomes of the path does.
func (t *treatment) differs(other *treatment) (in []aspect, path bool) {
	for a := range aspects {
		if t.texts[a] != other.texts[a] && (a != retry || !t.retriesAs(other)) {
			in = append(in, a)
		}
	}
	exact := cmp.Or(t.exact, other.exact)
	return in, !t.upstream.same(other.upstream, exact) || !t.location.same(other.location, exact)
}

// same reports whether two treatments are the same for requests that both routes take.
func (t *treatment) same(other *treatment) bool {
	in, path := t.differs(other)
	return len(in) == 0 && !path
}

// text is the same for equal treatments of equal matches.
func (t *treatment) text() string {
	if t == nil {
		return "none"
	}
	return compact(t.texts) + compact([]pathChange{t.upstream, t.location})
}

// A pathChange puts a path in the place of a request's, or of a prefix of it. The zero pathChange changes nothing: it
// puts nothing in the place of nothing.
type pathChange struct {
	Full     string
	Cut, Put string // without a slash at their ends
}

func newPathChange(matched, prefix, full string) pathChange {
	switch {
	case full != "":
		return pathChange{Full: normal(full)}
	case prefix != "":
		return pathChange{Cut: matched, Put: trimmed(prefix)}
	}
	return pathChange{}
}

// same reports whether both make the same of the paths that both meet: of one path, or of all that begin as both cut.
func (c pathChange) same(other pathChange, exact string) bool {
	switch {
	case exact != "":
		return c.of(exact) == other.of(exact)
	case c.Full != "" || other.Full != "":
		return c.Full == other.Full
	case len(c.Cut) > len(other.Cut):
		c, other = other, c
	}
	rest, ok := strings.CutPrefix(other.Cut, c.Cut)
	return ok && other.Put == c.Put+rest
}

func (c pathChange) of(path string) string {
	if c.Full != "" {
		return c.Full
	}
	if rest, ok := strings.CutPrefix(path, c.Cut); ok {
		path = c.Put + rest
	}
	return cmp.Or(path, "/")
}

func normal(path string) string {
	if out, ok := schema.NormalizePath(path); ok {
		return out
	}
	return path
}

func trimmed(path string) string { return strings.TrimSuffix(normal(path), "/") }

func authText(g *schema.Gateway, a *schema.Auth) string {
	if a == nil || a.Disabled {
		return ""
	}
	out := *a
	if a.JWT != nil {
		jwt := *a.JWT
		jwt.Audiences, jwt.Algorithms = set(jwt.Audiences), set(jwt.Algorithms)
		jwt.Header = strings.ToLower(jwt.Header)
		out.JWT = &jwt
	}
	if a.APIKey != nil {
		key := *a.APIKey
		key.Header = strings.ToLower(key.Header)
		out.APIKey = &key
	}
	if a.Allow != nil {
		out.Allow = &schema.Allow{Consumers: set(a.Allow.Consumers), Groups: set(a.Allow.Groups)}
	}
	return compact(out) + callers(g, a)
}

// callers returns who is recognised: the consumers with the credentials and groups that count.
func callers(g *schema.Gateway, a *schema.Auth) string {
	type caller struct {
		Name   string
		Groups []string
		Keys   []string
	}
	var all []caller
	for name, c := range schema.Sorted(g.Consumers) {
		allowed := a.Allow == nil || slices.Contains(a.Allow.Consumers, name) ||
			slices.ContainsFunc(c.Groups, func(group string) bool { return slices.Contains(a.Allow.Groups, group) })
		if !allowed {
			continue
		}
		out := caller{Name: name, Groups: set(c.Groups)}
		if a.APIKey != nil {
			for _, key := range c.APIKeys {
				out.Keys = append(out.Keys, compact(key))
			}
			out.Keys = set(out.Keys)
		}
		if len(out.Keys) > 0 || a.JWT != nil && a.JWT.ConsumerClaim != "" {
			all = append(all, out)
		}
	}
	return compact(all)
}

func corsText(r *schema.Route) string {
	c := r.CORS
	if c == nil || c.Disabled {
		return ""
	}
	out := *c
	out.Origins, out.Methods = set(out.Origins), corsMethods(r)
	out.AllowHeaders, out.ExposeHeaders = set(lower(out.AllowHeaders)), set(lower(out.ExposeHeaders))
	if slices.Contains(out.Origins, "*") {
		out.Origins = []string{"*"}
	}
	return compact(out)
}

// corsMethods returns the methods that pages may ask for: without any, those of the match, and else those that need no
// leave.
func corsMethods(r *schema.Route) []string {
	switch {
	case len(r.CORS.Methods) > 0:
		return set(r.CORS.Methods)
	case r.Match != nil && len(r.Match.Methods) > 0:
		return set(r.Match.Methods)
	}
	return []string{"GET", "HEAD", "POST"}
}

func headersText(h *schema.Headers) string {
	if h == nil || h.Disabled {
		return ""
	}
	out := [2]schema.HeaderChange{change(h.Request), change(h.Response)}
	return compact(out)
}

func change(c *schema.HeaderChange) schema.HeaderChange {
	if c == nil {
		return schema.HeaderChange{}
	}
	return schema.HeaderChange{Set: lowerNames(c.Set), Add: lowerNames(c.Add), Remove: set(lower(c.Remove))}
}

// retriesAs reports whether both retry alike what both take.
func (t *treatment) retriesAs(other *treatment) bool {
	return retryText(t.route.Retry, t.route.Match, other.route.Match) == retryText(other.route.Retry, t.route.Match, other.route.Match)
}

// connectFailure is on what a request is tried again whatever its method, since it never left.
const connectFailure = "connect-failure"

// retryText returns the retries of requests that all of the matches take.
func retryText(r *schema.Retry, matches ...*schema.Match) string {
	if r == nil || r.Disabled {
		return ""
	}
	out := *r
	out.On, out.Methods = set(r.On), set(r.Methods)
	for _, m := range matches {
		if m != nil && len(m.Methods) > 0 {
			out.Methods = slices.DeleteFunc(out.Methods, func(method string) bool { return !slices.Contains(m.Methods, method) })
		}
	}
	if len(out.Methods) == 0 {
		out.Methods, out.On = nil, slices.DeleteFunc(out.On, func(on string) bool { return on != connectFailure })
	}
	if len(out.On) == 0 {
		return ""
	}
	return compact(out)
}

// backendsText returns where requests go: upstreams by what they are, and their shares by what they come to.
func backendsText(g *schema.Gateway, r *schema.Route) string {
	shares := map[string]int{}
	divisor := 0
	for name, b := range r.Backends {
		if b.Weight > 0 {
			shares[upstreamText(g, name)] += b.Weight
			divisor = gcd(divisor, b.Weight)
		}
	}
	for upstream := range shares {
		shares[upstream] /= divisor
	}
	return compact(shares)
}

func upstreamText(g *schema.Gateway, name string) string {
	u, ok := g.Upstreams[name]
	if !ok {
		return name
	}
	weights, divisor := map[schema.Endpoint]int{}, 0
	for _, e := range u.Endpoints {
		weight := e.Weight
		e.Weight = 0
		weights[e] += weight
		divisor = gcd(divisor, weight)
	}
	var endpoints []schema.Endpoint
	for e, weight := range weights {
		if weight > 0 {
			e.Weight = weight / divisor
			endpoints = append(endpoints, e)
		}
	}
	slices.SortFunc(endpoints, func(a, b schema.Endpoint) int { return cmp.Or(cmp.Compare(a.Host, b.Host), a.Port-b.Port) })
	u.Endpoints = nil
	return compact(u) + compact(endpoints)
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func redirectText(r *schema.Redirect) string {
	if r == nil {
		return ""
	}
	out := *r
	out.Path = nil
	return compact(out)
}

func respondText(r *schema.Respond) string {
	if r == nil {
		return ""
	}
	out := *r
	out.Headers = lowerNames(r.Headers)
	return compact(out)
}

// limits returns what a route's rate limits are, and the buckets that they count in, in one order.
func limits(e *routing.Entry) (text string, buckets []string) {
	if e.Route.RateLimit == nil || e.Route.RateLimit.Disabled {
		return "", nil
	}
	type window struct{ text, bucket string }
	var all []window
	for name, w := range schema.Sorted(e.Route.RateLimit.Windows) {
		bucket := w.Scope + "\n" + name
		switch w.Scope {
		case "api":
			bucket += "\n" + e.API
		case "route":
			bucket += "\n" + e.String()
		}
		w.Scope, w.Header = "", strings.ToLower(w.Header)
		all = append(all, window{compact(w), bucket})
	}
	slices.SortFunc(all, func(a, b window) int { return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.bucket, b.bucket)) })
	var texts []string
	for _, w := range all {
		texts = append(texts, w.text)
		buckets = append(buckets, w.bucket)
	}
	return compact(texts), buckets
}

// set returns the members of a list, sorted and each once.
func set(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

func lowerNames(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out[strings.ToLower(name)] = m[name]
	}
	return out
}
