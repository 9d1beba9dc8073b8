package gwc.policy.timeout_too_long_test

import data.gwc.policy.timeout_too_long as rule

found(timeout) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": {"backends": {"b": {}}, "timeout": timeout}}}}}
}

test_too_long if {
	some finding in found("1m1s")
	finding.path == ["apis", "a", "routes", "r", "timeout"]
}

test_hours if count(found("1h")) == 1

test_at_the_bound if count(found("1m")) == 0

test_short if count(found("500ms")) == 0

test_no_backends if {
	count(rule.deny) == 0 with input as {"apis": {"a": {"routes": {"r": {"respond": {}, "timeout": "1h"}}}}}
}

test_none if count(rule.deny) == 0 with input as {"apis": {"a": {"routes": {"r": {}}}}}
