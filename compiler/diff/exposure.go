package diff

import (
	"slices"
	"strings"

	"gwc.dev/schema"
)

// exposureTable returns the rules of what pages and backends see, by pattern below the route.
func exposureTable() map[string]rule {
	return map[string]rule{
		"cors":               by(verdict{Risky, "CORS added"}, verdict{Breaking, "CORS removed"}, verdict{}),
		"cors.origins":       origins,
		"cors.methods":       corsMethods,
		"cors.allowHeaders":  members("header", Risky, Breaking, false),
		"cors.exposeHeaders": members("header", Risky, Breaking, false),
		"cors.credentials": flag(
			verdict{Risky, "pages may send credentials"}, verdict{Breaking, "pages may no longer send credentials"}),
		"cors.maxAge": note("maxAge"),

		"headers":                 headers,
		"headers.request":         always(Risky, "the backend sees other headers"),
		"headers.request.set.*":   always(Risky, "the backend sees another header"),
		"headers.request.add.*":   always(Risky, "the backend sees another header"),
		"headers.request.remove":  always(Risky, "the backend sees other headers"),
		"headers.response":        responseHeaders,
		"headers.response.set.*":  responseHeader,
		"headers.response.add.*":  responseHeader,
		"headers.response.remove": removedHeaders,
	}
}

// origins is the rule of the origins whose pages may read answers; "*" is all of them.
func origins(e *edit) (Class, string) {
	switch old, new := slices.Contains(e.old.([]string), "*"), slices.Contains(e.new.([]string), "*"); {
	case old && !new:
		return Breaking, "only some origins now"
	case new && !old:
		return Risky, "any origin now"
	case old:
		return Safe, "any origin, as before"
	}
	return members("origin", Risky, Breaking, false)(e)
}

// corsMethods is the rule of the methods that pages may ask for. Without any, they are those of the match.
func corsMethods(e *edit) (Class, string) {
	if e.kind != Changed {
		return Risky, "another set of methods"
	}
	return members("method", Risky, Breaking, false)(e)
}

// headers is the rule of header changes that come or go as a whole.
func headers(e *edit) (Class, string) {
	for _, h := range []*schema.Headers{e.old.(*schema.Headers), e.new.(*schema.Headers)} {
		if h != nil && h.Request != nil {
			return Risky, "the backend sees other headers"
		}
		if h != nil && guards(h.Response) {
			return Risky, guardReason
		}
	}
	return Safe, "response headers " + e.kind.String()
}

// responseHeaders is the rule of response header changes that come or go as a whole.
func responseHeaders(e *edit) (Class, string) {
	if guards(e.old.(*schema.HeaderChange)) || guards(e.new.(*schema.HeaderChange)) {
		return Risky, guardReason
	}
	return Safe, "response headers " + e.kind.String()
}

// responseHeader is the rule of one response header that is set or added.
func responseHeader(e *edit) (Class, string) {
	if guard(e.names[len(e.names)-1]) {
		return Risky, guardReason
	}
	return Safe, "response header " + e.kind.String()
}

// removedHeaders is the rule of the response headers that are removed.
func removedHeaders(e *edit) (Class, string) {
	old, new := e.old.([]string), e.new.([]string)
	if slices.ContainsFunc(append(without(old, new), without(new, old)...), guard) {
		return Risky, guardReason
	}
	return Safe, "response headers changed"
}

const guardReason = "a header that browsers guard pages by"

func guards(c *schema.HeaderChange) bool {
	if c == nil {
		return false
	}
	for _, m := range []map[string]string{c.Set, c.Add} {
		for name := range m {
			if guard(name) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.Remove, guard)
}

// guard reports whether a response header makes browsers stricter or laxer.
func guard(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options",
		"set-cookie", "clear-site-data", "permissions-policy", "referrer-policy":
		return true
	}
	return strings.HasPrefix(name, "access-control-") || strings.HasPrefix(name, "cross-origin-")
}
