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
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "rollback ENV [oci://REPOSITORY] --key KEY",
		Short: "Push an older state again, under a new serial",
		Long: `Take what was pushed of an environment under an older serial, and push it again under the serial after the one in force,
since proxies refuse to go back. What that changes is printed on stderr, and the artifact's reference on stdout.

Without --to it is the serial before the one in force. The older bundle must be signed by the key or by one of --trust. The
repository is by default the environment's targets.kube.repository; with one given, the environment need not compile.`,
		Example: `  gwc rollback environments/production --key gateway.key
  gwc rollback environments/production --to 1795521664 --key gateway.key`,
		Args: between(1, 2, "ENV", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !sign.given() {
				return errNoSigner
			}
			p, err := a.published(args[0], strings.Join(args[1:], ""), registry)
			if err != nil {
				return err
			}
			r := &release{repository: p.repository}
			if r.signer, err = a.signer(cmd.Context(), sign); err != nil {
				return err
			}
			if err := a.restore(cmd.Context(), r, p, to, trusted); err != nil {
				return err
			}
			overlay := ""
			if isDir(args[0]) {
				overlay = args[0]
			}
			if err := r.render(overlay, trusted); err != nil {
				return err
			}
			pinned, err := r.push(cmd.Context(), "", p.options)
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
	registry.addDirect(cmd)
	return cmd
}

// restore makes of r the state of an older serial, under the serial after the one in force.
func (a *app) restore(ctx context.Context, r *release, p *published, to uint64, trusted []string) error {
	trust, err := trusting(r.signer, trusted)
	if err != nil {
		return err
	}
	trust.Environment = p.environment
	current, _, err := opened(ctx, p.followed(), trust, p.options)
	if err != nil {
		return err
	}
	if to == 0 {
		serials, err := p.serials(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(serials, func(serial uint64) bool { return serial < current.Serial })
		if i < 0 {
			return fmt.Errorf("nothing older than serial %d, which is in force, is in %q", current.Serial, p.repository)
		}
		to = serials[i]
	}
	if to >= current.Serial {
		return fmt.Errorf("--to: serial %d is not older than %d, which is in force", to, current.Serial)
	}
	older, digest, err := opened(ctx, p.tag(to), trust, p.options)
	if err != nil {
		return err
	}
	c, err := comparison(p.environment, current.Gateway, older.Gateway)
	if err != nil {
		return err
	}
	if err := behaviour.Write(a.err, "text", []behaviour.Comparison{c}); err != nil {
		return err
	}
	contents := older.Contents
	contents.Serial = current.Serial + 1
	if r.data, err = bundle.Seal(contents, r.signer); err != nil {
		return err
	}
	if r.Bundle, err = bundle.Inspect(r.data); err != nil {
		return err
	}
	r.provenance = provenance.New(provenance.Build{
		Environment: r.Environment, Serial: r.Serial, Revision: r.Revision, Version: version.Of(), Artifact: p.repository + "@" + digest,
	})
	return nil
}

// opened pulls a bundle and verifies it.
func opened(ctx context.Context, ref string, trust bundle.Trust, o oci.Options) (*bundle.Bundle, string, error) {
	data, digest, err := oci.Pull(ctx, ref, o)
	if err != nil {
		return nil, "", err
	}
	b, err := bundle.Open(data, trust)
	if err != nil {
		return nil, "", fmt.Errorf("%q is refused: %w", ref, err)
	}
	return b, digest, nil
}
