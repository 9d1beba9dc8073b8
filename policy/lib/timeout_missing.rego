# METADATA
# title: Routes to backends have a timeout
# description: >-
#   A route waits for its backends without end: when one hangs, so do its callers, and each of them holds a
#   connection.
# custom:
#   code: timeout-missing
#   severity: warning
#   help: 'set timeout on the route, its API or the gateway, for instance timeout: "10s"'
package gwc.policy.timeout_missing

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	not route.timeout
	route.backends
	message := sprintf("%s has no timeout", [model.route_name(a, r)])
}
