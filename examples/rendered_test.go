package examples_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"gwc.dev/compiler/render"
	"gwc.dev/policy"
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
	in := render.Input{Gateway: model, PublicKeys: signer.Public().Marshal(), Overlay: dir}
	if model.Targets.Kube.Repository == "" {
		in.Reference = "oci://registry.example.com/gateway@sha256:" + strings.Repeat("0", 64)
	}
	output, err := render.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "rendered")
	if _, err := render.Write(out, output.Files); err != nil {
		t.Fatal(err)
	}
	objects := kustomized(t, out)
	expected := readExpected(t, filepath.Join(dir, "rendered.txt"))
	for _, want := range expected {
		o, ok := objects[want.object]
		if !ok {
			t.Errorf("rendered.txt: line %d: there is no %s", want.line, want.object)
			continue
		}
		for _, field := range want.fields {
			if fault := verify(field, []object{o}); fault != "" {
				t.Errorf("rendered.txt: %s: %s", want.object, fault)
			}
		}
	}
}

// An object is a Kubernetes object.
type object map[string]any

// kustomized returns what kustomize builds from a directory, by "Kind/name".
func kustomized(t *testing.T, dir string) map[string]object {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]object{}
	for _, r := range built.Resources() {
		fields, err := r.Map()
		if err != nil {
			t.Fatal(err)
		}
		objects[r.GetKind()+"/"+r.GetName()] = fields
	}
	return objects
}

// lookup returns the scalars at a path such as `spec.ports.*.port`: a name, an index, or * for all; a name with dots
// stands in quotes.
func (o object) lookup(path string) []string {
	found := []any{map[string]any(o)}
	for _, name := range schema.Path(path).Names() {
		var below []any
		for _, v := range found {
			below = append(below, children(v, name)...)
		}
		found = below
	}
	var texts []string
	for _, v := range found {
		switch v.(type) {
		case map[string]any, []any:
		default:
			texts = append(texts, fmt.Sprint(v))
		}
	}
	return texts
}

func children(v any, name string) []any {
	switch v := v.(type) {
	case map[string]any:
		if child, ok := v[name]; ok {
			return []any{child}
		}
	case []any:
		if name == "*" {
			return v
		}
		if i, err := strconv.Atoi(name); err == nil && 0 <= i && i < len(v) {
			return v[i : i+1]
		}
	}
	return nil
}

// An expectedObject is a paragraph of rendered.txt: a line "Kind/name", and assertions about its fields.
type expectedObject struct {
	line   int
	object string
	fields []assertion
}

// readExpected reads a rendered.txt; where there is none, nothing in particular is expected.
func readExpected(t *testing.T, file string) []expectedObject {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []expectedObject
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		indented := strings.HasPrefix(line, " ")
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case !indented:
			all = append(all, expectedObject{line: number, object: line})
		case len(all) == 0:
			t.Fatalf("%s: line %d: want Kind/name, have %q", file, number, line)
		default:
			a, err := parseAssertion(number, line)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			last := &all[len(all)-1]
			last.fields = append(last.fields, a)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s expects nothing", file)
	}
	return all
}

// TestExampleSetsEveryTarget holds that the example which is to show every setting of the targets does.
func TestExampleSetsEveryTarget(t *testing.T) {
	engine, err := policy.New(t.Context(), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := compile(t, "targets", engine)
	defaults := (&schema.Gateway{}).Resolve().Targets
	unset(t, "targets", reflect.ValueOf(*g.Targets), reflect.ValueOf(*defaults))
}

// unset reports the fields of v that have no value or that of their default.
func unset(t *testing.T, path string, v, defaults reflect.Value) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		if defaults.IsNil() { // of what is not there without being asked for, each field has to be set
			defaults = reflect.New(v.Type().Elem())
		}
		v, defaults = v.Elem(), defaults.Elem()
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			unset(t, path+"."+v.Type().Field(i).Name, v.Field(i), defaults.Field(i))
		}
		return
	}
	if path == "targets.Kube.Trust.ConfigMap" {
		return // in place of all the others
	}
	if v.IsZero() || reflect.DeepEqual(v.Interface(), defaults.Interface()) {
		t.Errorf("%s is what it is by default: %v", path, v)
	}
}
