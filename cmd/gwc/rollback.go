package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/provenance"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

func (a *app) rollbackCommand() *cobra.Command {
	var (
		sign     signerFlags
		trusted  []string
		to       uint64
		dryRun   bool
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "rollback ENV [oci://REPOSITORY] --key KEY",
		Short: "Push an older state again, under a new serial",
		Long: `Take what was pushed of an environment under an older serial, and push it again under the serial after the one in force,
since proxies refuse to go back. What that changes is printed on stderr, and the artifact's reference on stdout.

Without --to it is the serial before the one in force; after a rollback, the one before what that went back to. The older
bundle must be signed by the key or by one of --trust. The repository is by default the environment's
targets.kube.repository; with one given, the environment need not compile. The manifests are rendered anew, with the
kustomization.yaml that is in ENV now.`,
		Example: `  gwc rollback environments/production --key gateway.key
  gwc rollback environments/production --to 1795521664 --key gateway.key`,
		Args: between(1, 2, "ENV", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sign.given() {
				return errNoSigner
			}
			c, err := a.published(args[0], strings.Join(args[1:], ""), registry)
			if err != nil {
				return err
			}
			r := &release{repository: c.Repository}
			if r.signer, err = a.signer(cmd.Context(), sign); err != nil {
				return err
			}
			diff, err := a.restore(cmd.Context(), r, c, to, trusted)
			if err != nil {
				return err
			}
			if err := behaviour.Write(a.err, "text", []behaviour.Comparison{diff}); err != nil || dryRun {
				return err
			}
			overlay := ""
			if isDir(args[0]) {
				overlay = args[0]
			}
			if err := r.render(overlay, trusted); err != nil {
				return err
			}
			pinned, err := r.push(cmd.Context(), c.Options)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, pinned)
			return err
		},
	}
	sign.add(cmd)
	cmd.Flags().Uint64Var(&to, "to", 0, "the serial to go back to")
	cmd.Flags().StringArrayVar(&trusted, "trust", nil, "a trust document, or a file with public keys, that is trusted beside the key that signs; may be repeated")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would change, and push nothing")
	registry.addDirect(cmd)
	return cmd
}

// restore makes of r the state of an older serial, under the serial after the newest, and says what that changes.
func (a *app) restore(ctx context.Context, r *release, c oci.Channel, to uint64, trusted []string) (behaviour.Comparison, error) {
	var none behaviour.Comparison
	t, err := trusting(r.signer, trusted)
	if err != nil {
		return none, err
	}
	current, err := open(ctx, c, c.Environment, t)
	if err != nil {
		return none, err
	}
	serials, err := c.Serials(ctx)
	if err != nil {
		return none, err
	}
	// Of a rollback, what is older than the state that it brought back, so that another one goes further back and not to
	// what was taken back.
	state := current.Bundle.Serial
	if restored, ok := current.Restores(); ok && restored < state {
		state = restored
	}
	if to == 0 {
		i := slices.IndexFunc(serials, func(serial uint64) bool { return serial < state })
		if i < 0 {
			return none, fmt.Errorf("nothing older than serial %d, whose state is in force, is in %q", state, c.Repository)
		}
		to = serials[i]
	}
	switch {
	case to >= current.Bundle.Serial:
		return none, fmt.Errorf("--to: serial %d is not older than %d, which is in force", to, current.Bundle.Serial)
	case to == state:
		return none, fmt.Errorf("--to: the state of serial %d is in force already, as serial %d", to, current.Bundle.Serial)
	}
	older, err := open(ctx, c, c.Tag(to), t)
	if err != nil {
		return none, err
	}
	if older.Bundle.Serial != to {
		return none, fmt.Errorf("%q is not what its tag says: its bundle has serial %d", c.At(to), older.Bundle.Serial)
	}
	contents := older.Contents
	contents.Gateway = withTrustOf(older.Gateway, current.Gateway) // who was trusted once may not be any more
	diff, err := comparison(c.Environment, current.Gateway, contents.Gateway)
	if err != nil {
		return none, err
	}
	contents.Serial = current.Bundle.Serial + 1
	if len(serials) > 0 { // one that was put up, and is not followed yet
		contents.Serial = max(contents.Serial, serials[0]+1)
	}
	if r.data, err = bundle.Seal(contents, r.signer); err != nil {
		return none, err
	}
	if r.Bundle, err = bundle.Inspect(r.data); err != nil {
		return none, err
	}
	r.restores = to
	r.source, r.created = older.Annotations[oci.AnnotationSource], older.Annotations[oci.AnnotationCreated]
	r.build = provenance.Build{
		Environment: r.Environment, Serial: r.Serial, Revision: r.Bundle.Revision, Version: version.Of(), Artifact: c.Repository + "@" + older.Digest,
	}
	return diff, nil
}
