package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gwc.dev/compiler"
	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// policyDir is where a repository keeps its own Rego, beside its environments.
const policyDir = "policies"

// environmentsDir is where a repository keeps its environments.
const environmentsDir = "environments"

// examine loads an environment and returns it with everything that gwc can find about it: the compiler's, the
// checks', the policies' and the runtime's findings, located and waived.
func (a *app) examine(ctx context.Context, dir string, policyDirs []string) (*compiler.Environment, error) {
	env, err := compiler.Load(dir, compiler.Options{})
	if err != nil {
		return nil, err
	}
	if env.Model == nil {
		return env, nil
	}
	found := check.Run(env.Model)
	violations, err := a.violations(ctx, env, policyDirs)
	if err != nil {
		return nil, err
	}
	found = append(found, violations...)
	// What the proxy would refuse must never be signed: its own table build has the last word.
	_, problems := route.Build(env.Model, filter.Deps{})
	refused := diag.FromProblems(problems, diag.Error)
	found.Locate(env.Positions)
	refused.Locate(env.Positions)
	found = append(found, unreported(refused, found)...)
	env.Findings = append(env.Findings, found.Merged()...)
	return env, nil
}

// unreported returns the findings about places of which nothing in reported says that something is wrong: neither of
// the place in the model, nor of the one in the file, where many places of the model may be written.
func unreported(l, reported diag.List) diag.List {
	wrong, at := map[schema.Path]bool{}, map[diag.Position]bool{}
	for _, f := range reported {
		if f.Severity == diag.Error {
			at[f.Position] = f.Position.File != ""
			for path := f.Path; path != ""; path = path.Parent() {
				wrong[path] = true
			}
		}
	}
	return slices.DeleteFunc(l, func(f diag.Finding) bool { return wrong[f.Path] || at[f.Position] })
}

// violations holds an environment to the policies, less what is waived. Rego that cannot be used is a finding too.
func (a *app) violations(ctx context.Context, env *compiler.Environment, policyDirs []string) (diag.List, error) {
	engine, err := a.policies(ctx, env.Dir, policyDirs)
	if broken, ok := errors.AsType[*policy.CompileError](err); ok {
		return broken.Findings, nil
	}
	if err != nil {
		return nil, err
	}
	root, err := moduleRoot(env.Dir)
	if err != nil {
		return nil, err
	}
	for name, data := range engine.Sources() {
		env.Inputs = append(env.Inputs, compiler.NewInput(nameIn(root, name), data))
	}
	found, err := engine.Evaluate(ctx, env.Model)
	if err != nil {
		return nil, err
	}
	return engine.Waive(found, env.Model.Waivers, a.now()), nil
}

// policies returns the engine with the embedded library, the repository's own rules, and those of dirs.
func (a *app) policies(ctx context.Context, env string, dirs []string) (*policy.Engine, error) {
	all := append([]string(nil), dirs...)
	if own, ok := ownPolicies(env); ok {
		all = append(all, own)
	}
	return policy.New(ctx, policy.Options{Dirs: all})
}

// ownPolicies returns the policy directory of the repository that env stands in: beside its cue.mod.
func ownPolicies(env string) (string, bool) {
	root, err := moduleRoot(env)
	if err != nil {
		return "", false
	}
	own := filepath.Join(root, policyDir)
	return relative(own), isDir(own)
}

// moduleRoot returns the directory of the CUE module that dir stands in.
func moduleRoot(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := start; ; at = filepath.Dir(at) {
		if isDir(filepath.Join(at, "cue.mod")) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%q is in no CUE module (no cue.mod in it or above)", dir)
		}
	}
}

// relative returns path relative to the working directory, where that is possible.
func relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil {
		return path
	}
	return rel
}

// environments returns the directories that args name; without args every environment below environments/.
func environments(args []string) ([]string, error) {
	if len(args) > 0 {
		for _, arg := range args {
			if err := environmentDir(arg); err != nil {
				return nil, err
			}
		}
		return args, nil
	}
	names, err := environmentsIn(environmentsDir)
	if err != nil {
		return nil, err
	}
	switch {
	case len(names) == 0 && !isDir(environmentsDir):
		return nil, errors.New(`no environment named, and no directory "environments" here: name one, or start with "gwc init DIR"`)
	case len(names) == 0:
		return nil, errors.New(`no environment below "environments": an environment is a directory with CUE files`)
	}
	var dirs []string
	for _, name := range names {
		dirs = append(dirs, filepath.Join(environmentsDir, name))
	}
	return dirs, nil
}

// environmentsIn returns the names of the environments in dir, if there is such a directory.
func environmentsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if isEnvironment(filepath.Join(dir, entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// isEnvironment reports whether dir is a directory with CUE files.
func isEnvironment(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.cue"))
	return len(files) > 0
}

// environmentDir says what is wrong with dir as an environment, as far as the file system tells.
func environmentDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if named := filepath.Join(environmentsDir, dir); isDir(named) {
			return fmt.Errorf("environment %q: no such directory; did you mean %q?", dir, named)
		}
		return fmt.Errorf("environment %q: no such directory", dir)
	}
	if err != nil {
		return fmt.Errorf("environment %q: %w", dir, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("environment %q is a file; name the directory that holds it", dir)
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
