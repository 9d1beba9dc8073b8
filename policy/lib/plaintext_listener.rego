# METADATA
# title: Production listeners speak TLS
# description: >-
#   A production listener speaks plain HTTP and does not redirect: credentials and answers cross the network in
#   clear text.
# custom:
#   code: plaintext-listener
#   severity: error
#   help: set tls on the listener, or a redirect to one that has it; where something in front of the gateway ends TLS, record that in a waiver
package gwc.policy.plaintext_listener

import data.gwc.model

deny contains {"path": ["listeners", name], "message": message} if {
	model.production
	some name, listener in input.listeners
	not listener.tls
	not listener.redirect
	message := sprintf("listener %q serves plain HTTP on port %d in production", [name, listener.port])
}
