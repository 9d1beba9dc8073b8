package filter

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

const (
	headerOrigin = "Origin"
	headerVary   = "Vary"

	headerRequestMethod  = "Access-Control-Request-Method"
	headerRequestHeaders = "Access-Control-Request-Headers"

	headerAllowOrigin      = "Access-Control-Allow-Origin"
	headerAllowCredentials = "Access-Control-Allow-Credentials"
	headerAllowMethods     = "Access-Control-Allow-Methods"
	headerAllowHeaders     = "Access-Control-Allow-Headers"
	headerExposeHeaders    = "Access-Control-Expose-Headers"
	headerMaxAge           = "Access-Control-Max-Age"
)

// reasonPreflight is the Exchange's Reason where a preflight was answered.
const reasonPreflight = "cors-preflight"

// crossOrigin is the CORS protocol of the Fetch standard. It alone speaks it on its route: what the backend says
// of CORS is removed.
type crossOrigin struct {
	any         bool
	exact       map[string]bool
	wildcard    []wildcardOrigin
	credentials bool
	methods     string // of a preflight's answer, and so on
	headers     string
	maxAge      string
	expose      string
}

// A wildcardOrigin is "https://*.example.com:8443" cut at the star.
type wildcardOrigin struct{ before, after string }

// Preflight reports whether r is a CORS preflight request, and the method that it asks for.
func Preflight(r *exchange.Request) (method string, ok bool) {
	if r.Method != "OPTIONS" {
		return "", false
	}
	if _, ok := r.Header.Lookup(headerOrigin); !ok {
		return "", false
	}
	return r.Header.Lookup(headerRequestMethod)
}

// Request answers preflights; any other request goes on, whatever its origin: the browser keeps the answer from
// the page.
func (f *crossOrigin) Request(x *exchange.Exchange) bool {
	origin, ok := x.Request.Header.Lookup(headerOrigin)
	allowed := ok && x.Request.Header.Count(headerOrigin) == 1 && f.allows(origin)
	if allowed {
		value := "*"
		if !f.any {
			value = origin
		}
		x.Owed.Set(headerAllowOrigin, value)
	}
	if _, ok := Preflight(&x.Request); !ok {
		return false
	}
	if !allowed {
		x.Fail(403, "cors-origin", "Pages of this origin may not use this resource.")
		return true
	}
	x.Answer(204, "", "")
	x.Reason = reasonPreflight
	h := &x.Response.Header
	h.Set(headerAllowMethods, f.methods)
	if f.headers != "" {
		h.Set(headerAllowHeaders, f.headers)
	}
	if f.maxAge != "" {
		h.Set(headerMaxAge, f.maxAge)
	}
	return true
}

func (f *crossOrigin) Response(x *exchange.Exchange) {
	h := &x.Response.Header
	preflight := x.Reason == reasonPreflight
	if !preflight {
		h.Del(headerAllowMethods)
		h.Del(headerAllowHeaders)
		h.Del(headerMaxAge)
	}
	h.Del(headerExposeHeaders)
	h.Del(headerAllowCredentials)
	h.Del(headerAllowOrigin)
	if _, allowed := x.Owed.Lookup(headerAllowOrigin); allowed {
		settle(x, headerAllowOrigin)
		if f.credentials {
			h.Set(headerAllowCredentials, "true")
		}
		if f.expose != "" && !preflight {
			h.Set(headerExposeHeaders, f.expose)
		}
	}
	if !f.any { // the answer to another origin is another one: caches have to know
		vary(h, headerOrigin)
	}
}

func (f *crossOrigin) allows(origin string) bool {
	if f.any || f.exact[origin] {
		return true
	}
	for _, w := range f.wildcard {
		if middle, ok := w.cut(origin); ok && labels(middle) {
			return true
		}
	}
	return false
}

// cut returns what stands in the star's place.
func (w wildcardOrigin) cut(origin string) (string, bool) {
	rest, ok := strings.CutPrefix(origin, w.before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, w.after)
}

