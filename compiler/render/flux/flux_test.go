package flux_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render/flux"
	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// TestNamesFitIntoALabel holds that Flux can apply what it is given: it labels everything with the Kustomization's name.
func TestNamesFitIntoALabel(t *testing.T) {
	long, seen := strings.Repeat("n", 61), map[string]bool{}
	for _, tt := range []struct{ namespace, name, want string }{
		{"gateway", "gwproxy", "gateway-gwproxy"},
		{"gwproxy", "gwproxy", "gwproxy"},
		{long[:20], long[:42], long[:20] + "-" + long[:42]}, // 63
		{long[:21], long[:42], ""},
		{long + "-1", strings.Repeat("g", 42), ""},
		{long + "-2", strings.Repeat("g", 42), ""},
		{long + "-2", "gwproxy", ""},
	} {
		g := &schema.Gateway{Environment: "dev", Targets: &schema.Targets{Kube: &schema.Kube{Repository: "oci://localhost:5000/gateway", Namespace: tt.namespace, Name: tt.name}}}
		files, err := flux.Target{}.Render(manifest.Input{Gateway: g.Resolve()})
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, f := range files {
			var o struct {
				Metadata struct{ Name string }
				Spec     struct{ SourceRef *struct{ Name string } }
			}
			if err := yaml.Unmarshal(f.Data, &o); err != nil {
				t.Fatal(err)
			}
			names[o.Metadata.Name] = true
			if o.Spec.SourceRef != nil {
				names[o.Spec.SourceRef.Name] = true
			}
		}
		for name := range names {
			if errs := validation.IsDNS1123Label(name); len(names) != 1 || errs != nil || tt.want != "" && name != tt.want || seen[name] {
				t.Errorf("of %q in %q: %v %q", tt.name, tt.namespace, names, errs)
			}
			seen[name] = true
		}
	}
}
