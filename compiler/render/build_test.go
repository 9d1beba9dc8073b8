package render_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render"
)

func TestOutputDirectoryBuilds(t *testing.T) {
	files := mustRender(t, input(t))
	dir := t.TempDir()
	if _, err := render.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"kube": {
			"ConfigMap gateway-keys", "Deployment gateway", "HorizontalPodAutoscaler gateway", "Namespace api-gateway",
			"NetworkPolicy gateway", "PodDisruptionBudget gateway", "Service gateway", "Service gateway-admin", "ServiceAccount gateway",
		},
		"prometheus": {"ConfigMap gateway-dashboard", "PrometheusRule gateway", "ServiceMonitor gateway"},
		"flux":       {"Kustomization api-gateway-gateway", "OCIRepository api-gateway-gateway"},
	}
	want["."] = slices.Concat(want["kube"], want["prometheus"], want["flux"])
	for sub, want := range want {
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, sub))
		if err != nil {
			t.Errorf("%s: %v", sub, err)
			continue
		}
		var got []string
		for _, r := range built.Resources() {
			got = append(got, r.GetKind()+" "+r.GetName())
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sub, diff)
		}
	}
}

// TestManifestsDecodeStrictly reads every file back into its type, which refuses fields that the type has not.
func TestManifestsDecodeStrictly(t *testing.T) {
	kinds := map[string]any{
		"v1/Namespace": corev1.Namespace{}, "v1/ServiceAccount": corev1.ServiceAccount{},
		"v1/ConfigMap": corev1.ConfigMap{}, "v1/Service": corev1.Service{},
		"apps/v1/Deployment":                            appsv1.Deployment{},
		"autoscaling/v2/HorizontalPodAutoscaler":        autoscalingv2.HorizontalPodAutoscaler{},
		"policy/v1/PodDisruptionBudget":                 policyv1.PodDisruptionBudget{},
		"networking.k8s.io/v1/NetworkPolicy":            networkingv1.NetworkPolicy{},
		"monitoring.coreos.com/v1/PrometheusRule":       monitoringv1.PrometheusRule{},
		"monitoring.coreos.com/v1/ServiceMonitor":       monitoringv1.ServiceMonitor{},
		"source.toolkit.fluxcd.io/v1/OCIRepository":     sourcev1.OCIRepository{},
		"kustomize.toolkit.fluxcd.io/v1/Kustomization":  kustomizev1.Kustomization{},
		"kustomize.config.k8s.io/v1beta1/Kustomization": types.Kustomization{},
	}
	for _, f := range mustRender(t, input(t)) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(f.Data, &head); err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
		kind, ok := kinds[head.APIVersion+"/"+head.Kind]
		if !ok {
			t.Errorf("%s: nobody knows %s %s", f.Path, head.APIVersion, head.Kind)
			continue
		}
		if err := yaml.UnmarshalStrict(f.Data, reflect.New(reflect.TypeOf(kind)).Interface()); err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	want := contents(mustRender(t, input(t)))
	for range 10 {
		if diff := cmp.Diff(want, contents(mustRender(t, input(t)))); diff != "" {
			t.Fatalf("(-first +again):\n%s", diff)
		}
	}
}

func TestHostileNamesStayNames(t *testing.T) {
	in := input(t)
	const evil = "a\"\nb: {{ c }} $(D) 'ö\u2028 # e"
	in.Gateway.Environment = evil
	in.Gateway.Targets.Kube.Service.Annotations = map[string]string{"a": evil}
	for _, f := range mustRender(t, in) {
		var obj struct {
			Kind     string
			Metadata struct{ Annotations map[string]string }
		}
		if err := yaml.Unmarshal(f.Data, &obj); err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
		if a := obj.Metadata.Annotations; a != nil && a["gwc.dev/environment"] != evil {
			t.Errorf("%s: environment %q, want %q", f.Path, a["gwc.dev/environment"], evil)
		}
	}
}

func TestTargetsByName(t *testing.T) {
	files := mustRender(t, input(t), "flux")
	var got []string
	for _, f := range files {
		got = append(got, f.Path)
	}
	want := []string{"flux/kustomization.yaml", "flux/ocirepository.yaml", "flux/sync.yaml", "kustomization.yaml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := render.Render(input(t), "kong")
	if want := `there is no target "kong": want kube, prometheus, flux`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestFluxPinsTheProxies applies the patch that Flux would apply to manifests that follow a tag, which are those
// inside an artifact.
func TestFluxPinsTheProxies(t *testing.T) {
	var sync kustomizev1.Kustomization
	if err := yaml.UnmarshalStrict([]byte(contents(mustRender(t, input(t)))["flux/sync.yaml"]), &sync); err != nil {
		t.Fatal(err)
	}
	patches, err := yaml.Marshal(map[string]any{"patches": sync.Spec.Patches})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"kustomization.yaml": string(patches)})
	in := input(t)
	in.Reference, in.Overlay = "", dir
	var got appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(contents(mustRender(t, in))["kube/deployment.yaml"]), &got); err != nil {
		t.Fatal(err)
	}
	if want, got := "--source="+input(t).Reference, got.Spec.Template.Spec.Containers[0].Args[0]; got != want {
		t.Errorf("gwproxy is given %s, want %s", got, want)
	}
}

func TestBadReferenceIsSaidOnce(t *testing.T) {
	in := input(t)
	in.Reference = "latest"
	_, err := render.Render(in)
	if want := `bundle reference "latest": it does not begin with oci://`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
