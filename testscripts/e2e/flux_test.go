package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fromFlux runs a proxy that reaches no registry, as docs/run.md says. The test is the sidecar that writes the object.
func (d *delivery) fromFlux(t *testing.T) {
	hand := func(operation string) {
		t.Helper()
		bundles := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "source.toolkit.fluxcd.io/v1",
			"kind":       "OCIRepository",
			"metadata":   map[string]any{"namespace": fluxNamespace, "name": "gateway-bundle"},
			"spec": map[string]any{
				"interval": "1s", "insecure": true,
				"url":           "oci://" + d.registry.address + "/gateway/production",
				"ref":           map[string]any{"tag": "production"},
				"layerSelector": map[string]any{"mediaType": bundleType, "operation": operation},
				"verify":        map[string]any{"provider": "cosign", "secretRef": map[string]any{"name": "gwc-cosign-pub"}},
			},
		}}
		if err := d.apply(t.Context(), bundles); err != nil {
			t.Fatal(err)
		}
	}
	hand("copy")
	file := filepath.Join(t.TempDir(), "object.json")
	p := d.node.run("--source=flux:" + file)
	sees := func(what string, check func(proxyStatus) error) {
		t.Helper()
		eventually(t, what, func() error {
			o, err := d.get(t.Context(), "OCIRepository", "gateway-bundle")
			if err != nil {
				return err
			}
			data, err := json.Marshal(o)
			if err != nil {
				return err
			}
			if err := os.WriteFile(file+".new", data, 0o644); err != nil {
				return err
			}
			if err := os.Rename(file+".new", file); err != nil {
				return err
			}
			status, err := p.status()
			if err != nil {
				return err
			}
			return check(status)
		})
	}
	serves := func(text string) {
		t.Helper()
		sees(fmt.Sprintf("a proxy answers %q, which it has from Flux", text), func(s proxyStatus) error {
			if got, err := p.ask(); err != nil || got != text || s.Active == nil || !strings.HasPrefix(s.Active.Origin, "http://") {
				return fmt.Errorf("it answers %q, %v; it serves %+v, refused %+v, source error %q", got, err, s.Active, s.Refused, s.Source.LastError)
			}
			return nil
		})
	}
	serves("by the next key again")
	d.team.commit("by way of Flux")
	d.team.ci("production")
	serves("by way of Flux")
	d.arrives("by way of Flux")
	hand("extract")
	sees("a proxy refuses what Flux has packed anew", func(s proxyStatus) error {
		if s.Refused == nil || s.Refused.Reason != "not-regular" {
			return fmt.Errorf("it serves %+v and refused %+v, source error %q", s.Active, s.Refused, s.Source.LastError)
		}
		return nil
	})
	hand("copy")
	d.team.commit("by way of Flux again")
	d.team.ci("production")
	serves("by way of Flux again")
}
