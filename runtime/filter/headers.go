package filter

import (
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// headerChange removes fields, then sets some, then adds some.
type headerChange struct {
	remove   []string
	set, add []exchange.Field
}

func (c *headerChange) apply(h *exchange.Header) {
	for _, name := range c.remove {
		h.Del(name)
	}
	for _, f := range c.set {
		h.Set(f.Name, f.Value)
	}
	for _, f := range c.add {
		h.Add(f.Name, f.Value)
	}
}

// requestChange changes the request on its way to the backend.
type requestChange struct{ headerChange }

// Request leaves no second spelling of what it removes or sets: a backend could take the client's for the
// gateway's.
func (f *requestChange) Request(x *exchange.Exchange) bool {
	for _, name := range f.remove {
		x.Request.Header.DelAlike(name)
	}
	for _, field := range f.set {
		x.Request.Header.DelAlike(field.Name)
	}
	f.apply(&x.Request.Header)
	return false
}

// responseChange changes every answer of the route, the gateway's own too.
type responseChange struct{ headerChange }

func (f *responseChange) Request(*exchange.Exchange) bool { return false }

// Response leaves a problem document its content type: the body is the gateway's, and no backend's.
func (f *responseChange) Response(x *exchange.Exchange) {
	const name, problem = "Content-Type", "application/problem+json"
	kept := x.Reason != "" && x.Response.Header.Get(name) == problem
	f.apply(&x.Response.Header)
	if kept {
		x.Response.Header.Set(name, problem)
	}
}

func requestHeaders(c *compilation) Filter {
	h := c.Route.Headers
	if h == nil || h.Disabled || h.Request == nil {
		return nil
	}
	return c.requestChanges.of(c, h.Request, func() *requestChange {
		return &requestChange{c.headerChange(h.Request, c.Path("headers", "request"))}
	})
}

func responseHeaders(c *compilation) Filter {
	h := c.Route.Headers
	if h == nil || h.Disabled || h.Response == nil {
		return nil
	}
	return c.responseChanges.of(c, h.Response, func() *responseChange {
		return &responseChange{c.headerChange(h.Response, c.Path("headers", "response"))}
	})
}

func (c *compilation) headerChange(h *schema.HeaderChange, at schema.Path) headerChange {
	var out headerChange
	for i, name := range h.Remove {
		out.remove = append(out.remove, c.field(at.Join("remove").Index(i), name, ""))
	}
	for name, value := range schema.Sorted(h.Set) {
		out.set = append(out.set, exchange.Field{Name: c.field(at.Join("set", name), name, value), Value: value})
	}
	for name, value := range schema.Sorted(h.Add) {
		out.add = append(out.add, exchange.Field{Name: c.field(at.Join("add", name), name, value), Value: value})
	}
	return out
}
