package main

import (
	"context"
	"fmt"
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

// base returns the model that the environment in dir is compared with.
func (a *app) base(ctx context.Context, dir, base string, registry registryFlags) (*schema.Gateway, error) {
	if strings.HasPrefix(base, "oci://") {
		data, _, err := oci.Pull(ctx, base, registry.options())
		if err != nil {
			return nil, err
		}
		return bundleModel(base, data)
	}
	if base != "" {
		info, err := os.Stat(base)
		switch {
		case err == nil && info.IsDir():
			return a.baseModel(base, base)
		case err == nil:
			data, err := os.ReadFile(base)
			if err != nil {
				return nil, err
			}
			return bundleModel(base, data)
		}
	}
	return a.revision(ctx, dir, base)
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
func (a *app) baseModel(name, dir string) (*schema.Gateway, error) {
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

// revision loads the environment as it was in a git revision, from the object store.
func (a *app) revision(ctx context.Context, dir, rev string) (*schema.Gateway, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, err
	}
	top, err := git(ctx, abs, "rev-parse", "--show-toplevel")
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
			rev = "HEAD"
			if _, err := git(ctx, top, "rev-parse", "--verify", "--quiet", rev); err != nil {
				return nil, fmt.Errorf("the repository of %q has no commit to compare with: name a directory, a bundle or oci:// with --base", dir)
			}
		}
	}
	commit, err := git(ctx, top, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		hint := ""
		if shallow, _ := git(ctx, top, "rev-parse", "--is-shallow-repository"); shallow == "true" {
			hint = "; this clone is shallow: run \"git fetch --unshallow\", or check out with full history"
		}
		return nil, fmt.Errorf("base %q is no git revision here, and no file or directory%s", rev, hint)
	}
	tmp, err := os.MkdirTemp("", "gwc-base-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	if err := extract(ctx, top, commit, tmp); err != nil {
		return nil, fmt.Errorf("base %q: %w", rev, err)
	}
	rel, err := filepath.Rel(top, abs)
	if err != nil {
		return nil, err
	}
	then := filepath.Join(tmp, rel)
	if !isDir(then) {
		// A new environment: everything in it is added.
		return (&schema.Gateway{Environment: filepath.Base(dir)}).Resolve(), nil
	}
	return a.baseModel(rev, then)
}
