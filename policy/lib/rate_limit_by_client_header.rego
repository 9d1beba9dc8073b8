# METADATA
# title: A public rate limit must not count by a header alone
# description: >-
#   The client of a public route chooses its headers, and with each new value it has a fresh allowance: where
#   every window counts by a header, nothing is limited.
# custom:
#   code: rate-limit-by-client-header
#   severity: warning
#   help: 'add a window that counts by "ip" or "route", or authenticate callers and count by "consumer"'
package gwc.policy.rate_limit_by_client_header

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "rateLimit"], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	route.rateLimit
	not model.authenticated(route)
	count(route.rateLimit) > 0
	every window in route.rateLimit {
		window.by == "header"
	}
	message := sprintf("%s is public, and its rate limit counts by a header that the client chooses", [model.route_name(a, r)])
}
