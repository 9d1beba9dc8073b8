package gwc.policy.trusted_proxies_any_test

import data.gwc.policy.trusted_proxies_any as rule

paths(proxies) := result if {
	result := {finding.path | some finding in rule.deny} with input as {"trustedProxies": proxies}
}

test_any if paths(["10.0.0.0/8", "0.0.0.0/0", "::/0"]) == {["trustedProxies", 1], ["trustedProxies", 2]}

test_ranges if paths(["10.0.0.0/8", "fd00::/8", "192.0.2.1", "10.0.0.0/10"]) == set()

test_none if count(rule.deny) == 0 with input as {}
