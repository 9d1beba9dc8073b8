package behaviour

import (
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

const routePattern = "apis.*.routes.*"

// judge says what differs between two routes' treatments, and how much it matters. One of them may be nil.
func judge(before, after *side, old, new *routing.Entry) *Class {
	c := &Class{Old: named(old), New: named(new)}
	switch {
	case new == nil:
		c.Severity, c.Reason = diff.Breaking, "no longer answered"
	case old == nil && public(new.Route):
		c.Severity, c.Reason = diff.Risky, "answered now, open to the public"
	case old == nil:
		c.Severity, c.Reason = diff.Safe, "answered now"
	default:
		c.Changes = changes(before, after, old, new)
		for _, change := range c.Changes {
			if c.Reason == "" || change.Class > c.Severity {
				c.Severity, c.Reason = change.Class, change.Reason
			}
		}
	}
	return c
}

// public reports whether anybody may call.
func public(r *schema.Route) bool { return r.Auth == nil || r.Auth.Disabled }

// changes returns what differs between the treatments of two routes, and nothing that does not matter.
func changes(before, after *side, old, new *routing.Entry) []diff.Change {
	was, is := before.of(old), after.of(new)
	in, path := was.differs(is)
	a, b := schema.Route{}, schema.Route{}
	for _, aspect := range in {
		keep(aspect, &a, was.route)
		keep(aspect, &b, is.route)
	}
	if path {
		keep(rewriteHost, &a, was.route)
		keep(rewriteHost, &b, is.route)
		keep(redirect, &a, was.route)
		keep(redirect, &b, is.route)
	}
	a.CORS, b.CORS = methods(a.CORS, was.route), methods(b.CORS, is.route)
	out := diff.Parts(routePattern, before.gateway, after.gateway, a, b)
	if slices.Contains(in, backends) {
		out = append(out, upstreams(before.gateway, after.gateway, &a, &b)...)
	}
	if slices.Contains(in, auth) {
		out = append(out, consumers(before.gateway, after.gateway)...)
	}
	if len(out) == 0 { // the same is written, and means something else
		out = append(out, diff.Change{Path: "rewrite", Kind: diff.Changed, Class: diff.Risky, Reason: "the backend sees another path"})
	}
	return out
}

// methods returns what a route says of CORS, with the methods that it means where it names none.
func methods(c *schema.CORS, r *schema.Route) *schema.CORS {
	if c == nil {
		return nil
	}
	out := *c
	out.Methods = corsMethods(r)
	return &out
}

// keep copies what an aspect is about.
func keep(a aspect, to, from *schema.Route) {
	switch a {
	case auth:
		to.Auth = from.Auth
	case rateLimit:
		to.RateLimit = unscoped(from.RateLimit)
	case cors:
		to.CORS = from.CORS
	case headers:
		to.Headers = from.Headers
	case timeout:
		to.Timeout = from.Timeout
	case maxBodyBytes:
		to.MaxBodyBytes = from.MaxBodyBytes
	case retry:
		to.Retry = from.Retry
	case backends:
		to.Backends = from.Backends
	case rewriteHost:
		to.Rewrite = from.Rewrite
	case redirect:
		to.Redirect = from.Redirect
	case respond:
		to.Respond = from.Respond
	}
}

// unscoped returns a rate limit without saying who shares it, which is a matter of its own.
func unscoped(l *schema.RateLimit) *schema.RateLimit {
	if l == nil {
		return nil
	}
	out := &schema.RateLimit{Disabled: l.Disabled, Windows: map[string]schema.RateLimitWindow{}}
	for name, w := range l.Windows {
		w.Scope = ""
		out.Windows[name] = w
	}
	return out
}

// upstreams returns what differs in the upstreams that both routes send requests to under one name.
func upstreams(before, after *schema.Gateway, a, b *schema.Route) (out []diff.Change) {
	for name := range schema.Sorted(a.Backends) {
		if _, both := b.Backends[name]; !both {
			continue
		}
		for _, change := range diff.Parts("upstreams.*", before, after, before.Upstreams[name], after.Upstreams[name]) {
			change.Path = schema.NewPath("upstreams", name).Join(string(change.Path))
			out = append(out, change)
		}
	}
	return out
}

// consumers returns what differs in who is known.
func consumers(before, after *schema.Gateway) []diff.Change {
	return diff.Compare(&schema.Gateway{Consumers: before.Consumers}, &schema.Gateway{Consumers: after.Consumers}).Changes
}
