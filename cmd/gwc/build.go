package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"gwc.dev/compiler"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
)

func (a *app) buildCommand() *cobra.Command {
	var (
		out        string
		sign       signerFlags
		unsigned   bool
		serial     uint64
		policyDirs []string
	)
	cmd := &cobra.Command{
		Use:   "build ENV -o FILE --key KEY",
		Short: "Compile an environment into a signed bundle",
		Long: `Compile an environment into a signed bundle and print its revision. What gwc vet finds an error in is not built.

The same environment, serial, git revision and key give the same bytes, on any machine. Signing with an identity
instead of a key (--fulcio-url) makes another signature each time, and the revision stays the same.

Proxies refuse a bundle with a lower serial than the one they serve. Without --serial it is the time of the git
commit that is checked out, in Unix seconds.`,
		Example: `  gwc build environments/production -o production.bundle --key gateway.key`,
		Args:    exactly(1, "ENV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("missing -o FILE: where to write the bundle")
			}
			if sign.given() == unsigned {
				return errors.New("name the private key with --key, or say --unsigned to sign later with \"gwc sign\"")
			}
			signer, err := a.signer(cmd.Context(), sign)
			if err != nil {
				return err
			}
			env, err := a.vetted(cmd.Context(), args[0], policyDirs)
			if err != nil {
				return err
			}
			contents, err := a.contents(cmd.Context(), env, cmd.Flags().Changed("serial"), serial)
			if err != nil {
				return err
			}
			data, err := bundle.Seal(contents, signer)
			if err != nil {
				return err
			}
			b, err := bundle.Inspect(data)
			if err != nil {
				return err
			}
			if err := atomic.WriteFile(out, data, 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, b.Revision)
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the bundle's file")
	sign.add(cmd)
	cmd.Flags().BoolVar(&unsigned, "unsigned", false, "leave the bundle unsigned; no proxy takes it before \"gwc sign\"")
	cmd.Flags().Uint64Var(&serial, "serial", 0, "the bundle's place in the order of its environment's bundles")
	policyFlag(cmd, &policyDirs)
	return cmd
}

// contents returns what goes into the bundle of an environment.
func (a *app) contents(ctx context.Context, env *compiler.Environment, given bool, serial uint64) (bundle.Contents, error) {
	commit, when, err := lastCommit(ctx, env.Dir)
	if !given {
		if err != nil {
			return bundle.Contents{}, fmt.Errorf("%q is in no git commit to take a serial from: give one with --serial (%w)", env.Dir, err)
		}
		serial = when
	}
	positions, err := positionTexts(ctx, env)
	if err != nil {
		return bundle.Contents{}, err
	}
	return bundle.Contents{
		Environment: env.Name,
		Serial:      serial,
		GitRevision: commit,
		Gateway:     env.Model,
		Positions:   positions,
	}, nil
}

// dirty ends the name of a commit that is not what was compiled.
const dirty = "-dirty"

// lastCommit returns the commit that is checked out in dir and its time. The commit is marked "-dirty" where CUE files
// of the module differ from it: those of dir, those that it shares with others, or those that it imports; and where that of
// dir does which is applied to the manifests.
func lastCommit(ctx context.Context, dir string) (commit string, when uint64, err error) {
	if commit, err = git(ctx, dir, "rev-parse", "HEAD"); err != nil {
		return "", 0, err
	}
	text, err := git(ctx, dir, "show", "-s", "--no-show-signature", "--format=%ct", "HEAD")
	if err != nil {
		return "", 0, err
	}
	if when, err = strconv.ParseUint(text, 10, 64); err != nil {
		return "", 0, err
	}
	root, err := moduleRoot(dir)
	if err != nil {
		return "", 0, err
	}
	paths := []string{":(glob)**/*.cue"}
	if at, err := filepath.Abs(dir); err == nil {
		if rel, err := filepath.Rel(root, at); err == nil {
			paths = append(paths, ":(glob)"+path.Join(filepath.ToSlash(rel), "**", "*.y*ml"))
		}
	}
	if changes, err := git(ctx, root, append([]string{"status", "--porcelain", "--"}, paths...)...); err != nil || changes != "" {
		commit += dirty
	}
	return commit, when, nil
}

// positionTexts returns where everything in a model is written, in files relative to the repository (without one: to
// the CUE module), so that the bundle is the same wherever gwc is started.
func positionTexts(ctx context.Context, env *compiler.Environment) (map[string]string, error) {
	root, err := git(ctx, env.Dir, "rev-parse", "--show-toplevel")
	if err != nil {
		if root, err = moduleRoot(env.Dir); err != nil {
			return nil, err
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(wd); err == nil {
		wd = real
	}
	texts := map[string]string{}
	for path, pos := range env.Positions.All() {
		file := filepath.FromSlash(pos.File)
		if !filepath.IsAbs(file) {
			file = filepath.Join(wd, file)
		}
		if rel, err := filepath.Rel(root, file); err == nil {
			pos.File = filepath.ToSlash(rel)
		}
		texts[string(path)] = pos.String()
	}
	return texts, nil
}
