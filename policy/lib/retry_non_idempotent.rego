# METADATA
# title: Only idempotent methods are tried again
# description: >-
#   A request that has reached a backend may have had its effect although no answer came. A retry of POST, PATCH
#   or any other method that is not idempotent can have it twice (RFC 9110, section 9.2.2). A retry on
#   "connect-failure" alone is safe: the request never left.
# custom:
#   code: retry-non-idempotent
#   severity: error
#   help: 'leave these methods out of retry.methods, or retry on "connect-failure" only'
package gwc.policy.retry_non_idempotent

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "retry"], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	some condition in route.retry.on
	condition != "connect-failure"
	unsafe := {method | some method in route.retry.methods; takes(route, method)} - model.idempotent
	count(unsafe) > 0
	conditions := [c | some c in route.retry.on; c != "connect-failure"]
	message := sprintf("%s tries %s again on %s, although the first try may have had its effect", [
		model.route_name(a, r), concat(", ", unsafe), concat(", ", conditions),
	])
}

takes(route, _) if count(model.methods(route)) == 0

takes(route, method) if method in model.methods(route)
