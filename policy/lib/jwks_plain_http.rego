# METADATA
# title: Key sets are fetched over TLS
# description: >-
#   The key set decides which tokens are genuine. Fetched over plain HTTP, anybody on the way can put their own
#   keys in. A key set on the proxy's own machine is left alone.
# custom:
#   code: jwks-plain-http
#   severity: error
#   help: use the key set's https address
package gwc.policy.jwks_plain_http

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "auth", "jwt", "jwks", "url"], "message": message} if {
	some a, api in input.apis
	some r, route in api.routes
	url := route.auth.jwt.jwks.url
	startswith(lower(url), "http://")
	not regex.match(`^(?i)http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?([/?#]|$)`, url)
	message := sprintf("%s fetches its key set over plain HTTP", [model.route_name(a, r)])
}
