# METADATA
# title: Production APIs name their hosts
# description: >-
#   In production an API answers for a wildcard, or for any host at all, and so for names that nobody has
#   thought of. An API without hosts is fine where each listener that serves it names its own.
# custom:
#   code: wildcard-host
#   severity: warning
#   help: list the API's host names in hosts, each in full
package gwc.policy.wildcard_host

import data.gwc.model

deny contains {"path": ["apis", a], "message": message} if {
	model.production
	some a, api in input.apis
	not api.hosts
	open_listener(api)
	message := sprintf("API %q answers for any host in production", [a])
}

deny contains {"path": ["apis", a, "hosts", i], "message": message} if {
	model.production
	some a, api in input.apis
	some i, host in api.hosts
	startswith(host, "*")
	message := sprintf("API %q answers for the wildcard host %q in production", [a, host])
}

open_listener(api) if {
	some listener in model.listeners(api)
	not listener.hosts
}

open_listener(api) if {
	some listener in model.listeners(api)
	some host in listener.hosts
	startswith(host, "*")
}
