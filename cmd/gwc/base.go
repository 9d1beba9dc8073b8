package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gwc.dev/compiler"
	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// loaded returns an environment's model; what keeps it from having one is printed.
func (a *app) loaded(dir string) (*schema.Gateway, error) {
	if err := environmentDir(dir); err != nil {
		return nil, err
	}
	env, err := compiler.Load(dir, compiler.Options{})
	if err != nil {
		return nil, err
	}
	if env.Model == nil {
		if err := a.printFindings(a.err, "text", env.Findings); err != nil {
			return nil, err
		}
		return nil, errFindings
	}
	return env.Model, nil
}

// A baseline is what environments are compared with.
type baseline struct {
	name      string
	only      *schema.Gateway // of a directory, a bundle or an artifact: it is one environment
	sealed    bool            // it is a bundle or an artifact
	top, tree string          // of a revision: the working tree, and a directory with the CUE files that were committed
}

// baseline finds what base names for the environments in dirs. The caller closes it.
func (a *app) baseline(ctx context.Context, dirs []string, base string, registry registryFlags) (*baseline, error) {
	load := oneEnvironment(ctx, base, registry)
	if load == nil {
		return a.revision(ctx, dirs[0], base)
	}
	if len(dirs) > 1 {
		return nil, fmt.Errorf("base %q is one environment, and %d are to be compared: name one, or a git revision with --base", base, len(dirs))
	}
	model, err := load()
	return &baseline{name: base, only: model, sealed: !isDir(base)}, err
}

// oneEnvironment returns what loads the environment that base is; nil if it is no file, directory or artifact.
func oneEnvironment(ctx context.Context, base string, registry registryFlags) func() (*schema.Gateway, error) {
	if strings.HasPrefix(base, "oci://") {
		return func() (*schema.Gateway, error) {
			data, _, err := oci.Pull(ctx, base, registry.options())
			if err != nil {
				return nil, err
			}
			return bundleModel(base, data)
		}
	}
	if base == "" {
		return nil
	}
	info, err := os.Stat(base)
	switch {
	case err != nil:
		return nil
	case info.IsDir():
		return func() (*schema.Gateway, error) { return baseModel(base, base) }
	}
	return func() (*schema.Gateway, error) {
		data, err := readFile(base)
		if err != nil {
			return nil, err
		}
		return bundleModel(base, data)
	}
}

// bundleModel reads the model of a bundle for comparing, not for serving: its signature is not asked for.
func bundleModel(name string, data []byte) (*schema.Gateway, error) {
	b, err := bundle.Inspect(data)
	if err != nil {
		return nil, fmt.Errorf("base %q: %w", name, err)
	}
	return b.Gateway, nil
}

// baseModel loads the environment in dir, which is part of the base that the user calls name.
func baseModel(name, dir string) (*schema.Gateway, error) {
	env, err := compiler.Load(dir, compiler.Options{Base: dir})
	if err != nil {
		return nil, fmt.Errorf("base %q: %w", name, err)
	}
	if env.Model == nil {
		first := ""
		for _, f := range env.Findings.Sorted() {
			if f.Severity == diag.Error {
				first = ": " + f.Message
				break
			}
		}
		return nil, fmt.Errorf("base %q does not compile%s", name, first)
	}
	return env.Model, nil
}

// revision finds a git revision in the repository that dir stands in; "" is origin/main, or else HEAD.
func (a *app) revision(ctx context.Context, dir, rev string) (*baseline, error) {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		if !outsideRepository(err) {
			return nil, err
		}
		if rev != "" {
			return nil, fmt.Errorf("base %q is no file or directory, and %q is not in a git repository", rev, dir)
		}
		return nil, fmt.Errorf("%q is not in a git repository: name a directory, a bundle or oci:// with --base", dir)
	}
	if rev == "" {
		rev = "origin/main"
		if _, err := git(ctx, top, "rev-parse", "--verify", "--quiet", rev+"^{commit}"); err != nil {
			if isShallow(ctx, top) { // HEAD would be what is there anyway, and nothing would differ
				return nil, errors.New(`this clone is shallow and has no origin/main to compare with: ` +
					`run "git fetch --depth 1 origin +main:refs/remotes/origin/main", or name a base with --base`)
			}
			rev = "HEAD"
			if _, err := git(ctx, top, "rev-parse", "--verify", "--quiet", rev); err != nil {
				return nil, fmt.Errorf("the repository of %q has no commit to compare with: name a directory, a bundle or oci:// with --base", dir)
			}
		}
	}
	commit, err := git(ctx, top, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		hint := ""
		if isShallow(ctx, top) {
			hint = `; this clone is shallow: run "git fetch --unshallow", or check out with full history`
		}
		return nil, fmt.Errorf("base %q is no git revision here, and no file or directory%s", rev, hint)
	}
	tree, err := os.MkdirTemp("", "gwc-base-")
	if err != nil {
		return nil, err
	}
	b := &baseline{name: rev, top: top, tree: tree}
	if err := extract(ctx, top, commit, tree); err != nil {
		b.close()
		return nil, fmt.Errorf("base %q: %w", rev, err)
	}
	return b, nil
}

// isShallow reports whether a clone lacks the beginning of its history.
func isShallow(ctx context.Context, top string) bool {
	shallow, err := git(ctx, top, "rev-parse", "--is-shallow-repository")
	return err == nil && shallow == "true"
}

func (b *baseline) close() {
	if b.tree != "" {
		os.RemoveAll(b.tree)
	}
}

// environment returns the model that the environment in dir, which is next now, is compared with. A new one is compared
// with nothing. A bundle of another environment is a mistake: directories are there to compare two of them.
func (b *baseline) environment(dir string, next *schema.Gateway) (*schema.Gateway, error) {
	if b.sealed && b.only.Environment != next.Environment {
		return nil, fmt.Errorf("base %q is a bundle of environment %q, and %q is environment %q: to compare two environments, name a directory with --base",
			b.name, b.only.Environment, dir, next.Environment)
	}
	if b.only != nil {
		return b.only, nil
	}
	then, err := b.then(dir)
	if err != nil {
		return nil, err
	}
	if !isDir(then) {
		return nothing(dir), nil
	}
	return baseModel(b.name, then)
}

// then returns where the base has what stands at dir now.
func (b *baseline) then(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) { // deleted since the base
		real, err = filepath.EvalSymlinks(filepath.Dir(abs))
		real = filepath.Join(real, filepath.Base(abs))
	}
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(b.top, real)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%q is in another repository than the first environment, which has the base %q", dir, b.name)
	}
	return filepath.Join(b.tree, rel), nil
}

// removed returns the environments below environments/ that only the base has.
func (b *baseline) removed() ([]string, error) {
	if b.only != nil {
		return nil, nil
	}
	then, err := b.then(environmentsDir)
	if err != nil {
		return nil, err
	}
	old, err := environmentsIn(then)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, name := range old {
		if dir := filepath.Join(environmentsDir, name); !isEnvironment(dir) {
			gone = append(gone, dir)
		}
	}
	return gone, nil
}

// nothing is an environment in which there is nothing, for one that is not there before a change or after it.
func nothing(dir string) *schema.Gateway {
	return (&schema.Gateway{Environment: filepath.Base(dir)}).Resolve()
}
