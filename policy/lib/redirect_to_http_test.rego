package gwc.policy.redirect_to_http_test

import data.gwc.policy.redirect_to_http as rule

found(environment, redirect) := result if {
	result := rule.deny with input as {"environment": environment, "apis": {"a": {"routes": {"r": {"redirect": redirect}}}}}
}

test_http if {
	some finding in found("production", {"scheme": "http", "status": 301})
	finding.path == ["apis", "a", "routes", "r", "redirect", "scheme"]
}

test_https if count(found("production", {"scheme": "https"})) == 0

test_same_scheme if count(found("production", {"host": "new.example.com"})) == 0

test_elsewhere if count(found("dev", {"scheme": "http"})) == 0
