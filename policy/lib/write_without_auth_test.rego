package gwc.policy.write_without_auth_test

import data.gwc.policy.write_without_auth as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

test_every_method if {
	some finding in found({"backends": {"b": {"weight": 1}}, "match": {"path": {"prefix": "/"}}})
	finding.path == ["apis", "a", "routes", "r"]
	finding.message == `route "r" of API "a" takes every method without authentication`
}

test_writes_are_named if {
	some finding in found({"backends": {"b": {}}, "match": {"methods": ["PUT", "GET", "DELETE"]}})
	contains(finding.message, " takes DELETE, PUT without ")
}

test_each_write if {
	every method in ["POST", "PUT", "PATCH", "DELETE", "MKCOL"] {
		count(found({"backends": {"b": {}}, "match": {"methods": [method]}})) == 1
	}
}

test_reads_only if count(found({"backends": {"b": {}}, "match": {"methods": ["GET", "HEAD", "OPTIONS"]}})) == 0

test_authenticated if count(found({"backends": {"b": {}}, "auth": {"apiKey": {"header": "apikey"}}})) == 0

test_no_way_to_authenticate if count(found({"backends": {"b": {}}, "auth": {"allow": {"groups": ["g"]}}})) == 1

test_redirect if count(found({"redirect": {"scheme": "https", "status": 301}})) == 0

test_respond if count(found({"respond": {"status": 204}})) == 0
