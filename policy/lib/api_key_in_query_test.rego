package gwc.policy.api_key_in_query_test

import data.gwc.policy.api_key_in_query as rule

found(environment, auth) := result if {
	result := rule.deny with input as {"environment": environment, "apis": {"a": {"routes": {"r": {"auth": auth}}}}}
}

test_query if {
	some finding in found("production", {"apiKey": {"header": "apikey", "query": "key"}})
	finding.path == ["apis", "a", "routes", "r", "auth", "apiKey", "query"]
}

test_header_only if count(found("production", {"apiKey": {"header": "apikey"}})) == 0

test_elsewhere if count(found("dev", {"apiKey": {"query": "key"}})) == 0
