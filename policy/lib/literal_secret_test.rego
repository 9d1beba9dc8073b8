package gwc.policy.literal_secret_test

import data.gwc.policy.literal_secret as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

# The samples are put together here so that no scanner takes this file for a leak.
jwt := concat(".", ["eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhIn0", "c2ln"])

pem := concat(" ", ["-----BEGIN", "EC PRIVATE", "KEY-----"])

aws := concat("", ["AKIA", "IOSFODNN7EXAMPLE"])

hex := "0123456789abcdef0123456789abcdef"

looks(name, value) := {kind | kind := rule.credential(name, value)}

test_request_header if {
	some finding in found({"headers": {"request": {"set": {"authorization": "Bearer abcdef123456"}}}})
	finding.path == ["apis", "a", "routes", "r", "headers", "request", "set", "authorization"]
	finding.message == `the value of "authorization" looks like credentials`
}

test_value_is_not_shown if {
	some finding in found({"headers": {"response": {"add": {"x": jwt}}}})
	not contains(finding.message, "eyJ")
}

test_respond_header if {
	some finding in found({"respond": {"headers": {"x-api-key": "s3cr3tvalue"}}})
	finding.path == ["apis", "a", "routes", "r", "respond", "headers", "x-api-key"]
}

test_respond_body if {
	some finding in found({"respond": {"body": pem}})
	finding.path == ["apis", "a", "routes", "r", "respond", "body"]
}

test_match if {
	some finding in found({"match": {"headers": {"x-origin-token": {"exact": "abc123def456"}}}})
	finding.path == ["apis", "a", "routes", "r", "match", "headers", "x-origin-token", "exact"]
}

test_match_harmless if count(found({"match": {"headers": {"x-api-version": {"exact": "v2"}, "x-token": {"present": true}}}})) == 0

test_jwks_url if {
	some finding in found({"auth": {"jwt": {"jwks": {"url": "https://user:pass@id.example.com/keys"}}}})
	finding.path == ["apis", "a", "routes", "r", "auth", "jwt", "jwks", "url"]
}

test_issuer if {
	some finding in found({"auth": {"jwt": {"issuer": "https://user:pass@id.example.com"}}})
	finding.path == ["apis", "a", "routes", "r", "auth", "jwt", "issuer"]
}

test_jwks_private if {
	paths := {finding.path |
		some finding in found({"auth": {"jwt": {"jwks": {"inline": {"keys": [
			{"kty": "EC", "x": "1"},
			{"kty": "EC", "d": "2"},
			{"kty": "oct", "k": "3"},
		]}}}}})
	}
	keys := ["apis", "a", "routes", "r", "auth", "jwt", "jwks", "inline", "keys"]
	paths == {array.concat(keys, [1]), array.concat(keys, [2])}
}

test_annotation if {
	some finding in rule.deny with input as {"targets": {"kube": {"service": {"annotations": {"example.com/k": aws}}}}}
	finding.path == ["targets", "kube", "service", "annotations", "example.com/k"]
}

test_shapes if {
	looks("x", pem) == {"a private key"}
	looks("x", aws) == {"an AWS access key"}
	looks("x", jwt) == {"a JSON Web Token"}
	looks("x", concat("", ["ghp_", hex, "0000"])) == {"an access token"}
	looks("x", "postgres://app:hunter2@db/main") == {"a URL with a password"}
}

test_names if {
	looks("Authorization", "x") == {"credentials"}
	looks("x-upstream", "Basic dXNlcjpwYXNz") == {"credentials"}
	looks("x-password", "hunter") == {"a password"}
	looks("x-auth-token", "abc12345") == {"a secret"}
	looks("apikey", "k3yk3yk3y") == {"a secret"}
	looks("x-session", hex) == {"a secret"}
	looks("x-key", "aB3dE6gH9jK2mN5pQ8sT") == {"a secret"}
}

test_harmless if {
	every name, value in {
		"x-api-version": "v1",
		"x-token-type": "Bearer",
		"x-token-endpoint": "https://auth2.example.com/token",
		"x-csrf-token": "/csrf/v2",
		"x-idp-token": "auth2.example.com/token",
		"www-authenticate": "Bearer realm=example2024",
		"x-secret": "true",
		"surrogate-key": "products-catalogue-2024-summer",
		"cache-key": "eu-west-1-products-2024",
		"x-key": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"authorization": "",
		"strict-transport-security": "max-age=63072000; includeSubDomains",
		"content-security-policy": "default-src 'self' https://cdn1.example.com:8443",
	} {
		looks(name, value) == set()
	}
}
