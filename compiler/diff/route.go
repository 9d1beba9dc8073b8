package diff

import (
	"strings"

	"gwc.dev/schema"
)

// routeTable returns the rules of a route, by pattern below the route, except its filters; "" is the route itself.
func routeTable() map[string]rule {
	return map[string]rule{
		"":            route,
		"description": note("description"),

		"match.path":      pathMatch,
		"match.methods":   members("method", Risky, Breaking, true),
		"match.headers.*": valueMatch("header"),
		"match.query.*":   valueMatch("query parameter"),

		"backends.*":        backend,
		"backends.*.weight": use("backend"),

		"rewrite":        always(Risky, "the backend sees other requests"),
		"rewrite.prefix": always(Risky, "the backend sees another path"),
		"rewrite.full":   always(Risky, "the backend sees another path"),
		"rewrite.host":   always(Risky, "the backend sees another host"),

		"redirect": by(
			verdict{Breaking, "requests are redirected"}, verdict{Breaking, "requests are no longer redirected"}, verdict{}),
		"redirect.scheme": always(Risky, "the redirect leads elsewhere"),
		"redirect.host":   always(Risky, "the redirect leads elsewhere"),
		"redirect.port":   always(Risky, "the redirect leads elsewhere"),
		"redirect.path":   always(Risky, "the redirect leads elsewhere"),
		"redirect.status": always(Risky, "another status"),

		"respond": by(
			verdict{Breaking, "requests get a fixed response"}, verdict{Breaking, "the fixed response is gone"}, verdict{}),
		"respond.status":    always(Breaking, "another status"),
		"respond.headers.*": responseHeader,
		"respond.body":      always(Risky, "another body"),
	}
}

// route is the rule of a route that comes or goes.
func route(e *edit) (Class, string) {
	switch {
	case e.kind == Removed:
		return Breaking, "route removed"
	case e.new.(schema.Route).Auth == nil:
		return Risky, "new route without auth"
	default:
		return Safe, "route added"
	}
}

// backend is the rule of a backend that comes or goes.
func backend(e *edit) (Class, string) {
	switch {
	case e.old.(schema.Backend).Weight == 0 && e.new.(schema.Backend).Weight == 0:
		return Safe, "backend without weight " + e.kind.String()
	case e.kind == Added:
		return Risky, "backend comes into use"
	default:
		return Risky, "backend goes out of use"
	}
}

// pathMatch is the rule of a path match: a prefix that takes all that was taken before, and more, is wider.
func pathMatch(e *edit) (Class, string) {
	old, new := e.old.(*schema.PathMatch), e.new.(*schema.PathMatch)
	if old == nil || new == nil {
		return by(verdict{Breaking, "path match added"}, verdict{Risky, "path match removed"}, verdict{})(e)
	}
	if old.Prefix != "" && strings.TrimSuffix(old.Prefix, "/") == strings.TrimSuffix(new.Prefix, "/") {
		return Safe, "the same paths"
	}
	taken := old.Prefix
	if old.Exact != "" {
		taken = old.Exact
	}
	if new.Exact == "" && new.Regex == "" && old.Regex == "" && taken != "" && below(taken, new.Prefix) {
		return Risky, "path match wider"
	}
	return Breaking, "path match other or narrower"
}

// below reports whether a path is the prefix itself or below it, by whole segments.
func below(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// valueMatch is the rule of a header or query match: each one narrows the route.
func valueMatch(noun string) rule {
	return by(
		verdict{Breaking, noun + " match added"},
		verdict{Risky, noun + " match removed"},
		verdict{Breaking, "another " + noun + " match"})
}
