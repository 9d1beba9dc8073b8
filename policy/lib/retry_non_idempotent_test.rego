package gwc.policy.retry_non_idempotent_test

import data.gwc.policy.retry_non_idempotent as rule

found(route) := result if {
	result := rule.deny with input as {"apis": {"a": {"routes": {"r": route}}}}
}

test_post if {
	some finding in found({"retry": {"on": ["connect-failure", "503", "reset"], "methods": ["GET", "POST", "PATCH"]}})
	finding.path == ["apis", "a", "routes", "r", "retry"]
	contains(finding.message, " tries PATCH, POST again on 503, reset, ")
}

test_connect_failure_only if count(found({"retry": {"on": ["connect-failure"], "methods": ["POST"]}})) == 0

test_idempotent if count(found({"retry": {"on": ["5xx"], "methods": ["GET", "PUT", "DELETE"]}})) == 0

test_route_does_not_take_it if {
	count(found({"match": {"methods": ["GET"]}, "retry": {"on": ["5xx"], "methods": ["GET", "POST"]}})) == 0
}

test_route_takes_it if {
	count(found({"match": {"methods": ["POST"]}, "retry": {"on": ["5xx"], "methods": ["GET", "POST"]}})) == 1
}

test_no_retry if count(found({"match": {"methods": ["POST"]}})) == 0
