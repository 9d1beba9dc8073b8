# METADATA
# title: Writes need authentication
# description: >-
#   A route to a backend takes a method that changes something, or any method, from callers that nobody has
#   recognised. Redirects and fixed responses change nothing and are left alone.
# custom:
#   code: write-without-auth
#   severity: error
#   help: set auth on the route or its API, or narrow match.methods to safe methods such as GET and HEAD
package gwc.policy.write_without_auth

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	not model.authenticated(route)
	route.backends
	message := sprintf("%s takes %s without authentication", [model.route_name(a, r), writes(route)])
}

writes(route) := "every method" if count(model.methods(route)) == 0

writes(route) := concat(", ", unsafe) if {
	unsafe := model.methods(route) - model.safe
	count(unsafe) > 0
}