// labels reports whether s is one or more labels of a host name, so that nothing but a subdomain stands in a
// wildcard's place.
func labels(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return false
		}
		for i := 0; i < len(label); i++ {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// vary adds a field name to Vary, unless it is there.
func vary(h *exchange.Header, name string) {
	for i := range *h {
		if !exchange.EqualFold((*h)[i].Name, headerVary) {
			continue
		}
		for v := range strings.SplitSeq((*h)[i].Value, ",") {
			if v = strings.TrimSpace(v); v == "*" || exchange.EqualFold(v, name) {
				return
			}
		}
	}
	h.Add(headerVary, name)
}

// A corsConfig is what a route says of CORS; methods are those that it takes.
type corsConfig struct {
	*schema.CORS
	methods []string
}

func cors(c *compilation) Filter {
	config := c.Route.CORS
	if config == nil || config.Disabled {
		return nil
	}
	methods := config.Methods
	if len(methods) == 0 && c.Route.Match != nil {
		methods = c.Route.Match.Methods
	}
	if len(methods) == 0 {
		methods = []string{"GET", "HEAD", "POST"}
	}
	whole := corsConfig{config, methods}
	return c.origins.of(c, whole, func() *crossOrigin { return c.crossOrigin(whole) })
}

func (c *compilation) crossOrigin(config corsConfig) *crossOrigin {
	f := &crossOrigin{credentials: config.Credentials, exact: map[string]bool{}}
	for i, origin := range config.Origins {
		c.origin(f, i, origin)
	}
	if f.any && f.credentials {
		c.report(c.Path("cors"), "cors-credentials", "list the origins that may send credentials",
			"credentials cannot be allowed to every origin")
	}
	f.methods = c.list("methods", config.methods)
	f.headers = c.list("allowHeaders", config.AllowHeaders)
	f.expose = c.list("exposeHeaders", config.ExposeHeaders)
	if f.credentials {
		c.noStar("allowHeaders", config.AllowHeaders)
		c.noStar("exposeHeaders", config.ExposeHeaders)
	}
	if config.MaxAge > 0 {
		f.maxAge = strconv.FormatInt(int64(config.MaxAge.Std()/time.Second), 10)
	}
	return f
}

func (c *compilation) origin(f *crossOrigin, i int, origin string) {
	scheme, host, ok := strings.Cut(origin, "://")
	before, after, star := strings.Cut(host, "*")
	switch {
	case origin == "*":
		f.any = true
	case origin == "null":
		f.exact[origin] = true
	case !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@ ") || !header.IsValue(origin):
		c.report(c.Path("cors", "origins").Index(i), "cors-origin", `write for instance "https://app.example.com"`,
			"%q is not an origin", origin)
	case !star:
		f.exact[strings.ToLower(origin)] = true
	case before != "" || len(after) < 2 || after[0] != '.' || strings.Contains(after, "*"):
		c.report(c.Path("cors", "origins").Index(i), "cors-origin", `write for instance "https://*.example.com"`,
			"the wildcard of origin %q is not the first label of a host name", origin)
	default:
		f.wildcard = append(f.wildcard, wildcardOrigin{strings.ToLower(scheme) + "://", strings.ToLower(after)})
	}
}

// list checks names that go into one header field and joins them.
func (c *compilation) list(field string, names []string) string {
	for i, name := range names {
		if !header.IsToken(name) {
			c.report(c.Path("cors", field).Index(i), "cors-name", "use letters, digits and '-'", "%q cannot stand in a CORS header", name)
		}
	}
	return strings.Join(names, ", ")
}

// noStar reports a "*" among names: with credentials it is a header's name and no longer stands for all.
func (c *compilation) noStar(field string, names []string) {
	if i := slices.Index(names, "*"); i >= 0 {
		c.report(c.Path("cors", field).Index(i), "cors-credentials", "list the headers",
			`with credentials, "*" does not stand for all headers`)
	}
}
