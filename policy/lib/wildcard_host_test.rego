package gwc.policy.wildcard_host_test

import data.gwc.policy.wildcard_host as rule

gateway(environment, listener, api) := {
	"environment": environment,
	"listeners": {"http": {"port": 1, "redirect": {"listener": "https"}}, "https": listener},
	"apis": {"a": api},
}

paths(g) := result if {
	result := {finding.path | some finding in rule.deny} with input as g
}

test_any_host if paths(gateway("production", {"port": 2}, {})) == {["apis", "a"]}

test_wildcard if {
	paths(gateway("prod-eu", {"port": 2}, {"hosts": ["a.example.com", "*.example.com"]})) == {["apis", "a", "hosts", 1]}
}

test_wildcard_listener if paths(gateway("production", {"port": 2, "hosts": ["*.example.com"]}, {})) == {["apis", "a"]}

test_listener_names_its_hosts if paths(gateway("production", {"port": 2, "hosts": ["a.example.com"]}, {})) == set()

test_named if paths(gateway("production", {"port": 2}, {"hosts": ["a.example.com"]})) == set()

test_elsewhere if paths(gateway("staging", {"port": 2}, {"hosts": ["*.example.com"]})) == set()
