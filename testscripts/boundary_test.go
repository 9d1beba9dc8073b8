package testscripts_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// layers says what each layer may import, directly or not. Our own packages are named; of others, those that
// matter are the heavy ones, which keep to the layer that needs them.
var layers = []struct {
	pkgs  string   // a pattern of go list
	own   []string // our packages that it may reach, by prefix
	heavy []string // the heavy modules that it may reach
}{
	{"./schema", []string{"schema"}, nil},
	{"./schema/v1", []string{"schema/v1"}, nil},
	{"./schema/header", []string{"schema/header"}, nil},
	{"./schema/bundle", []string{"schema"}, nil},
	{"./schema/bundle/...", []string{"schema"}, nil},
	{"./compiler", []string{"schema", "compiler"}, []string{"cuelang.org/"}},
	{"./compiler/provenance", []string{"schema", "compiler"}, []string{"cuelang.org/"}},
	{"./compiler/diag", []string{"schema", "compiler/diag"}, nil},
	{"./compiler/space/...", []string{"schema", "compiler/space"}, nil},
	{"./compiler/routing/...", []string{"schema", "compiler/routing", "compiler/space"}, nil},
	{"./compiler/check/...", []string{"schema", "compiler/check", "compiler/diag", "compiler/nearest", "compiler/routing", "compiler/space"}, nil},
	{"./compiler/diff/...", []string{"schema", "compiler/diff", "compiler/diag"}, nil},
	{"./compiler/behaviour/...", []string{"schema", "compiler/behaviour", "compiler/diff", "compiler/diag", "compiler/routing", "compiler/space"}, nil},
	{"./compiler/picture/...", []string{"schema", "compiler/picture", "compiler/behaviour", "compiler/diff", "compiler/diag", "compiler/nearest", "compiler/routing", "compiler/space"}, nil},
	{"./compiler/explain/...", []string{"schema", "compiler/explain", "compiler/diag", "runtime"}, nil},
	{"./compiler/replay/...", []string{"schema", "compiler/replay", "compiler/behaviour", "compiler/diff", "compiler/diag", "compiler/nearest", "compiler/routetest", "compiler/routing", "compiler/space", "runtime"}, nil},
	{"./compiler/report", []string{"compiler/report"}, nil},
	{"./compiler/routetest/...", []string{"schema", "compiler/routetest", "compiler/diag", "compiler/nearest", "compiler/routing", "compiler/space", "runtime"}, nil},
	{"./compiler/render/...", []string{"schema", "compiler/render"}, []string{"k8s.io/", "sigs.k8s.io/kustomize", "sigs.k8s.io/controller-runtime/pkg/scheme"}},
	{"./policy/...", []string{"schema", "policy", "compiler/diag", "compiler/nearest"}, []string{"github.com/open-policy-agent/"}},
	{"./runtime/...", []string{"schema", "runtime"}, nil},
	{"./cmd/gwproxy/...", []string{"schema", "runtime", "cmd/gwproxy", "cmd/internal"}, nil},
}

var heavyModules = []string{
	"cuelang.org/", "github.com/open-policy-agent/", "sigs.k8s.io/kustomize", "sigs.k8s.io/controller-runtime",
	"k8s.io/client-go", "k8s.io/",
}

func TestLayersAreNotCrossed(t *testing.T) {
	for _, layer := range layers {
		t.Run(layer.pkgs, func(t *testing.T) {
			for _, dep := range imports(t, layer.pkgs) {
				if own, ok := strings.CutPrefix(dep, "gwc.dev/"); ok {
					if !slices.ContainsFunc(layer.own, func(p string) bool { return own == p || strings.HasPrefix(own, p+"/") }) {
						t.Errorf("reaches %s, which is another layer:\n%s", dep, why(t, layer.pkgs, dep))
					}
					continue
				}
				for _, heavy := range heavyModules {
					if strings.HasPrefix(dep, heavy) && !slices.ContainsFunc(layer.heavy, func(p string) bool { return strings.HasPrefix(dep, p) }) {
						t.Errorf("links %s:\n%s", dep, why(t, layer.pkgs, dep))
						return
					}
				}
			}
		})
	}
}

// TestTheContractIsPlainData holds package schema to the standard library alone.
func TestTheContractIsPlainData(t *testing.T) {
	for _, pkg := range []string{"../schema", "../schema/v1", "../schema/header"} {
		for _, dep := range imports(t, "./"+strings.TrimPrefix(pkg, "../")) {
			if strings.Contains(strings.Split(dep, "/")[0], ".") && !strings.HasPrefix(dep, "gwc.dev/schema") {
				t.Errorf("%s links %s", pkg, dep)
			}
		}
	}
}

// TestTheTableOfPackagesIsTrue holds the table in docs/architecture.md to the packages that are there and what they import.
func TestTheTableOfPackagesIsTrue(t *testing.T) {
	doc, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|[^|]+\\|([^|]*)\\|$").FindAllStringSubmatch(string(doc), -1) {
		said[row[1]] = strings.ReplaceAll(strings.TrimSpace(row[2]), "`", "")
	}
	delete(said, "cmd")
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./schema/...", "./compiler/...", "./policy/...", "./runtime/...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	real := map[string]string{}
	for line := range strings.Lines(string(out)) {
		var own []string
		for _, path := range strings.Fields(line) {
			if name, ok := strings.CutPrefix(path, "gwc.dev/"); ok {
				own = append(own, name)
			}
		}
		real[own[0]] = strings.Join(own[1:], ", ")
	}
	if diff := cmp.Diff(real, said); diff != "" {
		t.Errorf("what docs/architecture.md says of packages and their imports (-real +said):\n%s", diff)
	}
}

func imports(t *testing.T, pkgs string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkgs)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkgs, err)
	}
	deps := strings.Fields(string(out))
	if len(deps) == 0 {
		t.Fatalf("go list -deps %s names no package", pkgs)
	}
	return deps
}

// why returns the import path from a layer's packages to what it must not reach.
func why(t *testing.T, pkgs, dep string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, pkgs)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	importer := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for _, imported := range fields[1:] {
			if _, ok := importer[imported]; !ok {
				importer[imported] = fields[0]
			}
		}
	}
	path := []string{dep}
	for at := importer[dep]; at != "" && len(path) < 30; at = importer[at] {
		path = append(path, at)
	}
	slices.Reverse(path)
	return "\t" + strings.Join(path, "\n\t-> ")
}
