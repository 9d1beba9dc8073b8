package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/render"
)

// overlaid renders with an overlay made of files; the overlay's directory is "env" among them.
func overlaid(t *testing.T, files map[string]string, targets ...string) (map[string]string, error) {
	t.Helper()
	dir := t.TempDir()
	writeTree(t, dir, files)
	in := input(t)
	in.Overlay = filepath.Join(dir, "env")
	out, err := render.Render(in, targets...)
	return contents(out.Files), err
}

func TestOverlayChangesWhatItNamesAndNothingElse(t *testing.T) {
	plain := contents(mustRender(t, input(t)))
	got, err := overlaid(t, map[string]string{
		"env/gateway.cue": "package gateway\n",
		"env/kustomization.yaml": `
resources: [extra.yaml]
components: [../shared]
patches:
  - path: "the patches/deployment, 1.yaml"
  - target: {kind: PodDisruptionBudget}
    patch: '[{"op": "replace", "path": "/spec/maxUnavailable", "value": 2}]'
images:
  - {name: ghcr.io/gwc-dev/gwproxy, newName: registry.example.com/gwproxy, newTag: "7"}
configMapGenerator:
  - {name: extra, files: [note=note.txt], options: {disableNameSuffixHash: true}}
`,
		"env/note.txt": "hello\n",
		"env/the patches/deployment, 1.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: api-gateway}
spec: {template: {spec: {priorityClassName: system-cluster-critical}}}
`,
		"env/extra.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: "Odd:Name", namespace: api-gateway}
`,
		"shared/kustomization.yaml": `
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: HorizontalPodAutoscaler}
    patch: '$patch: delete

      apiVersion: autoscaling/v2

      kind: HorizontalPodAutoscaler

      metadata: {name: gateway}'
`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for p, text := range plain {
		want[p] = text
	}
	delete(want, "kube/horizontalpodautoscaler.yaml")
	want["kube/kustomization.yaml"] = strings.Replace(plain["kube/kustomization.yaml"], "- horizontalpodautoscaler.yaml\n", "", 1)
	want["kustomization.yaml"] = plain["kustomization.yaml"] + "- overlay\n"
	want["kube/poddisruptionbudget.yaml"] = strings.Replace(plain["kube/poddisruptionbudget.yaml"], "maxUnavailable: 1", "maxUnavailable: 2", 1)
	deployment := strings.Replace(plain["kube/deployment.yaml"], "ghcr.io/gwc-dev/gwproxy:1.4.0", "registry.example.com/gwproxy:7", 1)
	want["kube/deployment.yaml"] = strings.Replace(deployment, "      securityContext:\n        fsGroup", "      priorityClassName: system-cluster-critical\n      securityContext:\n        fsGroup", 1)
	want["overlay/configmap-odd_name.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Odd:Name\n  namespace: api-gateway\n"
	want["overlay/configmap-extra.yaml"] = "apiVersion: v1\ndata:\n  note: |\n    hello\nkind: ConfigMap\nmetadata:\n  name: extra\n"
	want["overlay/kustomization.yaml"] = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- configmap-extra.yaml\n- configmap-odd_name.yaml\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOverlayAppliesToATargetAlone(t *testing.T) {
	got, err := overlaid(t, map[string]string{"env/kustomization.yaml": `
patches:
  - target: {kind: PodDisruptionBudget, name: gateway}
    patch: '[{"op": "replace", "path": "/spec/maxUnavailable", "value": 2}]'
`}, "flux")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(mustRender(t, input(t), "flux")), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDirectoryWithoutKustomizationIsNoOverlay(t *testing.T) {
	got, err := overlaid(t, map[string]string{"env/gateway.cue": "package gateway\n"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(mustRender(t, input(t))), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOverlayIsRefused holds that each refusal names the file; DIR stands for the directory of the test.
func TestOverlayIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"remote resource": {
			map[string]string{"env/kustomization.yaml": "resources: ['https://example.com/a.yaml']"},
			`DIR/env/kustomization.yaml: resources: "https://example.com/a.yaml" looks remote, and gwc fetches nothing while it renders: copy it beside the kustomization`,
		},
		"remote base": {
			map[string]string{"env/kustomization.yaml": "resources: ['github.com/example/base?ref=v1']"},
			`DIR/env/kustomization.yaml: resources: "github.com/example/base?ref=v1" looks remote, and gwc fetches nothing while it renders: copy it beside the kustomization`,
		},
		"remote base by ssh, in a base": {
			map[string]string{"env/kustomization.yaml": "resources: [../base]", "base/kustomization.yaml": "components: ['git@example.com:a/b']"},
			`DIR/env/kustomization.yaml: DIR/base/kustomization.yaml: components: "git@example.com:a/b" looks remote, and gwc fetches nothing while it renders: copy it beside the kustomization`,
		},
		"remote patch": {
			map[string]string{"env/kustomization.yaml": "patches: [{path: 'http://example.com/{a'}]"},
			`DIR/env/kustomization.yaml: patches: "http://example.com/{a" looks remote, and gwc fetches nothing while it renders: copy it beside the kustomization`,
		},
		"outside": {
			map[string]string{"env/kustomization.yaml": "patches: [{path: ../patch.yaml}]", "patch.yaml": "a: b"},
			"DIR/env/kustomization.yaml: patches: statat ../patch.yaml: path escapes from parent",
		},
		"not there": {
			map[string]string{"env/kustomization.yaml": "patches: [{path: patch.yaml}]"},
			"DIR/env/kustomization.yaml: patches: statat patch.yaml: no such file or directory",
		},
		"absolute": {
			map[string]string{"env/kustomization.yaml": "crds: [/etc/passwd]"},
			`DIR/env/kustomization.yaml: crds: "/etc/passwd" is absolute: use a path relative to the kustomization`,
		},
		"plugin": {
			map[string]string{"env/kustomization.yaml": "transformers: [t.yaml]"},
			"DIR/env/kustomization.yaml: generators, transformers and validators are plugins, which gwc does not run: use patches, replacements and components",
		},
		"helm": {
			map[string]string{"env/kustomization.yaml": "helmCharts: [{name: x}]"},
			"DIR/env/kustomization.yaml: gwc inflates no Helm charts: apply them beside the rendered manifests",
		},
		"secret generator": {
			map[string]string{"env/kustomization.yaml": "secretGenerator: [{name: x, literals: [a=b]}]"},
			"DIR/env/kustomization.yaml: secretGenerator would write secrets into the rendered manifests, which hold none: encrypt a Secret with SOPS, or use an ExternalSecret",
		},
		"secret": {
			map[string]string{"env/kustomization.yaml": "resources: [s.yaml]", "env/s.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a: hunter2}}"},
			`applying the kustomization in DIR/env: Secret "x" carries a value, and rendered manifests hold none: encrypt it with SOPS, or use an ExternalSecret`,
		},
		"misspelled field": {
			map[string]string{"env/kustomization.yaml": "patchs: []"},
			`reading DIR/env/kustomization.yaml: invalid Kustomization: json: unknown field "patchs"`,
		},
		"two of them": {
			map[string]string{"env/kustomization.yaml": "", "env/kustomization.yml": ""},
			"DIR/env holds more than one kustomization: kustomization.yaml, kustomization.yml",
		},
		"a component": {
			map[string]string{"env/kustomization.yaml": "kind: Component"},
			"DIR/env/kustomization.yaml: kind Component: want Kustomization, to whose resources gwc adds what it renders",
		},
		"a base without kustomization": {
			map[string]string{"env/kustomization.yaml": "resources: [base]", "env/base/a.yaml": ""},
			"DIR/env/kustomization.yaml: DIR/env/base: there is no kustomization.yaml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, tc.files)
			in := input(t)
			in.Overlay = filepath.Join(dir, "env")
			_, err := render.Render(in)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tc.want, strings.ReplaceAll(err.Error(), dir, "DIR")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOverlayFollowsNoLinkOutOfItsDirectory(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, dir, map[string]string{"env/kustomization.yaml": "resources: [link.yaml]", "outside.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"})
	if err := os.Symlink("../outside.yaml", filepath.Join(dir, "env", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	in := input(t)
	in.Overlay = filepath.Join(dir, "env")
	if _, err := render.Render(in); err == nil || !strings.Contains(err.Error(), "path escapes from parent") {
		t.Errorf("error: %v", err)
	}
}

func TestOverlaysBrokenPatchIsNamed(t *testing.T) {
	_, err := overlaid(t, map[string]string{
		"env/kustomization.yaml": "patches: [{path: p.yaml}]",
		"env/p.yaml":             "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nobody}\n",
	})
	if err == nil || !strings.Contains(err.Error(), "applying the kustomization in ") || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("error: %v", err)
	}
}

func TestEncryptedSecretPasses(t *testing.T) {
	got, err := overlaid(t, map[string]string{
		"env/kustomization.yaml": "resources: [s.yaml]",
		"env/s.yaml":             "{apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: 'ENC[AES256_GCM,data:...]'}, sops: {version: 3.9.0}}",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got["overlay/secret-x.yaml"]; !ok {
		t.Errorf("it is not among the files")
	}
}
