# METADATA
# title: Timeouts are at most a minute
# description: A route waits longer for its backends than most callers wait for it, and holds connections all the while.
# custom:
#   code: timeout-too-long
#   severity: warning
#   help: set a timeout of 60s or less; for an answer that takes longer, respond with 202 and let callers ask again
package gwc.policy.timeout_too_long

import data.gwc.model

minute := time.parse_duration_ns("60s")

deny contains {"path": ["apis", a, "routes", r, "timeout"], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	route.backends
	time.parse_duration_ns(route.timeout) > minute
	message := sprintf("%s has a timeout of %s, more than 60s", [model.route_name(a, r), route.timeout])
}
