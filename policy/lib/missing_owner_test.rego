package gwc.policy.missing_owner_test

import data.gwc.policy.missing_owner as rule

found(api) := result if {
	result := rule.deny with input as {"apis": {"a": api}}
}

test_missing if {
	some finding in found({"routes": {}})
	finding.path == ["apis", "a"]
}

test_blank if count(found({"owner": " "})) == 1

test_owned if count(found({"owner": "team-platform"})) == 0
