package kube_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render/kube"
	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

func input(t *testing.T) manifest.Input {
	t.Helper()
	data, err := os.ReadFile("../testdata/gateway.json")
	if err != nil {
		t.Fatal(err)
	}
	g, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Input{Gateway: g.Resolve()}
}

// minimal is an environment that sets nothing but what has to be set.
func minimal() manifest.Input {
	g := &schema.Gateway{Environment: "dev", Targets: &schema.Targets{Kube: &schema.Kube{Repository: "oci://localhost:5000/gateway"}}}
	return manifest.Input{Gateway: g.Resolve()}
}

func renderAll(t *testing.T, in manifest.Input) map[string]string {
	t.Helper()
	files, err := kube.Target{}.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[f.Path] = string(f.Data)
	}
	return out
}

func deployment(t *testing.T, in manifest.Input) appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(renderAll(t, in)["kube/deployment.yaml"]), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPodsMeetTheRestrictedStandard(t *testing.T) {
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	for name, in := range map[string]manifest.Input{"rich": input(t), "minimal": minimal()} {
		t.Run(name, func(t *testing.T) {
			pod := deployment(t, in).Spec.Template
			for _, r := range checks.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
				if !r.Allowed {
					t.Errorf("%s: %s", r.ForbiddenReason, r.ForbiddenDetail)
				}
			}
			// The check itself must be able to fail.
			pod.Spec.HostNetwork = true
			if !slices.ContainsFunc(checks.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec), func(r policy.CheckResult) bool { return !r.Allowed }) {
				t.Error("a pod on the host's network meets the restricted standard")
			}
		})
	}
}

func TestPodOutlivesItsDrain(t *testing.T) {
	pod := deployment(t, minimal()).Spec.Template.Spec
	var drain time.Duration
	for _, name := range []string{"--drain-delay=", "--drain-timeout="} {
		i := slices.IndexFunc(pod.Containers[0].Args, func(arg string) bool { return strings.HasPrefix(arg, name) })
		if i < 0 {
			t.Fatalf("there is no %s in %q", name, pod.Containers[0].Args)
		}
		d, err := time.ParseDuration(strings.TrimPrefix(pod.Containers[0].Args[i], name))
		if err != nil {
			t.Fatal(err)
		}
		drain += d
	}
	if got := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; got <= drain {
		t.Errorf("the pod is killed after %s, and drains for %s", got, drain)
	}
}

