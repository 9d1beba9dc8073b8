# METADATA
# title: API keys do not travel in query strings in production
# description: Query strings end in access logs, browser histories and Referer headers, and the keys in them with them.
# custom:
#   code: api-key-in-query
#   severity: warning
#   help: take the key from a header, and leave auth.apiKey.query out
package gwc.policy.api_key_in_query

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "auth", "apiKey", "query"], "message": message} if {
	model.production
	some a, api in input.apis
	some r, route in api.routes
	parameter := route.auth.apiKey.query
	message := sprintf("%s takes API keys from the query parameter %q in production", [model.route_name(a, r), parameter])
}
