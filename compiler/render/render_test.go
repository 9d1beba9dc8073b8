package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/render"
	"gwc.dev/schema"
)

const digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// input is the rich environment that the goldens show.
func input(t *testing.T) render.Input {
	t.Helper()
	data, err := os.ReadFile("testdata/gateway.json")
	if err != nil {
		t.Fatal(err)
	}
	g, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return render.Input{
		Gateway:   g.Resolve(),
		Reference: "oci://registry.example.com:5000/gateway/production@" + digest,
		Revision:  "sha256:" + strings.Repeat("b", 64),
	}
}

func mustRender(t *testing.T, in render.Input, targets ...string) []render.File {
	t.Helper()
	out, err := render.Render(in, targets...)
	if err != nil {
		t.Fatal(err)
	}
	return out.Files
}

func contents(files []render.File) map[string]string {
	out := map[string]string{}
	for _, f := range files {
		out[f.Path] = string(f.Data)
	}
	return out
}

// tree returns the files below dir and their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// golden compares files with a directory of testdata; GWC_UPDATE=1 rewrites it.
func golden(t *testing.T, name string, files []render.File) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	if os.Getenv("GWC_UPDATE") != "" {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			p := filepath.Join(dir, filepath.FromSlash(f.Path))
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(tree(t, dir), contents(files)); diff != "" {
		t.Errorf("%s (-want +got); GWC_UPDATE=1 rewrites it:\n%s", dir, diff)
	}
}

func TestRenderGolden(t *testing.T) {
	golden(t, "pinned", mustRender(t, input(t)))
	follows := input(t)
	follows.Reference, follows.Revision = "", ""
	golden(t, "follows", mustRender(t, follows, "flux"))
}
