package behaviour

import (
	"cmp"
	"slices"
	"strings"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/schema"
)

const routePattern = "apis.*.routes.*"

// judge says what differs between two routes' treatments of requests that come by some schemes, and how much it matters. One
// of them may be nil.
func judge(before, after *side, old, new *routing.Entry, schemes []string) *Class {
	c := &Class{Old: named(old), New: named(new)}
	switch {
	case new == nil:
		c.Severity, c.Reason = diff.Breaking, "no longer answered"
	case old == nil && public(new.Route):
		c.Severity, c.Reason = diff.Risky, "answered now, open to the public"
	case old == nil && before.knew(after, new):
		c.Severity, c.Reason = diff.Risky, "answered now, by a route that takes more than before"
	case old == nil:
		c.Severity, c.Reason = diff.Safe, "answered now"
	default:
		c.Changes = changes(before, after, old, new, schemes)
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
func changes(before, after *side, old, new *routing.Entry, schemes []string) []diff.Change {
	was, is := before.of(old), after.of(new)
	in := was.differs(is, schemes).in
	a, b := schema.Route{}, schema.Route{}
	for _, aspect := range in {
		keep(aspect, &a, was.route)
		keep(aspect, &b, is.route)
	}
	if was.calls != is.calls && slices.Contains(in, auth) {
		a.Auth, b.Auth = answeredAuth(was.route), answeredAuth(is.route)
	}
	a.RateLimit, b.RateLimit = paired(a.RateLimit, b.RateLimit)
	if a.CORS != nil && b.CORS != nil && corsSettings(was.route) == corsSettings(is.route) || len(statedMethods(a.CORS, b.CORS)) > 0 {
		a.CORS, b.CORS = withMethods(a.CORS, was.route), withMethods(b.CORS, is.route)
	}
	var stated []diff.Change
	if a.CORS != nil && b.CORS != nil {
		stated = diff.Parts(routePattern, before.gateway, after.gateway, schema.Route{Filters: schema.Filters{CORS: a.CORS}}, schema.Route{Filters: schema.Filters{CORS: b.CORS}})
		a.CORS, b.CORS = withoutCovered(a.CORS, b.CORS), withoutCovered(b.CORS, a.CORS)
	}
	out := diff.Parts(routePattern, before.gateway, after.gateway, a, b)
	asStated(out, stated)
	if slices.Contains(in, backends) {
		out = append(out, upstreams(before.gateway, after.gateway, &a, &b)...)
	}
	if slices.Contains(in, auth) {
		out = append(out, consumers(before.gateway, after.gateway, was.route, is.route)...)
	}
	for _, a := range []aspect{rewrite, redirect} {
		other := otherPaths(a, was, is)
		field, _, _ := strings.Cut(string(other.Path), ".")
		said := func(change diff.Change) bool { return strings.HasPrefix(string(change.Path), field) }
		if slices.Contains(in, a) && !slices.ContainsFunc(out, said) { // the same is written, and means something else
			out = append(out, other)
		}
	}
	for i, change := range out { // who was let in by the one need not be by the other
		if (change.Path == "auth.jwt.consumerClaim" || change.Path == "auth.jwt.groupsClaim") && !allowsAll(is.route.Auth) {
			out[i].Class = diff.Breaking
		}
	}
	if before.calls(was.route) && !after.calls(is.route) && len(is.route.Backends) > 0 {
		for i := range out {
			if first := out[i].Path.Names()[0]; first == "backends" || first == "upstreams" {
				out[i].Class, out[i].Reason = diff.Breaking, "no backend is in use any more"
			}
		}
	}
	slices.SortFunc(out, func(a, b diff.Change) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// otherPaths is the change of routes whose matches differ, so that what is put in the place of them makes other paths.
func otherPaths(a aspect, was, is *treatment) diff.Change {
	if a == redirect {
		return diff.Change{
			Path: "redirect.path", Kind: diff.Changed, Class: diff.Risky, Reason: "the redirect leads elsewhere",
			Old: was.location.String(), New: is.location.String(),
		}
	}
	return diff.Change{
		Path: "rewrite.prefix", Kind: diff.Changed, Class: diff.Risky, Reason: "the backend sees another path",
		Old: was.upstream.String(), New: is.upstream.String(),
	}
}

// statedMethods returns the methods that two ways of CORS name.
func statedMethods(all ...*schema.CORS) (methods []string) {
	for _, c := range all {
		if c != nil {
			methods = append(methods, c.Methods...)
		}
	}
	return methods
}

// withMethods returns what a route says of CORS, with the methods that it means where it names none.
func withMethods(c *schema.CORS, r *schema.Route) *schema.CORS {
	if c == nil {
		return nil
	}
	out := *c
	out.Methods = corsMethods(r)
	return &out
}

// withoutCovered returns what a route says of CORS without the origins that another one takes as well, in other words.
func withoutCovered(c, by *schema.CORS) *schema.CORS {
	out := *c
	out.Origins = slices.DeleteFunc(slices.Clone(c.Origins), func(o string) bool {
		covers := func(wide string) bool { return wide == "*" || coversOrigin(wide, o) }
		return !slices.Contains(by.Origins, o) && slices.ContainsFunc(by.Origins, covers)
	})
	return &out
}

// asStated shows the origins of changes as they are written, whatever they were judged by.
func asStated(changes, stated []diff.Change) {
	for i, c := range changes {
		if c.Path != "cors.origins" {
			continue
		}
		for _, s := range stated {
			if s.Path == c.Path {
				changes[i].Kind, changes[i].Old, changes[i].New = s.Kind, s.Old, s.New
			}
		}
	}
}

// keep copies what an aspect is about.
func keep(a aspect, to, from *schema.Route) {
	switch a {
	case auth:
		to.Auth = from.Auth
	case rateLimit:
		to.RateLimit = unscoped(from)
	case cors:
		to.CORS = from.CORS
	case requestHeaders:
		to.Headers = withHeaders(to.Headers, from.Headers, func(to, from *schema.Headers) { to.Request = from.Request })
	case responseHeaders:
		to.Headers = withHeaders(to.Headers, from.Headers, func(to, from *schema.Headers) { to.Response = from.Response })
	case timeout:
		to.Timeout = from.Timeout
	case maxBodyBytes:
		to.MaxBodyBytes = from.MaxBodyBytes
	case retry:
		to.Retry = from.Retry
	case backends:
		to.Backends = from.Backends
	case rewrite:
		to.Rewrite = from.Rewrite
	case redirect:
		to.Redirect = from.Redirect
	case respond:
		to.Respond = from.Respond
	}
}

// withHeaders returns header changes with a part of others.
func withHeaders(h, from *schema.Headers, take func(to, from *schema.Headers)) *schema.Headers {
	if from == nil {
		return h
	}
	out := schema.Headers{Disabled: from.Disabled}
	if h != nil {
		out = *h
	}
	take(&out, from)
	return &out
}

// unscoped returns a route's rate limit without saying who shares it, which is a matter of its own.
func unscoped(r *schema.Route) *schema.RateLimit {
	if r.RateLimit == nil {
		return nil
	}
	out := &schema.RateLimit{Disabled: r.RateLimit.Disabled, Windows: map[string]schema.RateLimitWindow{}}
	for name, w := range r.RateLimit.Windows {
		out.Windows[name] = plainWindow(w, r)
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
			change.Path = schema.NewPath("upstreams", name).Join(change.Path.Names()...)
			out = append(out, change)
		}
	}
	return out
}

// consumers returns what differs in who is known, as far as it matters for two routes.
func consumers(before, after *schema.Gateway, was, is *schema.Route) []diff.Change {
	names := concerned(before, after, was, is)
	some := func(g *schema.Gateway) *schema.Gateway {
		out := &schema.Gateway{Consumers: map[string]schema.Consumer{}}
		for name := range names {
			if c, ok := g.Consumers[name]; ok {
				out.Consumers[name] = c
			}
		}
		return out
	}
	return diff.Compare(some(before), some(after)).Changes
}
