package gwc.policy.cors_wildcard_credentials_test

import data.gwc.policy.cors_wildcard_credentials as rule

found(cors) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": {"cors": cors}}}}}
}

test_wildcard if {
	some finding in found({"origins": ["https://a.example.com", "*"], "credentials": true})
	finding.path == ["apis", "a", "routes", "r", "cors", "origins", 1]
}

test_null if count(found({"origins": ["null"], "credentials": true})) == 1

test_without_credentials if count(found({"origins": ["*"]})) == 0

test_credentials_off if count(found({"origins": ["*"], "credentials": false})) == 0

test_named if count(found({"origins": ["https://a.example.com", "https://*.example.com"], "credentials": true})) == 0
