package gwc.policy.plaintext_listener_test

import data.gwc.policy.plaintext_listener as rule

found(environment, listener) := result if {
	result := rule.deny with input as {"environment": environment, "listeners": {"l": listener}}
}

test_plain if {
	some finding in found("production", {"port": 8080})
	finding.path == ["listeners", "l"]
	finding.message == `listener "l" serves plain HTTP on port 8080 in production`
}

test_tls if count(found("production", {"port": 8443, "tls": {"certificates": {"default": {"secret": "s"}}}})) == 0

test_redirect if count(found("production", {"port": 8080, "redirect": {"listener": "https"}})) == 0

test_elsewhere if count(found("dev", {"port": 8080})) == 0
