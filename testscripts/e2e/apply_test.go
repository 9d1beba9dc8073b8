package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestTheAPIServerTakesWhatIsRendered applies what kustomize builds of everything that gwc renders, for the reference
// environments with their patches and for every example, each with a bundle that the proxies follow and with one that they
// are pinned to. It is applied strictly, and once there, applying it again changes nothing. What the Deployments say becomes a
// pod in a namespace that enforces the restricted Pod Security Standard.
func TestTheAPIServerTakesWhatIsRendered(t *testing.T) {
	c := newCluster(t)
	for _, name := range []string{fluxNamespace, "monitoring", "gitops"} {
		c.namespace(t, name)
	}
	key := filepath.Join(t.TempDir(), "gwc")
	if _, err := output(".", "gwc", "keygen", "-o", key); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, environment := range environments(t) {
		for kind, reference := range map[string]string{
			"follows": "oci://registry.example.com/gateway/some:tag",
			"pinned":  "oci://registry.example.com/gateway/some@sha256:" + strings.Repeat("0", 64),
		} {
			t.Run(environment+"/"+kind, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "rendered")
				if _, err := output("../..", "gwc", "render", environment, "-o", dir, "--key", key+".pub", "--bundle", reference); err != nil {
					t.Fatal(err)
				}
				for _, o := range built(t, dir) {
					kinds[o.GetKind()] = true
					c.settles(t, o)
					if o.GetKind() == "Deployment" {
						c.restricted(t, strings.NewReplacer("/", "-", "_", "-").Replace(environment+"-"+kind), o.Object)
					}
				}
			})
		}
	}
	t.Run("many APIs and long names", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "rendered")
		if _, err := output(".", "gwc", "render", largest(t), "-o", dir, "--key", key+".pub"); err != nil {
			t.Fatal(err)
		}
		all := built(t, dir)
		for _, sync := range all {
			if sync.GetKind() != "Kustomization" {
				continue
			}
			for _, o := range all { // as Flux labels them
				labels := o.GetLabels()
				labels["kustomize.toolkit.fluxcd.io/name"] = sync.GetName()
				o.SetLabels(labels)
			}
		}
		for _, o := range all {
			c.settles(t, o)
		}
	})
	for _, kind := range []string{
		"Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget",
		"NetworkPolicy", "PrometheusRule", "ServiceMonitor", "OCIRepository", "Kustomization", "PriorityClass",
	} {
		if !kinds[kind] {
			t.Errorf("no %s is rendered", kind)
		}
	}
}

// largest returns the directory of an environment that is as large as those of large organisations, with names as long as they may be.
func largest(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gateway")
	if _, err := output(".", "gwc", "init", dir); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`package gateway

import "list"

apis: {
	for i in list.Range(0, 300, 1) {
		"api-\(i)": {
			owner: "my-team"
			auth: apiKey: header: "apikey"
			slo: {availability: 99.9, latency: {quantile: 0.95, below: "500ms"}}
			routes: default: {match: {path: prefix: "/api-\(i)", methods: ["GET"]}, backends: hello: {}}
		}
	}
}
targets: kube: {namespace: "%s", name: "%s"}
`, strings.Repeat("n", 63), strings.Repeat("g", 42))
	if err := os.WriteFile(filepath.Join(dir, "environments", "production", "many.cue"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "environments", "production")
}

// environments returns the directories of the reference environments and of all examples, from the project's root.
func environments(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"environments/*", "examples/*", "examples/*/*"} {
		dirs, err := filepath.Glob(filepath.Join("../..", pattern, "*.cue"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range dirs {
			dir, err := filepath.Rel("../..", filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			below, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*", "*.cue"))
			if err != nil {
				t.Fatal(err)
			}
			if len(below) == 0 && (len(all) == 0 || all[len(all)-1] != filepath.ToSlash(dir)) {
				all = append(all, filepath.ToSlash(dir))
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("there are only %q", all)
	}
	return all
}

// built returns what kustomize builds of a directory, in the order in which it is to be applied.
func built(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "built.yaml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return objects(t, file)
}

// settles applies an object, and holds that there is nothing left to be changed then.
func (c *cluster) settles(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	first, err := c.applied(t.Context(), o)
	if err != nil {
		t.Error(err)
		return
	}
	dry, err := c.applied(t.Context(), o, client.DryRunAll)
	if err != nil {
		t.Error(err)
		return
	}
	if diff := cmp.Diff(first.Object, dry.Object); diff != "" {
		t.Errorf("%s %s would be changed by applying it again (-is +would be):\n%s", o.GetKind(), o.GetName(), diff)
	}
	// What a custom resource has by default in its status, which is not created with it, is written by the next change.
	if first, err = c.applied(t.Context(), o); err != nil {
		t.Error(err)
		return
	}
	again, err := c.applied(t.Context(), o)
	if err != nil {
		t.Error(err)
		return
	}
	if first.GetResourceVersion() != again.GetResourceVersion() {
		t.Errorf("%s %s was changed by applying it again:\n%s", o.GetKind(), o.GetName(), cmp.Diff(first.Object, again.Object))
	}
}

// applied applies an object and returns it as it is then.
func (c *cluster) applied(ctx context.Context, o *unstructured.Unstructured, options ...client.PatchOption) (*unstructured.Unstructured, error) {
	o = o.DeepCopy()
	err := c.apply(ctx, o, options...)
	return o, err
}

// restricted makes a pod of a Deployment's template in a namespace of its own.
func (c *cluster) restricted(t *testing.T, name string, object map[string]any) {
	t.Helper()
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, &d); err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted-" + name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "gwproxy"}, Spec: d.Spec.Template.Spec}
	if err := c.Create(t.Context(), pod); err != nil {
		t.Error(err)
	}
	pod = pod.DeepCopy()
	pod.ResourceVersion, pod.Name, pod.Spec.SecurityContext = "", "bare", nil
	pod.Spec.Containers[0].SecurityContext = nil
	if err := c.Create(t.Context(), pod); err == nil {
		t.Error("the namespace does not enforce the standard: a pod without security context is taken")
	}
}
