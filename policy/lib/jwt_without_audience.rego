# METADATA
# title: JWT authentication names its audience
# description: >-
#   Without an audience the route takes every token of the issuer, also those made for another service, which
#   can then replay them here (RFC 8725, section 3.9).
# custom:
#   code: jwt-without-audience
#   severity: error
#   help: set auth.jwt.audiences to the names that the issuer gives this API
package gwc.policy.jwt_without_audience

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "auth", "jwt"], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	route.auth.jwt
	count(object.get(route.auth.jwt, "audiences", [])) == 0
	message := sprintf("%s takes tokens for any audience", [model.route_name(a, r)])
}
