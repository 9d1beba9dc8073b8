package e2e_test

import (
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestTheAPIServerTakesWhatIsRendered applies everything that gwc renders of the project's own environments, and makes a
// pod of what the Deployment says in a namespace that enforces the restricted Pod Security Standard.
func TestTheAPIServerTakesWhatIsRendered(t *testing.T) {
	c := newCluster(t)
	c.namespace(t, fluxNamespace)
	c.namespace(t, "monitoring")
	for _, environment := range []string{"dev", "staging", "production"} {
		t.Run(environment, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "rendered")
			args := []string{"render", "environments/" + environment, "-o", dir}
			if _, err := output("../..", "gwc", args...); err != nil {
				t.Fatal(err)
			}
			all := objects(t, dir)
			if len(all) < 10 {
				t.Fatalf("%d objects are rendered", len(all))
			}
			kinds := map[string]bool{}
			for _, namespacesFirst := range []bool{true, false} {
				for _, o := range all {
					if kinds[o.GetKind()] = true; (o.GetKind() == "Namespace") != namespacesFirst {
						continue
					}
					// Twice: applying again changes nothing.
					for range 2 {
						if err := c.apply(t.Context(), o); err != nil {
							t.Error(err)
						}
					}
					if o.GetKind() == "Deployment" {
						c.pod(t, environment, o.Object)
					}
				}
			}
			for _, kind := range []string{"Deployment", "Service", "NetworkPolicy", "PrometheusRule", "ServiceMonitor", "OCIRepository", "Kustomization"} {
				if !kinds[kind] {
					t.Errorf("no %s is rendered", kind)
				}
			}
		})
	}
}

// pod makes a pod of a Deployment's template in a namespace of its own.
func (c *cluster) pod(t *testing.T, name string, object map[string]any) {
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
