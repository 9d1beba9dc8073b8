# METADATA
# title: Production routes do not redirect to plain HTTP
# description: The redirect takes callers from TLS to clear text, with the cookies and queries of their request.
# custom:
#   code: redirect-to-http
#   severity: error
#   help: 'set redirect.scheme to "https", or leave it out to keep the scheme of the request'
package gwc.policy.redirect_to_http

import data.gwc.model

deny contains {"path": ["apis", a, "routes", r, "redirect", "scheme"], "message": message} if {
	model.production
	some a, api in input.apis
	some r, route in api.routes
	route.redirect.scheme == "http"
	message := sprintf("%s redirects to plain HTTP in production", [model.route_name(a, r)])
}
