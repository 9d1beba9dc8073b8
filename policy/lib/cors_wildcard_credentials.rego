# METADATA
# title: CORS with credentials must name its origins
# description: >-
#   With credentials and any origin, every page on the web can act as the caller who looks at it. The origin
#   "null" is no better: any sandboxed frame has it.
# custom:
#   code: cors-wildcard-credentials
#   severity: error
#   help: list the origins that may send credentials, or turn credentials off
package gwc.policy.cors_wildcard_credentials

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "cors", "origins", i], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	route.cors.credentials
	some i, origin in route.cors.origins
	origin in {"*", "null"}
	message := sprintf("%s lets pages of origin %q send credentials", [model.route_name(a, r), origin])
}
