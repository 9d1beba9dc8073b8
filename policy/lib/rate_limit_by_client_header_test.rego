package gwc.policy.rate_limit_by_client_header_test

import data.gwc.policy.rate_limit_by_client_header as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

by_header := {"requests": 1, "per": "minute", "by": "header", "header": "x-tenant"}

by_ip := {"requests": 1, "per": "minute", "by": "ip"}

test_header_alone if {
	some finding in found({"rateLimit": {"w": by_header}})
	finding.path == ["apis", "a", "routes", "r", "rateLimit"]
}

test_with_ip if count(found({"rateLimit": {"w": by_header, "x": by_ip}})) == 0

test_ip if count(found({"rateLimit": {"x": by_ip}})) == 0

test_no_limit if count(found({"backends": {"b": {}}})) == 0

test_no_windows if count(found({"rateLimit": {}})) == 0

test_authenticated if count(found({"rateLimit": {"w": by_header}, "auth": {"apiKey": {}}})) == 0
