package gwc.policy.jwks_plain_http_test

import data.gwc.policy.jwks_plain_http as rule

found(jwks) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": {"auth": {"jwt": {"jwks": jwks}}}}}}}
}

test_plain if {
	some finding in found({"url": "http://id.example.com/keys"})
	finding.path == ["apis", "a", "routes", "r", "auth", "jwt", "jwks", "url"]
}

test_https if count(found({"url": "https://id.example.com/keys"})) == 0

test_loopback if {
	every url in ["http://localhost:8080/keys", "http://127.0.0.1/keys", "http://[::1]:80/keys"] {
		count(found({"url": url})) == 0
	}
}

test_name_that_begins_like_loopback if count(found({"url": "http://localhost.example.com/keys"})) == 1

test_inline if count(found({"inline": {"keys": []}})) == 0
