# METADATA
# title: Not everybody is a trusted proxy
# description: >-
#   Every address is trusted to say in X-Forwarded-For whose request it brings, so that a client can name any
#   address as its own and pass rate limits that count by IP.
# custom:
#   code: trusted-proxies-any
#   severity: error
#   help: list the address ranges of the proxies that stand in front of the gateway
package gwc.policy.trusted_proxies_any

deny contains {"path": ["trustedProxies", i], "message": message} if {
	some i, range in input.trustedProxies
	endswith(range, "/0")
	message := sprintf("trusted proxies include every address: %q", [range])
}
