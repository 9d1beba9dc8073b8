package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckPorts(t *testing.T) {
	run(t, []test{
		{"two listeners with one port", func(g *schema.Gateway) { g.Listeners["other"] = schema.Listener{Port: 8080} }, []string{
			`error port-shared listeners.other.port: listeners "http" and "other" have the same port 8080`,
			"  help: give each listener a port of its own; several host names can share one listener",
			`  listeners.http.port: the port of listener "http"`,
		}},
		{"a listener with the admin port", func(g *schema.Gateway) {
			g.Targets = &schema.Targets{Kube: &schema.Kube{AdminPort: 8080}}
		}, []string{
			`error port-shared listeners.http.port: listener "http" has port 8080, which is the admin port`,
			"  help: give the listener another port, or set targets.kube.adminPort",
			"  targets.kube.adminPort: the admin port",
		}},
		{"an admin port of its own is fine", func(g *schema.Gateway) {
			g.Targets = &schema.Targets{Kube: &schema.Kube{AdminPort: 9901}}
		}, nil},
	})
}
