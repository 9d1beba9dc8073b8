package compiler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	cueload "cuelang.org/go/cue/load"

	"gwc.dev/compiler"
	v1 "gwc.dev/schema/v1"
)

// CUE on its own, with the schema vendored, accepts what gwc accepts: cue vet -c and editors see no other
// language.
func TestCUEAcceptsWhatLoadAccepts(t *testing.T) {
	for title, files := range map[string]map[string]string{
		"the reference": reference,
		"many routes":   large(20),
		"the least":     {"production/env.cue": header + "environment: \"production\"\n"},
	} {
		t.Run(title, func(t *testing.T) {
			root := tree(t, files)
			vendor(t, root)
			dirs, err := filepath.Glob(filepath.Join(root, "environments", "production"))
			if err != nil || len(dirs) == 0 {
				dirs = []string{filepath.Join(root, "production")}
			}
			env, err := compiler.Load(dirs[0], compiler.Options{})
			if err != nil || len(env.Findings) > 0 {
				t.Fatalf("gwc: %v, %v", err, env)
			}
			if err := vet(t, dirs[0]); err != nil {
				t.Errorf("cue: %v", err)
			}
		})
	}
}

// The repository's own environments are in the module of the schema itself.
func TestOwnEnvironments(t *testing.T) {
	files, err := filepath.Glob("../environments/*/*.cue")
	if err != nil || len(files) == 0 {
		t.Fatalf("environments: %v, %v", files, err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		env, err := compiler.Load(dir, compiler.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if env.Model == nil || len(env.Findings) > 0 {
			t.Errorf("%s: %v", dir, env.Findings)
		}
		if err := vet(t, dir); err != nil {
			t.Errorf("%s: cue: %v", dir, err)
		}
	}
}

// vet does what cue vet -c does.
func vet(t *testing.T, dir string) error {
	t.Helper()
	insts := cueload.Instances([]string{"."}, &cueload.Config{Dir: dir})
	if len(insts) != 1 || insts[0].Err != nil {
		t.Fatalf("loading %s: %v", dir, insts[0].Err)
	}
	return cuecontext.New().BuildInstance(insts[0]).Validate(cue.Concrete(true), cue.Final())
}

// vendor writes the schema where gwc init puts it.
func vendor(t *testing.T, root string) {
	t.Helper()
	entries, err := v1.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := fs.ReadFile(v1.Files, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, "cue.mod", "pkg", filepath.FromSlash(v1.ImportPath), e.Name()), string(data))
	}
}

func TestEveryPatternHasWords(t *testing.T) {
	missing, err := compiler.Undescribed()
	if err != nil {
		t.Fatal(err)
	}
	for _, regex := range missing {
		t.Errorf("the schema's pattern %s has no words to tell a user what it wants", regex)
	}
}

func TestModuleFileOfAnotherKind(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "cue.mod", "module.cue"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "production", "env.cue"), header)
	if _, err := compiler.Load(filepath.Join(root, "production"), compiler.Options{}); err == nil {
		t.Error("no error of a module file that is a directory")
	}
}