func TestBundleReference(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for name, tc := range map[string]struct{ reference, want, err string }{
		"none":           {"", "--source=oci://localhost:5000/gateway:dev", ""},
		"digest":         {"oci://r.example.com/a/b@" + digest, "--source=oci://r.example.com/a/b@" + digest, ""},
		"tag and digest": {"oci://r.example.com/a:v1@" + digest, "--source=oci://r.example.com/a@" + digest, ""},
		"tag":            {"oci://r:5000/a:v1", "--source=oci://r:5000/a:v1", ""},
		"neither":        {"oci://r:5000/a", "", `bundle reference "oci://r:5000/a": it has neither a tag nor a digest`},
		"scheme":         {"https://r/a:1", "", `bundle reference "https://r/a:1": it does not begin with oci://`},
		"short digest":   {"oci://r/a@sha256:12", "", `bundle reference "oci://r/a@sha256:12": "sha256:12" is no digest: want sha256: and 64 hexadecimal digits`},
		"no path":        {"oci://r:1", "", `bundle reference "oci://r:1": want oci://host/path`},
	} {
		t.Run(name, func(t *testing.T) {
			in := minimal()
			in.Reference = tc.reference
			_, err := kube.Target{}.Render(in)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("error %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := deployment(t, in).Spec.Template.Spec.Containers[0].Args[0]; got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestOtherKeysNeedNoOtherPods holds that a key may follow another without a rollout: proxies read the file again.
func TestOtherKeysNeedNoOtherPods(t *testing.T) {
	one := input(t)
	two := input(t)
	two.Gateway.Targets.Kube.Keys = nil
	two.PublicKeys = []byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n")
	both := input(t)
	both.PublicKeys = two.PublicKeys
	want := renderAll(t, one)["kube/deployment.yaml"]
	for name, in := range map[string]manifest.Input{"two": two, "both": both} {
		if diff := cmp.Diff(want, renderAll(t, in)["kube/deployment.yaml"]); diff != "" {
			t.Errorf("%s (-one +%s):\n%s", name, name, diff)
		}
	}
	if got := strings.Count(renderAll(t, both)["kube/configmap-keys.yaml"], "BEGIN PUBLIC KEY"); got != 2 {
		t.Errorf("%d keys in the ConfigMap, want 2", got)
	}
}

func TestATrustDocumentIsHandedToTheProxies(t *testing.T) {
	in := minimal()
	const key = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\\n-----END PUBLIC KEY-----\\n"
	in.PublicKeys = []byte("keys: [{pem: \"" + key + "\", expires: 2027-03-01}]")
	const want = `data:
  trust.yaml: |
    keys:
      - pem: |
          -----BEGIN PUBLIC KEY-----
          MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=
          -----END PUBLIC KEY-----
        expires: "2027-03-02T00:00:00Z"
`
	if got := renderAll(t, in)["kube/configmap-keys.yaml"]; !strings.Contains(got, want) {
		t.Errorf("%s\ndoes not hold\n%s", got, want)
	}
	if args := deployment(t, in).Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "--trust=/etc/gwc/keys/trust.yaml") {
		t.Errorf("gwproxy is given %q", args)
	}
	in.PublicKeys = []byte("keys: [{file: a.pub}]")
	if _, err := (kube.Target{}).Render(in); err == nil || !strings.Contains(err.Error(), `keys[0]: file "a.pub"`) {
		t.Errorf("error %v", err)
	}
}

// settings is minimal with other settings of the target.
func settings(set func(*schema.Kube)) manifest.Input {
	in := minimal()
	set(in.Gateway.Targets.Kube)
	return in
}

func TestProxiesAreToldHowTheyServe(t *testing.T) {
	in := settings(func(k *schema.Kube) {
		k.MaxStaleness, k.UnreadyWhenStale, k.Isolate = schema.Duration(90*time.Minute), true, true
		k.Registry = &schema.KubeRegistry{Mirrors: map[string]schema.Ordered{
			"z.example.com": {"y.example.com"}, "localhost:5000": {"mirror.example.com:7443/cache", "near.mirrors.svc"},
		}}
	})
	plain := deployment(t, minimal()).Spec.Template.Spec.Containers[0].Args
	args := deployment(t, in).Spec.Template.Spec.Containers[0].Args
	want := append(plain,
		"--registry-mirror=localhost:5000=mirror.example.com:7443/cache,near.mirrors.svc", "--registry-mirror=z.example.com=y.example.com",
		"--max-staleness=1h30m", "--unready-when-stale", "--isolate",
	)
	if diff := cmp.Diff(want, args); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// They may reach the mirrors of their own registry.
	for _, in := range []manifest.Input{in, minimal()} {
		got, want := renderAll(t, in)["kube/networkpolicy.yaml"], in.Gateway.Targets.Kube.Isolate
		if strings.Contains(got, "port: 7443") != want || strings.Contains(got, "kubernetes.io/metadata.name: mirrors\n") != want {
			t.Errorf("egress to mirrors, want %v:\n%s", want, got)
		}
	}
}

func TestMirrorsThatAreNoneAreRefused(t *testing.T) {
	for name, mirrors := range map[string]schema.Ordered{"none": {}, "itself": {"r.example.com"}, "no host": {"a b"}} {
		in := settings(func(k *schema.Kube) {
			k.Registry = &schema.KubeRegistry{Mirrors: map[string]schema.Ordered{"r.example.com": mirrors}}
		})
		_, err := kube.Target{}.Render(in)
		var p *schema.Problem
		if !errors.As(err, &p) || p.Path != `targets.kube.registry.mirrors."r.example.com"` || p.Code != "target-mirror" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAConfigMapOfOthersSaysWhomToTrust(t *testing.T) {
	in := settings(func(k *schema.Kube) { k.Trust = &schema.Trust{ConfigMap: "trusted-by-security"} })
	if _, ok := renderAll(t, in)["kube/configmap-keys.yaml"]; ok {
		t.Error("another ConfigMap is rendered")
	}
	pod := deployment(t, in).Spec.Template.Spec
	if !slices.Contains(pod.Containers[0].Args, "--trust=/etc/gwc/keys/trust.yaml") || pod.Volumes[0].ConfigMap.Name != "trusted-by-security" {
		t.Errorf("arguments %q, volume %+v", pod.Containers[0].Args, pod.Volumes[0])
	}
	in.PublicKeys = []byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n")
	if _, err := (kube.Target{}).Render(in); err == nil || !strings.Contains(err.Error(), "and so do files that gwc is given") {
		t.Errorf("error %v", err)
	}
}

func TestWithoutKeysTheConfigMapIsTheUsers(t *testing.T) {
	files := renderAll(t, minimal())
	if _, ok := files["kube/configmap-keys.yaml"]; ok {
		t.Error("a ConfigMap of no keys is rendered")
	}
	pod := deployment(t, minimal()).Spec.Template.Spec
	if !slices.Contains(pod.Containers[0].Args, "--key=/etc/gwc/keys/trusted.pub") {
		t.Errorf("gwproxy is given no key: %q", pod.Containers[0].Args)
	}
	if source := pod.Volumes[0].ConfigMap; source == nil || source.Name != "gwproxy-keys" || source.Optional != nil {
		t.Errorf("the keys' volume is %+v", pod.Volumes[0])
	}
}

func TestPrivateKeyIsRefusedAndNotShown(t *testing.T) {
	const secret = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
	in := minimal()
	in.PublicKeys = []byte("-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\n")
	_, err := kube.Target{}.Render(in)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error: %v", err)
	}
}

func TestPortsBelow1024NeedNoCapability(t *testing.T) {
	want := []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}}
	if diff := cmp.Diff(want, deployment(t, input(t)).Spec.Template.Spec.SecurityContext.Sysctls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := deployment(t, minimal()).Spec.Template.Spec.SecurityContext.Sysctls; got != nil {
		t.Errorf("sysctls without need: %v", got)
	}
}

func TestNoListenerOpensNoPort(t *testing.T) {
	if got := renderAll(t, minimal())["kube/networkpolicy.yaml"]; strings.Contains(got, "ingress:\n  - {}") || strings.Count(got, "port: 9901") != 1 {
		t.Errorf("ingress:\n%s", got)
	}
}

func TestPortsHaveNamesOfTheirOwn(t *testing.T) {
	in := minimal()
	in.Gateway.Listeners = map[string]schema.Listener{
		"HTTP": {Port: 8001}, "admin": {Port: 8002}, "http": {Port: 8003}, "port-8006": {Port: 8004}, "quite-a-long-name-for-a-port": {Port: 8005}, "z_z": {Port: 8006},
	}
	var got []string
	for _, p := range deployment(t, in).Spec.Template.Spec.Containers[0].Ports {
		got = append(got, p.Name)
	}
	want := []string{"http", "port-8002", "port-8003", "port-8004", "port-8005", "port-8006", "admin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNamespacesAreThoseOfTheClusterWhateverTheSpelling holds that proxies reach backends whose names are not in lower case, as DNS
// has it, and that the policy is one that Kubernetes takes.
func TestNamespacesAreThoseOfTheClusterWhateverTheSpelling(t *testing.T) {
	for host, want := range map[string]string{
		"echo":                        "- namespaceSelector:\n        matchLabels:\n          kubernetes.io/metadata.name: gateway\n",
		"Echo.Shop.Svc":               "- namespaceSelector:\n        matchLabels:\n          kubernetes.io/metadata.name: shop\n",
		"echo.shop.svc.Cluster.local": "- namespaceSelector:\n        matchLabels:\n          kubernetes.io/metadata.name: shop\n",
		"_a._tcp.svc":                 "- ports:\n    - port: 7\n",
		"a._tcp":                      "- ports:\n    - port: 7\n",
		"echo.example.com":            "- ports:\n    - port: 7\n",
	} {
		in := minimal()
		in.Reference = "oci://10.0.0.1:5000/g:v1"
		in.Gateway.Upstreams = map[string]schema.Upstream{"u": {Endpoints: map[string]schema.Endpoint{"e": {Host: host, Port: 7}}}}
		got := renderAll(t, in)["kube/networkpolicy.yaml"]
		if !strings.Contains(got, want) || strings.Contains(got, "name: _tcp") {
			t.Errorf("%s: the policy has no\n%s\n%s", host, want, got)
		}
	}
}

func TestNamespaceOfOthersIsNotRendered(t *testing.T) {
	for name, want := range map[string]bool{"default": false, "kube-system": false, "gateway": true} {
		in := minimal()
		in.Gateway.Targets.Kube.Namespace = name
		if _, got := renderAll(t, in)["kube/namespace.yaml"]; got != want {
			t.Errorf("namespace %s is rendered: %v, want %v", name, got, want)
		}
	}
}

func TestEnvironmentIsNoExpansion(t *testing.T) {
	in := minimal()
	in.Reference = "oci://r/a:1"
	in.Gateway.Environment = "a$(HOME)\"ö"
	if args := deployment(t, in).Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, `--environment=a$$(HOME)"ö`) {
		t.Errorf("%q", args)
	}
}

func TestSettingsThatKubernetesRefuses(t *testing.T) {
	in := input(t)
	k := in.Gateway.Targets.Kube
	k.Name = "Not a label"
	k.Resources.Requests.CPU = "lots"
	k.Replicas = schema.Replicas{Min: 5, Max: 2}
	k.AdminPort = 80
	k.Service.Ports = map[string]int{"nowhere": 1, "https": 80}
	k.Keys = map[string]string{"broken": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}
	in.Gateway.Consumers["example-user"].APIKeys["primary"] = schema.APIKey{Secret: "example-user/.."}
	_, err := kube.Target{}.Render(in)
	var got []string
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("error: %v", err)
	}
	for _, err := range joined.Unwrap() {
		var p *schema.Problem
		if !errors.As(err, &p) {
			t.Fatalf("%v is no problem of the model", err)
		}
		got = append(got, string(p.Path)+" ["+p.Code+"]")
	}
	want := []string{
		"targets.kube.name [target-name]",
		"targets.kube.resources.requests.cpu [target-quantity]",
		"targets.kube.replicas.min [target-replicas]",
		"targets.kube.adminPort [target-admin-port]",
		"targets.kube.service.ports.nowhere [target-service-port]",
		"targets.kube.service.ports [target-service-port]",
		"consumers.example-user.apiKeys.primary.secret [target-secret]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	in = input(t)
	in.Gateway.Targets.Kube.Keys = k.Keys
	_, err = kube.Target{}.Render(in)
	var p *schema.Problem
	if !errors.As(err, &p) || p.Path != "targets.kube.keys.broken" {
		t.Errorf("a broken key: %v", err)
	}
}

func TestOnlyReferencesToSecretsAreRendered(t *testing.T) {
	for path, text := range renderAll(t, input(t)) {
		if regexp.MustCompile(`(?m)^kind: Secret$|stringData`).MatchString(text) {
			t.Errorf("%s holds a Secret:\n%s", path, text)
		}
	}
}
