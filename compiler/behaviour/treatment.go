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
	requestHeaders  // what becomes of its header fields on the way to the backend
	responseHeaders // and of the answer's
	timeout
	maxBodyBytes
	retry
	backends
	rewrite
	redirect
	respond
	aspects
)

// ofCalls reports whether an aspect is of the call to a backend alone.
func (a aspect) ofCalls() bool {
	switch a {
	case requestHeaders, timeout, retry, rewrite:
		return true
	}
	return false
}

// A treatment is what a route does with its requests, in a form that is equal for equal behaviour.
type treatment struct {
	route *schema.Route // as far as it has an effect
	calls bool          // backends
	texts [aspects]string
	// answered is the text of auth without what only backends see, and names what is added to either where names count.
	answered, names string
	// upstream and location are what becomes of the path, for the backend and for where a redirect leads.
	upstream, location pathChange
	exact              string   // the one path that the route takes; empty: there are others
	windows            []window // its rate limits, sorted by what they limit
	alike              int      // the same for treatments that do not change paths and are the same; 0: it does
}

// treat returns the treatment of an entry's route.
func (s *side) treat(e *routing.Entry) *treatment {
	r := s.effective(e.Route)
	t := &treatment{route: r, calls: s.calls(r)}
	t.texts = [aspects]string{
		auth:            s.authText(r.Auth),
		cors:            corsText(r),
		requestHeaders:  requestText(r.Headers),
		responseHeaders: responseText(r.Headers),
		timeout:         r.Timeout.String(),
		maxBodyBytes:    compact(r.MaxBodyBytes),
		retry:           retryText(r.Retry),
		backends:        s.backendsText(r),
		redirect:        redirectText(r.Redirect, s.schemes),
		respond:         respondText(r.Respond),
	}
	t.answered = t.texts[auth]
	if a := answeredAuth(r); a != r.Auth {
		t.answered = s.authText(a)
	}
	t.texts[rateLimit], t.windows = limits(e)
	t.names = s.namesText(r)
	matched := ""
	if m := r.Match; m != nil && m.Path != nil {
		matched = trimmed(m.Path.Prefix)
		t.exact = normal(m.Path.Exact)
	}
	if w := r.Rewrite; w != nil {
		t.texts[rewrite] = strings.ToLower(w.Host)
		t.upstream = newPathChange(matched, w.Prefix, w.Full)
	}
	if d := r.Redirect; d != nil && d.Path != nil {
		t.location = newPathChange(matched, d.Path.Prefix, d.Path.Full)
	}
	return t
}

// text returns an aspect as it compares with that of another treatment, where requests come by some schemes: if one of them
// calls backends and the other does not, that is what differs, and not what is told to backends or asked of them.
func (t *treatment) text(a aspect, other *treatment, schemes []string) string {
	switch {
	case a == redirect:
		return redirectText(t.route.Redirect, schemes)
	case a == auth && t.names != "" && other.names != "":
		return t.authText(other) + t.names
	case a == auth:
		return t.authText(other)
	case a.ofCalls() && t.calls != other.calls:
		return ""
	}
	return t.texts[a]
}

// authText returns how a route asks who calls, as it compares with another treatment.
func (t *treatment) authText(other *treatment) string {
	if t.calls != other.calls {
		return t.answered
	}
	return t.texts[auth]
}

// whole is the same for equal treatments of equal matches.
func (t *treatment) whole() string {
	if t == nil {
		return "none"
	}
	return compact(t.texts) + t.names + compact([]pathChange{t.upstream, t.location})
}

// A difference is what two routes do otherwise with the requests that both take.
type difference struct {
	in []aspect
	// where says for which requests of these: those in any of the scopes.
	where []scope
}

// A scope is requests of some methods, nil for all, but for some paths.
type scope struct {
	methods []string
	except  []string
}

