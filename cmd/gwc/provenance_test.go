package main

import (
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
