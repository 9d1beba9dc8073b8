package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema/bundle/oci"
)

func (a *app) promoteCommand() *cobra.Command {
	var (
		o                 releaseOptions
		failOn, approvals string
		dryRun            bool
		registry          registryFlags
	)
	cmd := &cobra.Command{
		Use:   "promote FROM TO --key KEY",
		Short: "Push an environment as of the commit that another one serves",
		Long: `Find out which commit the environment FROM was pushed from, and push the environment TO as it is in that commit: what was
tried out in the one is what goes out in the other, whatever has been committed since. What that changes in TO is printed on
stderr first, and the artifact's reference on stdout. If TO serves that commit already, nothing is pushed.

Both are looked up in their targets.kube.repository. The bundle of FROM must be signed by the key or by one of --trust. The
serial of TO is the commit's time, or the one after the serial in force if that is higher.`,
		Example: `  gwc promote environments/staging environments/production --key gateway.key --dry-run
  gwc promote environments/staging environments/production --key gateway.key --fail-on breaking`,
		Args: exactly(2, "FROM", "TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			reached, err := threshold(failOn)
			if err != nil {
				return err
			}
			if !o.sign.given() {
				return errNoSigner
			}
			r, there, c, err := a.promotion(cmd.Context(), args[0], args[1], o, registry)
			if err != nil {
				return err
			}
			if r == nil {
				fmt.Fprintf(a.err, "%q serves that commit already\n", args[1])
				_, err = fmt.Fprintln(a.out, there)
				return err
			}
			changes := []behaviour.Comparison{c}
			if err := a.approve(changes, approvals); err != nil {
				return err
			}
			if err := behaviour.Write(a.err, "text", changes); err != nil {
				return err
			}
			switch {
			case reached(changes[0]):
				return errFindings
			case dryRun:
				return nil
			}
			pinned, err := r.push(cmd.Context(), registry.options())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, pinned)
			return err
		},
	}
	o.sign.add(cmd)
	cmd.Flags().StringArrayVar(&o.trusted, "trust", nil, "a trust document, or a file with public keys, that is trusted beside the key that signs; may be repeated")
	cmd.Flags().StringVar(&failOn, "fail-on", "none", "the least class of a behavioural change that is not pushed, with exit status 1: breaking, risky, any or none")
	cmd.Flags().StringVar(&approvals, "approvals", "", "a file of changes that are accepted, which --fail-on does not mind")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would change, and push nothing")
	policyFlag(cmd, &o.policyDirs)
	registry.addDirect(cmd)
	return cmd
}

// promotion builds the environment in the directory to as of the commit that the one in from serves, and compares it with
// what it serves now. If it serves that commit already, the release is nil and the reference that of what is there.
func (a *app) promotion(ctx context.Context, from, to string, o releaseOptions, registry registryFlags) (r *release, there string, c behaviour.Comparison, err error) {
	s, err := a.signer(ctx, o.sign)
	if err != nil {
		return nil, "", c, err
	}
	t, err := trusting(s, o.trusted)
	if err != nil {
		return nil, "", c, err
	}
	source, err := a.published(from, "", registry)
	if err != nil {
		return nil, "", c, err
	}
	target, err := a.published(to, "", registry)
	if err != nil {
		return nil, "", c, err
	}
	if source.Followed() == target.Followed() {
		return nil, "", c, fmt.Errorf("%q and %q are one environment, %q", from, to, source.Followed())
	}
	served, err := open(ctx, source, source.Environment, t)
	if err != nil {
		return nil, "", c, err
	}
	if served.GitRevision == "" || strings.HasSuffix(served.GitRevision, dirty) {
		return nil, "", c, fmt.Errorf("what %q serves is of no commit (git revision %q): push it from a clean checkout first", from, served.GitRevision)
	}
	model, serial := nothing(to), uint64(0)
	current, err := open(ctx, target, target.Environment, t)
	switch {
	case errors.Is(err, oci.ErrNotFound): // the first of it
	case err != nil:
		return nil, "", c, err
	case current.GitRevision == served.GitRevision:
		return nil, target.Repository + "@" + current.Digest, c, nil
	default:
		model, serial = current.Gateway, current.Bundle.Serial
	}
	dir, remove, err := checkout(ctx, to, served.GitRevision)
	if err != nil {
		return nil, "", c, err
	}
	defer remove()
	if r, err = a.asOf(ctx, dir, serial, target.Repository, o); err != nil {
		return nil, "", c, err
	}
	c, err = comparison(to, model, r.Gateway)
	return r, "", c, err
}

// asOf makes a release of the environment in dir, a checkout, with a serial above one.
func (a *app) asOf(ctx context.Context, dir string, above uint64, repository string, o releaseOptions) (*release, error) {
	_, when, err := lastCommit(ctx, dir)
	if err != nil {
		return nil, err
	}
	o.reference, o.serial, o.serialGiven = repository, max(when, above+1), true
	return a.release(ctx, dir, o)
}

// checkout returns the directory of an environment in a checkout of a commit, which is a repository of its own, and what
// removes it. The user's working tree stays as it is.
func checkout(ctx context.Context, dir, commit string) (string, func(), error) {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", nil, err
	}
	if _, err := git(ctx, top, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return "", nil, fmt.Errorf("commit %.12s, which is served, is not in this clone: %s", commit, howToFetch(ctx, top))
	}
	b := &baseline{top: top, name: commit}
	if b.tree, err = os.MkdirTemp("", "gwc-promote-"); err != nil {
		return "", nil, err
	}
	at, err := b.then(dir)
	for _, args := range [][]string{
		{"-C", top, "clone", "-q", "--shared", "--no-checkout", top, b.tree},
		{"-C", b.tree, "checkout", "-q", "--detach", commit},
	} {
		if err == nil {
			_, err = git(ctx, args[1], args[2:]...)
		}
	}
	if err == nil {
		if remote, failed := git(ctx, top, "remote", "get-url", "origin"); failed == nil {
			_, err = git(ctx, b.tree, "remote", "set-url", "origin", remote)
		}
	}
	if err != nil {
		b.close()
		return "", nil, fmt.Errorf("checking out commit %.12s, which is served: %w", commit, err)
	}
	if !isDir(at) {
		b.close()
		return "", nil, fmt.Errorf("commit %.12s, which is served, has no environment %q", commit, filepath.Clean(dir))
	}
	return at, b.close, nil
}

// howToFetch says how a commit gets into a clone that has it not.
func howToFetch(ctx context.Context, top string) string {
	if shallow, err := git(ctx, top, "rev-parse", "--is-shallow-repository"); err == nil && shallow == "true" {
		return "it is shallow: run \"git fetch --unshallow\", or check out with full history"
	}
	return "run \"git fetch\""
}