// differs returns what two treatments do otherwise with requests that come by some schemes.
func (t *treatment) differs(other *treatment, schemes []string) difference {
	var d difference
	everywhere := false
	for a := range aspects {
		if t.text(a, other, schemes) == other.text(a, t, schemes) {
			continue
		}
		all, some := true, []string(nil)
		switch a {
		case retry:
			all, some = t.retryDiffers(other)
		case cors:
			all, some = t.corsDiffers(other)
		}
		if !all && len(some) == 0 {
			continue
		}
		d.in = append(d.in, a)
		everywhere = everywhere || all
		if !all {
			d.where = append(d.where, scope{methods: some})
		}
	}
	exact := cmp.Or(t.exact, other.exact)
	for _, p := range []struct {
		in       aspect
		was, now pathChange
	}{{rewrite, t.upstream, other.upstream}, {redirect, t.location, other.location}} {
		if p.was.same(p.now, exact) || p.in.ofCalls() && t.calls != other.calls {
			continue
		}
		if !slices.Contains(d.in, p.in) {
			d.in = append(d.in, p.in)
		}
		d.where = append(d.where, scope{except: p.was.meets(p.now)})
	}
	if everywhere {
		d.where = []scope{{}}
	}
	return d
}

// same reports whether two treatments are the same for requests that both routes take.
func (t *treatment) same(other *treatment, schemes []string) bool {
	return t.alike > 0 && t.alike == other.alike || len(t.differs(other, schemes).in) == 0
}

// requestText returns what becomes of the header on the way to the backend; "": nothing.
func requestText(h *schema.Headers) string {
	if h == nil || h.Disabled {
		return ""
	}
	return changeText(h.Request)
}

// responseText returns what becomes of the header on the way to the client; "": nothing.
func responseText(h *schema.Headers) string {
	if h == nil || h.Disabled {
		return ""
	}
	return changeText(h.Response)
}

// changeText returns what becomes of each field of a header, by its name in lower case; "": nothing. One that is removed and
// then added is one that is set.
func changeText(c *schema.HeaderChange) string {
	if c == nil || len(c.Set)+len(c.Add)+len(c.Remove) == 0 {
		return ""
	}
	type change struct {
		Gone bool     // what was there
		New  []string // what comes to it, or in its place
	}
	fields := map[string]change{}
	for _, name := range c.Remove {
		fields[strings.ToLower(name)] = change{Gone: true}
	}
	for name, value := range schema.Sorted(c.Set) {
		fields[strings.ToLower(name)] = change{true, []string{value}}
	}
	for name, value := range schema.Sorted(c.Add) {
		name = strings.ToLower(name)
		of := fields[name]
		of.New = append(slices.Clip(of.New), value)
		fields[name] = of
	}
	return compact(fields)
}

// redirectText is the same for redirects that lead to one place, but for its path, where requests come by some schemes.
func redirectText(r *schema.Redirect, schemes []string) string {
	if r == nil {
		return ""
	}
	out := *r
	out.Host, out.Path = strings.ToLower(r.Host), nil
	if out.Scheme == "" && len(schemes) == 1 {
		out.Scheme = schemes[0] // that of the request
	}
	own := map[string]int{"http": 80, "https": 443}[out.Scheme]
	if out.Port == own && (out.Host != "" || !slices.Contains(schemes, out.Scheme)) {
		out.Port = 0 // what another host, or another scheme, means anyway
	}
	return compact(out)
}

// schemesOf returns what the requests of some models come by: where a proxy is trusted, either scheme.
func schemesOf(models ...*schema.Gateway) []string {
	var out []string
	for _, g := range models {
		for _, l := range g.Listeners {
			if l.Redirect == nil {
				out = append(out, schemesAt(g, l)...)
			}
		}
	}
	return sorted(out)
}

// schemesAt returns what the requests of a listener come by.
func schemesAt(g *schema.Gateway, l schema.Listener) []string {
	switch {
	case len(g.TrustedProxies) > 0:
		return []string{"http", "https"}
	case l.TLS != nil:
		return []string{"https"}
	}
	return []string{"http"}
}

func respondText(r *schema.Respond) string {
	if r == nil {
		return ""
	}
	out := *r
	out.Headers = lowerNames(r.Headers)
	const own = "text/plain; charset=utf-8" // what a body without a type has
	if out.Body != "" && out.Headers["content-type"] == own {
		delete(out.Headers, "content-type")
	}
	return compact(out)
}

// sorted returns the members of a list, sorted and each once.
func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

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
