package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
)

// update says that goldens are to be rewritten.
var update = os.Getenv("GWC_UPDATE") != ""

// TestFindings compiles each archive under testdata. Its files are a module (which has a cue.mod unless it
// brings one), of which it compiles the directory that the first line of the comment names; "want" holds all
// that is reported.
func TestFindings(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("cases: %v, %v", cases, err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			root, dir := t.TempDir(), strings.SplitN(string(ar.Comment), "\n", 2)[0]
			var want *txtar.File
			for i := range ar.Files {
				if f := &ar.Files[i]; f.Name == "want" {
					want = f
				} else {
					write(t, filepath.Join(root, f.Name), string(f.Data))
				}
			}
			if want == nil {
				t.Fatal("no want")
			}
			got := report(t, root, dir, compiler.Options{Base: root})
			if update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, report(t, root, dir, compiler.InParts(compiler.Options{Base: root}))); diff != "" {
				t.Errorf("findings at once and in parts (-at once +in parts):\n%s", diff)
			}
		})
	}
}

// report compiles root/dir and returns all that is reported, as text.
func report(t *testing.T, root, dir string, o compiler.Options) string {
	t.Helper()
	module(t, root)
	env, err := compiler.Load(filepath.Join(root, dir), o)
	if err != nil {
		return "unable: " + strings.ReplaceAll(err.Error(), root, "$ROOT") + "\n"
	}
	var b strings.Builder
	for _, f := range env.Findings.Sorted() {
		fmt.Fprintf(&b, "%s: %s: %s [%s] at %q\n", f.Position, f.Severity, f.Message, f.Code, string(f.Path))
		if f.Hint != "" {
			fmt.Fprintf(&b, "\thelp: %s\n", f.Hint)
		}
		for _, r := range f.Related {
			fmt.Fprintf(&b, "\t%s: %s\n", r.Position, r.Message)
		}
	}
	if errors := env.Findings.Count(diag.Error) > 0; errors == (env.Model != nil) && !strings.Contains(b.String(), "[environment-name]") {
		t.Errorf("errors: %v, but there is a model: %v", errors, env.Model != nil)
	}
	return b.String()
}

// module makes root the root of a CUE module, unless it is one.
func module(t testing.TB, root string) {
	t.Helper()
	name := filepath.Join(root, "cue.mod", "module.cue")
	if _, err := os.Stat(name); err != nil {
		write(t, name, "module: \"example.com/gateway@v0\"\nlanguage: version: \"v0.17.0\"\n")
	}
}

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
