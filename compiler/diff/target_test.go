package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChangesOfTargets has a setting go from one value to another; null is none.
func TestChangesOfTargets(t *testing.T) {
	const kube, key = "targets.kube.", `"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"`
	for _, tt := range []struct{ path, old, new, want string }{
		{kube + "keys", `null`, `{"ci": ` + key + `}`, `+ targets.kube.keys.ci: public key sha256:9809eb442554  risky: proxies trust others`},
		{kube + "keys", `{"ci": ` + key + `}`, `null`, `- targets.kube.keys.ci: public key sha256:9809eb442554  risky: proxies trust others`},
		{kube + "trust", `null`, `{"keys": {"a": {}, "b": {}}, "authorities": {"ca": "x"}, "configMap": "c"}`, `+ targets.kube.trust: 2 keys, 1 authority, ConfigMap "c"  risky: proxies trust others`},
		{kube + "trust.keys.a", `{"pem": "x"}`, `null`, `- targets.kube.trust.keys.a: "x"  risky: proxies trust others`},
		{kube + "trust.keys", `{"a": {"pem": "x"}}`, `{"b": {"pem": "x"}}`, `- targets.kube.trust.keys.a: "x"  risky: proxies trust others
+ targets.kube.trust.keys.b: "x"  risky: proxies trust others`},
		{kube + "trust.keys.a.expires", `"2027-01-31"`, `"2027-02-28"`, `~ targets.kube.trust.keys.a.expires: "2027-01-31" -> "2027-02-28"  risky: trust ends later`},
		{kube + "trust.keys.a", `{"pem": "x", "expires": "2027-01-31"}`, `{"pem": "x"}`, `- targets.kube.trust.keys.a.expires: "2027-01-31"  risky: trust does not end any more`},
		{kube + "trust.keys.a", `{"pem": "x"}`, `{"pem": "x", "expires": "2027-01-31"}`, `+ targets.kube.trust.keys.a.expires: "2027-01-31"  safe: trust ends`},
		{kube + "trust.identities.ci.subjectPattern", `"a"`, `".*"`, `~ targets.kube.trust.identities.ci.subjectPattern: "a" -> ".*"  risky: proxies trust others`},
		{kube + "trust.identities.ci.expires", `"2027-02-28"`, `"2027-01-31"`, `~ targets.kube.trust.identities.ci.expires: "2027-02-28" -> "2027-01-31"  safe: trust ends sooner`},
		{kube + "trust.keys.a.expires", `"2027-01-31T12:00:00Z"`, `"2027-01-31"`, `~ targets.kube.trust.keys.a.expires: "2027-01-31T12:00:00Z" -> "2027-01-31"  risky: trust ends later`},
		{kube + "trust.keys.a.expires", `"2027-01-31T23:00:00+02:00"`, `"2027-01-31T22:30:00Z"`, `~ targets.kube.trust.keys.a.expires: "2027-01-31T23:00:00+02:00" -> "2027-01-31T22:30:00Z"  risky: trust ends later`},
		{kube + "trust.authorities.ca", `"a"`, `"b"`, `~ targets.kube.trust.authorities.ca: "a" -> "b"  risky: proxies trust others`},
		{kube + "trust.configMap", `"a"`, `"b"`, `~ targets.kube.trust.configMap: "a" -> "b"  risky: proxies trust others`},

		{kube + "isolate", `null`, `true`, `+ targets.kube.isolate: true  risky: an API that cannot be built answers 503`},
		{kube + "isolate", `true`, `null`, `- targets.kube.isolate: true  risky: an API that cannot be built holds back the others`},
		{kube + "maxStaleness", `null`, `"600s"`, `+ targets.kube.maxStaleness: 10m  safe: maxStaleness added`},
		{kube + "maxStaleness", `"10m"`, `"15m"`, `~ targets.kube.maxStaleness: 10m -> 15m  risky: maxStaleness raised`},
		{kube + "maxStaleness", `"10m"`, `null`, `- targets.kube.maxStaleness: 10m  risky: maxStaleness removed`},
		{kube + "pollInterval", `null`, `"1m"`, `+ targets.kube.pollInterval: 1m  risky: changes come to proxies sooner or later than before`},
		{kube + "jwksMaxAge", `"24h"`, `"1h"`, `~ targets.kube.jwksMaxAge: 24h -> 1h  risky: issuers' keys are used for longer or shorter in an outage`},
		{kube + "unreadyWhenStale", `null`, `true`, `+ targets.kube.unreadyWhenStale: true  risky: proxies that are stale take no traffic`},
		{kube + "unreadyWhenStale", `true`, `null`, `- targets.kube.unreadyWhenStale: true  safe: proxies that are stale take traffic`},
		{"targets.kube", `{"maxStaleness": "10m", "unreadyWhenStale": true}`, `{"maxStaleness": "5m", "unreadyWhenStale": true}`, `~ targets.kube.maxStaleness: 10m -> 5m  risky: maxStaleness lowered`},
		{kube + "registry", `null`, `{"mirrors": {"r.example": ["b.example", "a.example"]}}`, `+ targets.kube.registry: {"mirrors":{"r.example":["b.example","a.example"]}}  risky: the registry is reached in another way`},
		{kube + "registry.mirrors", `{"r.example": ["a.example"]}`, `{"r.example": ["b.example", "a.example"]}`, `~ targets.kube.registry.mirrors."r.example": ["a.example"] -> ["b.example","a.example"]  risky: other mirrors are asked first`},
		{kube + "registry", `{"audience": "a", "mirrors": {"r.example": ["a.example"]}}`, `{"audience": "a"}`, `- targets.kube.registry.mirrors."r.example": ["a.example"]  safe: no mirror is asked`},
		{kube + "registry", `{"caSecret": "a", "audience": "a"}`, `{"caSecret": "b", "audience": "b"}`, `~ targets.kube.registry.audience: "a" -> "b"  risky: the registry is asked with other credentials
~ targets.kube.registry.caSecret: "a" -> "b"  risky: the registry is verified by other certificates`},
		{kube + "repository", `"oci://a.example/g"`, `"oci://b.example/g"`, `~ targets.kube.repository: "oci://a.example/g" -> "oci://b.example/g"  risky: bundles come from elsewhere`},
		{kube + "image", `null`, `"gwproxy:2"`, `~ targets.kube.image: "ghcr.io/gwc-dev/gwproxy:latest" -> "gwproxy:2"  risky: another gwproxy`},

		{kube + "namespace", `null`, `"edge"`, `~ targets.kube.namespace: "gateway" -> "edge"  breaking: the gateway moves to another namespace`},
		{kube + "name", `null`, `"edge"`, `~ targets.kube.name: "gwproxy" -> "edge"  breaking: the gateway's Service has another name`},
		{kube + "service.type", `"LoadBalancer"`, `"NodePort"`, `~ targets.kube.service.type: "LoadBalancer" -> "NodePort"  breaking: fewer clients reach the gateway`},
		{kube + "service.type", `null`, `"LoadBalancer"`, `~ targets.kube.service.type: "ClusterIP" -> "LoadBalancer"  risky: more clients reach the gateway`},
		{kube + "service.ports", `null`, `{"http": 80}`, `+ targets.kube.service.ports.http: 80  breaking: clients must connect to another port`},
		{kube + "service.ports", `{"http": 80}`, `{"http": 81}`, `~ targets.kube.service.ports.http: 80 -> 81  breaking: clients must connect to another port`},
		{kube + "service.ports", `{"http": 80}`, `null`, `- targets.kube.service.ports.http: 80  breaking: clients must connect to another port`},
		{kube + "service.ports", `null`, `{"http": 8080}`, `+ targets.kube.service.ports.http: 8080  safe: port added`},
		{kube + "service.annotations", `null`, `{"internal": "false"}`, `+ targets.kube.service.annotations.internal: "false"  risky: whoever makes load balancers is told otherwise`},
		{kube + "replicas", `{"min": 3, "max": 9}`, `{"min": 2, "max": 12}`, `~ targets.kube.replicas.max: 9 -> 12  safe: most replicas raised
~ targets.kube.replicas.min: 3 -> 2  risky: least replicas lowered`},
		{kube + "targetCPU", `50`, `90`, `~ targets.kube.targetCPU: 50 -> 90  risky: targetCPU raised`},
		{kube + "resources.limits.memory", `"1Gi"`, `"128Mi"`, `~ targets.kube.resources.limits.memory: "1Gi" -> "128Mi"  risky: pods have other resources`},

		{"targets.prometheus.interval", `"15s"`, `"30s"`, `~ targets.prometheus.interval: 15s -> 30s  safe: interval changed`},
		{"targets.prometheus.staleAfter", `"10m"`, `"20m"`, `~ targets.prometheus.staleAfter: 10m -> 20m  risky: staleAfter raised`},
		{"targets.flux", `null`, `{"namespace": "flux-system", "interval": "2m", "verifySecret": "keys"}`, `~ targets.flux.interval: 1m -> 2m  safe: interval changed
~ targets.flux.verifySecret: "gwc-cosign-pub" -> "keys"  risky: Flux trusts others`},
	} {
		t.Run(tt.path+"="+tt.new, func(t *testing.T) {
			got := changes(t, model(t, edited(t, base, tt.path, tt.old)), model(t, edited(t, base, tt.path, tt.new)))
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}
