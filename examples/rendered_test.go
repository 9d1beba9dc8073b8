package examples_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"gwc.dev/compiler/render"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle/key"
)

// rendered renders an environment as `gwc render` does, has kustomize build the output, and holds the objects to
// rendered.txt, where the environment has one.
func rendered(t *testing.T, dir string, model *schema.Gateway) {
	signer, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	files, err := render.Render(render.Input{
		Gateway:    model,
		Reference:  "oci://registry.example.com/gateway/" + model.Environment + "@sha256:" + strings.Repeat("0", 64),
		PublicKeys: signer.Public().Marshal(),
		Overlay:    dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "rendered")
	if _, err := render.Write(out, files); err != nil {
		t.Fatal(err)
	}
	objects := build(t, out)
	text, err := os.ReadFile(filepath.Join(dir, "rendered.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	expected, err := parseObjects(string(text))
	if err != nil {
		t.Fatalf("rendered.txt: %v", err)
	}
	for _, want := range expected {
		object, ok := objects[want.name]
		if !ok {
			t.Errorf("rendered.txt: there is no %s", want.name)
			continue
		}
		for _, field := range want.fields {
			if fault := verify(field, []object_{object}); fault != "" {
				t.Errorf("rendered.txt: %s: %s", want.name, fault)
			}
		}
	}
}

// build returns what kustomize makes of a directory: objects by "Kind/name".
func build(t *testing.T, dir string) map[string]object_ {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]object_{}
	for _, r := range built.Resources() {
		fields, err := r.Map()
		if err != nil {
			t.Fatal(err)
		}
		objects[r.GetKind()+"/"+r.GetName()] = object_{fields}
	}
	return objects
}
