# METADATA
# title: Public routes need a rate limit
# description: >-
#   Anybody can call the route as often as they like: it recognises no callers and limits none.
# custom:
#   code: public-without-rate-limit
#   severity: warning
#   help: 'set rateLimit on the route, its API or the gateway, for instance rateLimit: perMinute: {requests: 60, per: "minute", by: "ip"}'
package gwc.policy.public_without_rate_limit

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	not route.rateLimit
	not model.authenticated(route)
	route.backends
	message := sprintf("%s is public and has no rate limit", [model.route_name(a, r)])
}
