package gwc.policy.public_without_rate_limit_test

import data.gwc.policy.public_without_rate_limit as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

test_public if {
	some finding in found({"backends": {"b": {}}, "match": {"methods": ["GET"]}})
	finding.path == ["apis", "a", "routes", "r"]
}

test_limited if count(found({"backends": {"b": {}}, "rateLimit": {"w": {"requests": 1, "per": "minute", "by": "ip"}}})) == 0

test_authenticated if count(found({"backends": {"b": {}}, "auth": {"jwt": {"issuer": "i"}}})) == 0

test_redirect if count(found({"redirect": {"status": 301}})) == 0

test_respond if count(found({"respond": {"status": 200}})) == 0
