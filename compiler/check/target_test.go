package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckReplicas(t *testing.T) {
	replicas := func(low, high int) func(*schema.Gateway) {
		return func(g *schema.Gateway) {
			g.Targets = &schema.Targets{Kube: &schema.Kube{Replicas: schema.Replicas{Min: low, Max: high}}}
		}
	}
	run(t, []test{
		{"as many as at most", replicas(4, 4), nil},
		{"more than at most", replicas(8, 4), []string{
			"error replicas-order targets.kube.replicas.min: at least 8 replicas are asked for and at most 4",
			"  help: set targets.kube.replicas.max to 8 or more",
		}},
	})
}
