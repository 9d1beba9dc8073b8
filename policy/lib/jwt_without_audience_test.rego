package gwc.policy.jwt_without_audience_test

import data.gwc.policy.jwt_without_audience as rule

found(auth) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": {"auth": auth}}}}}
}

test_missing if {
	some finding in found({"jwt": {"issuer": "https://id.example.com"}})
	finding.path == ["apis", "a", "routes", "r", "auth", "jwt"]
}

test_empty if count(found({"jwt": {"issuer": "https://id.example.com", "audiences": []}})) == 1

test_named if count(found({"jwt": {"issuer": "https://id.example.com", "audiences": ["users"]}})) == 0

test_api_key if count(found({"apiKey": {"header": "apikey"}})) == 0
