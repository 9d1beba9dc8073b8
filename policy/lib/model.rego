# What rules ask of the model more than once. A user's rules may import it: import data.gwc.model
package gwc.model

# production holds for the environments that serve customers: "production" and "prod", alone or as a word of
# the name ("production-eu", "eu_prod"), unless another word takes it back ("pre-production", "non-prod").
production if {
	words := {word | some word in regex.split(`[-_]`, lower(input.environment))}
	count(words & {"prod", "production"}) > 0
	count(words & {"pre", "non", "not", "no"}) == 0
}

# authenticated holds for a route that recognises its callers.
authenticated(route) if route.auth.apiKey

authenticated(route) if route.auth.jwt

# methods are those that a route takes; the empty set is every method.
methods(route) := {method | some method in route.match.methods}

# safe are the methods that change nothing (RFC 9110, section 9.2.1, and IANA's registry).
safe := {"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"}

# idempotent are the methods that may be sent twice with the effect of once (RFC 9110, section 9.2.2, and
# IANA's registry).
idempotent := safe | {"PUT", "DELETE", "COPY", "LINK", "MKCOL", "MOVE", "PROPPATCH", "UNLINK", "UNLOCK"}

# route_name names a route in a message.
route_name(a, r) := sprintf("route %q of API %q", [r, a])

# listeners are those that serve an API: the ones that it names, else all; one that only redirects serves none.
listeners(api) := {name: listener |
	some name, listener in input.listeners
	not listener.redirect
	serves(api, name)
}

serves(api, _) if not api.listeners

serves(api, name) if name in api.listeners
