package examples_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler"
	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// compile returns the model of an environment as `gwc vet` sees it. What vet finds must be what findings.txt says;
// without that file, nothing.
func compile(t *testing.T, dir string, engine *policy.Engine) *schema.Gateway {
	env, err := compiler.Load(dir, compiler.Options{Base: ".."})
	if err != nil {
		t.Fatal(err)
	}
	found := env.Findings
	if env.Model != nil {
		found = append(found, check.Run(env.Model)...)
		_, problems := route.Build(env.Model, filter.Deps{})
		found = append(found, diag.FromProblems(problems, diag.Error)...)
		violations, err := engine.Evaluate(t.Context(), env.Model)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, engine.Waive(violations, env.Model.Waivers, time.Now())...)
		found.Locate(env.Positions)
	}
	var text bytes.Buffer
	if err := diag.Write(&text, "text", found, diag.Options{}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "findings.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if env.Model == nil || found.Count(diag.Error) > 0 {
		t.FailNow()
	}
	return env.Model
}

// acceptedByCUE holds an environment to plain CUE: what `cue vet -c` says.
func acceptedByCUE(t *testing.T, dir string) {
	for _, instance := range load.Instances([]string{"./" + filepath.ToSlash(dir)}, nil) {
		if instance.Err != nil {
			t.Fatalf("cue: %v", instance.Err)
		}
		if err := cuecontext.New().BuildInstance(instance).Validate(cue.Concrete(true)); err != nil {
			t.Errorf("cue: %v", err)
		}
	}
}
