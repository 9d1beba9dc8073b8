package gwc.policy.timeout_missing_test

import data.gwc.policy.timeout_missing as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

test_missing if {
	some finding in found({"backends": {"b": {}}})
	finding.path == ["apis", "a", "routes", "r"]
}

test_set if count(found({"backends": {"b": {}}, "timeout": "10s"})) == 0

test_redirect if count(found({"redirect": {"status": 301}})) == 0

test_respond if count(found({"respond": {"status": 200}})) == 0
