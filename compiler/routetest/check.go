package routetest

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/nearest"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// A checker finds what keeps a test from ever holding.
type checker struct {
	gateway  *gateway
	findings diag.List
}

func (c *checker) report(path schema.Path, code, hint, format string, args ...any) {
	c.findings = append(c.findings, diag.Finding{
		Code: code, Severity: diag.Error, Path: path, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// unknown reports a name of something that is not there.
func (c *checker) unknown(path schema.Path, kind, name string, known []string) {
	hint := ""
	if near := nearest.To(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.report(path, "test-"+strings.ToLower(kind)+"-unknown", hint, "there is no %s %q", kind, name)
}

// request reads a test's request.
func (c *checker) request(at schema.Path, t *schema.TestRequest) request {
	r := read(t)
	if _, ok := route.Host(r.authority); !ok {
		c.report(at.Join("url"), "test-url", `write for instance "https://api.example.com/echo"`, "%q is not a host", r.authority)
	} else {
		r.listener = c.listener(at.Join("url"), &r)
	}
	if !r.client.IsValid() {
		c.report(at.Join("client"), "test-client", `write for instance "192.0.2.1"`, "%q is not an IP address", t.Client)
	}
	for name := range schema.Sorted(t.Headers) {
		if header.KindOf(name) != header.EndToEnd {
			c.report(at.Join("headers", name), "test-header", "leave it out; host and client address have fields of their own",
				"header %q is the connection's or the gateway's: no test can send it", name)
		}
	}
	consumers := c.gateway.model.Consumers
	if consumer, ok := consumers[t.Consumer]; t.Consumer != "" && !ok {
		c.unknown(at.Join("consumer"), "consumer", t.Consumer, slices.Collect(maps.Keys(consumers)))
	} else if t.Consumer != "" && len(consumer.APIKeys) == 0 {
		c.report(at.Join("consumer"), "test-consumer-keyless", "write what their token says in claims",
			"consumer %q has no API key to call with", t.Consumer)
	}
	return r
}

// listener returns the one that a request comes in at.
func (c *checker) listener(at schema.Path, r *request) string {
	_, port := splitPort(r.authority)
	var fit, serving []string
	for name, l := range schema.Sorted(c.gateway.model.Listeners) {
		if (l.TLS != nil) != (r.scheme == "https") || port != "" && port != strconv.Itoa(l.Port) {
			continue
		}
		fit = append(fit, name)
		if c.gateway.hosts[name].Takes(r.host) {
			serving = append(serving, name)
		}
	}
	if len(fit) > 1 && len(serving) > 0 {
		fit = serving
	}
	switch len(fit) {
	case 0:
		c.report(at, "test-listener", c.addresses(), "no listener takes %s", r.scheme+"://"+r.authority)
	case 1:
		return fit[0]
	default:
		c.report(at, "test-listener", "write the port of one of them: "+c.addresses(),
			"several listeners take %s: %s", r.scheme+"://"+r.authority, strings.Join(fit, ", "))
	}
	return ""
}

// addresses says where the listeners are.
func (c *checker) addresses() string {
	var all []string
	for name, l := range schema.Sorted(c.gateway.model.Listeners) {
		scheme := "http"
		if l.TLS != nil {
			scheme = "https"
		}
		all = append(all, fmt.Sprintf("%s is %s on port %d", name, scheme, l.Port))
	}
	return strings.Join(all, ", ")
}

// want looks at what a test wants.
func (c *checker) want(at schema.Path, w *schema.TestWant) {
	if isEmpty(w) {
		c.report(at, "test-empty", "write a route, a status, backends, ...", "the test wants nothing")
	}
	if w.None && (w.Route != "" || len(w.Backends) > 0 || w.Upstream != nil || w.Limit != "" || w.Settings != nil) {
		c.report(at, "test-contradiction", "remove one of them", "without a route there is no route, backend, limit or setting to want")
	}
	if w.Route != "" {
		c.route(at.Join("route"), w.Route)
	}
	c.backends(at.Join("backends"), w.Backends)
	if windows := c.windows(); w.Limit != "" && !slices.Contains(windows, w.Limit) {
		c.unknown(at.Join("limit"), "limit", w.Limit, windows)
	}
	c.values(at.Join("responseHeaders"), w.ResponseHeaders)
	if w.Upstream != nil {
		c.values(at.Join("upstream", "headers"), w.Upstream.Headers)
		for name := range schema.Sorted(w.Upstream.Headers) {
			if header.KindOf(name) != header.EndToEnd {
				c.report(at.Join("upstream", "headers", name), "test-header", "leave it out",
					"header %q is the connection's or tells about it: no test can see it", name)
			}
		}
	}
}

func isEmpty(w *schema.TestWant) bool {
	up := w.Upstream
	return w.Route == "" && !w.None && w.Status == 0 && len(w.Backends)+len(w.ResponseHeaders) == 0 && w.Limit == "" && w.Settings == nil &&
		(up == nil || up.Path == "" && up.Host == "" && len(up.Headers) == 0)
}

// backends looks at shares, which are rounded to a decimal place.
func (c *checker) backends(at schema.Path, want map[string]float64) {
	known := c.gateway.model.Upstreams
	sum := 0.0
	for name, percent := range schema.Sorted(want) {
		sum += percent
		if _, ok := known[name]; !ok {
			c.unknown(at.Join(name), "upstream", name, slices.Collect(maps.Keys(known)))
		}
	}
	if rounded := 0.1 * float64(len(want)); len(want) > 0 && math.Abs(sum-100) > rounded {
		c.report(at, "test-shares", "write the shares of all backends, in percent", "the shares add up to %v%% and not to 100%%", sum)
	}
}

func (c *checker) route(at schema.Path, name string) {
	api, id, _ := strings.Cut(name, "/")
	apis := c.gateway.model.APIs
	if _, ok := apis[api]; !ok {
		c.unknown(at, "API", api, slices.Collect(maps.Keys(apis)))
		return
	}
	if _, ok := apis[api].Routes[id]; ok {
		return
	}
	var known []string
	for other := range apis[api].Routes {
		known = append(known, api+"/"+other)
	}
	c.unknown(at, "route", name, known)
}

// windows returns the names of all windows of rate limits.
func (c *checker) windows() []string {
	names := map[string]bool{}
	for _, api := range c.gateway.model.APIs {
		for _, r := range api.Routes {
			if r.RateLimit != nil {
				for name := range r.RateLimit.Windows {
					names[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (c *checker) values(at schema.Path, want map[string]schema.ValueMatch) {
	for name, v := range schema.Sorted(want) {
		set := 0
		for _, is := range []bool{v.Exact != nil, v.Regex != "", v.Present != nil} {
			if is {
				set++
			}
		}
		if set != 1 {
			c.report(at.Join(name), "test-value", "set exactly one of exact, regex and present",
				"what is wanted of %q has %d of exact, regex and present", name, set)
		}
		if _, err := regexp.Compile(v.Regex); err != nil {
			c.report(at.Join(name, "regex"), "test-regex", "write an RE2 expression", "the expression cannot be used: %v", err)
		}
	}
}
