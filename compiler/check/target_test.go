package check_test

import (
	"testing"
	"time"

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

func TestCheckStaleness(t *testing.T) {
	kube := func(k schema.Kube) func(*schema.Gateway) {
		return func(g *schema.Gateway) { g.Targets = &schema.Targets{Kube: &k} }
	}
	run(t, []test{
		{"never", kube(schema.Kube{}), nil},
		{"long enough", kube(schema.Kube{MaxStaleness: schema.Duration(time.Minute), UnreadyWhenStale: true}), nil},
		{"between two looks", kube(schema.Kube{MaxStaleness: schema.Duration(schema.PollInterval)}), []string{
			"error staleness targets.kube.maxStaleness: proxies look at the registry every 30s, and would be stale between two looks after 30s",
			"  help: allow for some looks that fail: write several minutes or more",
		}},
		{"between two rare looks", kube(schema.Kube{MaxStaleness: schema.Duration(time.Minute), PollInterval: schema.Duration(time.Minute)}), []string{
			"error staleness targets.kube.maxStaleness: proxies look at the registry every 1m, and would be stale between two looks after 1m",
			"  help: allow for some looks that fail: write several minutes or more",
		}},
		{"after frequent looks", kube(schema.Kube{MaxStaleness: schema.Duration(20 * time.Second), PollInterval: schema.Duration(time.Second)}), nil},
		{"an alert between two looks", func(g *schema.Gateway) {
			g.Targets = &schema.Targets{
				Kube:       &schema.Kube{PollInterval: schema.Duration(15 * time.Minute)},
				Prometheus: &schema.Prometheus{StaleAfter: schema.Duration(10 * time.Minute)},
			}
		}, []string{
			"error staleness targets.prometheus.staleAfter: proxies look at the registry every 15m, and the alert would fire between two looks after 10m",
			"  help: allow for some looks that fail: write several times targets.kube.pollInterval",
		}},
		{"looks without a pause", kube(schema.Kube{PollInterval: 1}), []string{
			"error staleness targets.kube.pollInterval: each proxy asks the registry again after 1ns",
			"  help: set targets.kube.pollInterval to 1s or more",
		}},
		{"keys for an hour", kube(schema.Kube{JWKSMaxAge: schema.Duration(time.Hour)}), nil},
		{"keys for a moment", kube(schema.Kube{JWKSMaxAge: schema.Duration(time.Second)}), []string{
			"error key-age targets.kube.jwksMaxAge: issuers' keys are to be used for 1s, and proxies take no less than 5m",
			"  help: set targets.kube.jwksMaxAge to 5m or more: an outage of an issuer that is longer fails its tokens",
		}},
		{"unready at no time", kube(schema.Kube{UnreadyWhenStale: true}), []string{
			"error staleness targets.kube.unreadyWhenStale: proxies are to be unready when they are stale, and nothing says when that is",
			"  help: set targets.kube.maxStaleness, or leave unreadyWhenStale out",
		}},
	})
}

func TestCheckTrust(t *testing.T) {
	run(t, []test{
		{"nobody", func(g *schema.Gateway) { g.Targets = &schema.Targets{Kube: &schema.Kube{Trust: &schema.Trust{}}} }, nil},
		{"what is no key, and an identity of nobody's", func(g *schema.Gateway) {
			g.Targets = &schema.Targets{Kube: &schema.Kube{
				Keys:  map[string]string{"ci": "hello"},
				Trust: &schema.Trust{Identities: map[string]schema.TrustedIdentity{"ci": {Issuer: "https://x", Subject: "y"}}},
			}}
		}, []string{
			`error target-key targets.kube.keys.ci: key "ci": there is no PEM block: not a public key`,
			"  help: put the .pub file that gwc keygen or cosign wrote here",
			"error target-trust targets.kube.trust.identities: nobody gives the identities their certificates",
			"  help: set targets.kube.trust.authorities",
		}},
	})
}
