package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler"
	"gwc.dev/compiler/provenance"
)

// TestProvenanceNamesEveryFileThatWentIn holds what is attested of the reference environments to what is on the disk: their
// own files, the schema's, which are embedded, and the policies', which are too.
func TestProvenanceNamesEveryFileThatWentIn(t *testing.T) {
	root := filepath.Join("..", "..")
	a := &app{err: t.Output(), getenv: func(string) (string, bool) { return "", false }, now: time.Now}
	for _, name := range []string{"dev", "staging", "production"} {
		want := map[string]string{}
		for _, from := range []struct{ pattern, under string }{
			{"environments/*.cue", "environments/"},
			{"environments/" + name + "/*.cue", "environments/" + name + "/"},
			{"schema/v1/*.cue", "gwc.dev/schema/v1/"},
			{"policy/lib/*.rego", "gwc:"},
		} {
			files, err := filepath.Glob(filepath.Join(root, from.pattern))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s: %d files, %v", from.pattern, len(files), err)
			}
			for _, file := range files {
				if strings.HasSuffix(file, "_test.rego") { // tests of policies do not decide
					continue
				}
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				in := compiler.NewInput(from.under+filepath.Base(file), data)
				want[in.Name] = in.SHA256
			}
		}
		env, err := a.vetted(t.Context(), filepath.Join(root, "environments", name), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		var order []string
		p := provenance.New(provenance.Build{Environment: name, Inputs: env.Inputs})
		for _, d := range p.BuildDefinition.Resolved {
			got[d.Name] = d.Digest["sha256"]
			order = append(order, d.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: files by digest (-on the disk +attested):\n%s", name, diff)
		}
		if len(got) != len(order) {
			t.Errorf("%s: a file is named twice: %q", name, order)
		}
	}
}

// TestProvenanceNamesWhatARepositoryBrings holds that policies of its own and what is applied to the manifests are listed, under
// the same names wherever gwc runs, and that a change of either shows.
func TestProvenanceNamesWhatARepositoryBrings(t *testing.T) {
	a := &app{
		out: t.Output(), err: t.Output(), now: time.Now,
		getenv: func(name string) (string, bool) { return "", name == "GWC_PASSWORD" },
	}
	top := t.TempDir()
	repository, keys := filepath.Join(top, "repository"), filepath.Join(top, "key")
	for _, args := range [][]string{{"init", repository}, {"keygen", "-o", keys}} {
		if status := a.run(t.Context(), args); status != 0 {
			t.Fatalf("gwc %q: status %d", args, status)
		}
	}
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(repository, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const (
		overlay = "environments/production/kustomization.yaml"
		patch   = "environments/production/patches/label.yaml"
		shared  = "environments/shared/kustomization.yaml"
		rule    = "policies/team/own.rego"
	)
	labelled := func(n int) string {
		return fmt.Sprintf("- op: add\n  path: /metadata/labels/n\n  value: \"%d\"\n", n)
	}
	write(overlay, "components: [../shared]\npatches: [{path: patches/label.yaml, target: {kind: Deployment}}]\n")
	write(patch, labelled(2))
	write(shared, "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {team: platform}}]\n")
	write(rule, "package gwc.own\n")
	attested := func(from string) map[string]string {
		t.Helper()
		t.Chdir(from)
		dir, err := filepath.Rel(from, filepath.Join(repository, "environments", "production"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.release(t.Context(), dir, releaseOptions{
			reference: "oci://registry.example.com/gateway", sign: signerFlags{keyFile: keys + ".key"}, serial: 1, serialGiven: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, d := range provenance.New(r.build).BuildDefinition.Resolved {
			if strings.Contains(d.Name, "..") || filepath.IsAbs(d.Name) || out[d.Name] != "" {
				t.Errorf("a file is named %q", d.Name)
			}
			out[d.Name] = d.Digest["sha256"]
		}
		return out
	}
	before := attested(repository)
	for _, name := range []string{overlay, patch, shared, rule} {
		data, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if want := compiler.NewInput(name, data).SHA256; before[name] != want {
			t.Errorf("%s: attested %q, on the disk it is %s", name, before[name], want)
		}
	}
	if diff := cmp.Diff(before, attested(top)); diff != "" {
		t.Errorf("from elsewhere (-before +then):\n%s", diff)
	}
	write(patch, labelled(3))
	write(rule, "package gwc.own\n\n# changed\n")
	after := attested(repository)
	for name, was := range before {
		if changed := name == patch || name == rule; (after[name] != was) != changed {
			t.Errorf("%s was %s, and is %s", name, was, after[name])
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d files went in, and %d before", len(after), len(before))
	}
}
