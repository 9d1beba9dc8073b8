package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckLimits(t *testing.T) {
	limits := func(l schema.ListenerLimits) func(*schema.Gateway) {
		return func(g *schema.Gateway) { g.Listeners["http"] = schema.Listener{Port: 8080, Limits: &l} }
	}
	run(t, []test{
		{"a target as long as the header", limits(schema.ListenerLimits{HeaderBytes: 4096}), []string{
			`error limit-order listeners.http.limits.uriBytes: uriBytes 8192 is not below headerBytes 4096, which a target is part of`,
			`  help: write a smaller uriBytes, or a larger headerBytes`,
			`  listeners.http.limits.headerBytes: the header's bound`,
		}},
		{"one address may have more than all", limits(schema.ListenerLimits{Connections: 10, ConnectionsPerAddress: 20}), []string{
			`warning limit-order listeners.http.limits.connectionsPerAddress: connectionsPerAddress 20 bounds nothing: connections is 10`,
			`  help: write a connectionsPerAddress below 10`,
			`  listeners.http.limits.connections: the bound of all together`,
		}},
		{"limits in order are fine", limits(schema.ListenerLimits{HeaderBytes: 16384, ConnectionsPerAddress: 100}), nil},
	})
}
