package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gwc.dev/compiler/provenance"
	"gwc.dev/schema/bundle/oci"
)

func (a *app) pushCommand() *cobra.Command {
	var (
		o        releaseOptions
		registry registryFlags
	)
	cmd := &cobra.Command{
		Use:   "push ENV|FILE [oci://REPOSITORY[:TAG]] --key KEY",
		Short: "Build, sign and push what proxies and Flux pull",
		Long: `Push one OCI artifact with two layers, the signed bundle that proxies serve and the rendered manifests that Flux applies,
and print its reference, pinned by its digest. Of an environment the bundle is built first, as gwc build does it; a bundle
file is pushed as it is.

With --key (or, by an identity, --fulcio-url) the artifact is signed so that "cosign verify --key" and an OCIRepository of Flux with verify: provider: cosign
accept it. Of an environment, SLSA provenance goes with it: the commit, and the digest of every file, schema and policy
that went in, with those of its kustomization ("cosign verify-attestation --type slsaprovenance1"). Of a bundle file it is what the bundle says of itself.

The repository is by default the environment's targets.kube.repository. Once the artifact is signed it is tagged
ENVIRONMENT-SERIAL, and ENVIRONMENT, which is what proxies and Flux follow; a TAG in the reference takes the place of both.
A serial is refused that is older than one that was pushed, or taken by another bundle.

Credentials are Docker's: "docker login", or a credential helper in Docker's configuration.`,
		Example: `  gwc push environments/production --key gateway.key
  gwc push production.bundle oci://registry.example.com/gateway/production --key gateway.key`,
		Args: between(1, 2, "ENV|FILE", "oci://REPOSITORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.serialGiven = cmd.Flags().Changed("serial")
			if len(args) == 2 {
				o.reference = args[1]
			}
			r, err := a.release(cmd.Context(), args[0], o)
			if err != nil {
				return err
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
	cmd.Flags().StringArrayVar(&o.trusted, "trust", nil, "a trust document, or a file with public keys, that the proxies trust beside the key that signs; may be repeated")
	cmd.Flags().Uint64Var(&o.serial, "serial", 0, "the bundle's place in the order of its environment's bundles (default the commit's time)")
	cmd.Flags().StringVar(&o.overlay, "overlay", "", "of a bundle file: the environment whose kustomization.yaml is applied to the manifests")
	cmd.Flags().StringVar(&o.version, "semver", "", "a semantic version to tag the artifact with too, which a Flux OCIRepository can select by range")
	policyFlag(cmd, &o.policyDirs)
	registry.addDirect(cmd)
	return cmd
}

// push uploads the release, signs it, and only then tags it, so that nobody who follows a tag sees it unsigned. It returns the reference by digest.
func (r *release) push(ctx context.Context, options oci.Options) (string, error) {
	c := oci.Channel{Repository: r.repository, Environment: r.Environment, Follow: r.tag, Options: options}
	if err := c.Admit(ctx, r.Serial, r.Revision); err != nil {
		return "", err
	}
	if r.version != "" {
		if err := c.AdmitVersion(ctx, r.version, r.Revision); err != nil {
			return "", err
		}
	}
	options.Annotations, options.Content = r.annotations(), r.manifests
	digest, err := oci.Upload(ctx, r.repository, r.data, options)
	if err != nil {
		return "", err
	}
	pinned := r.repository + "@" + digest
	if r.signer != nil {
		if err := oci.Attest(ctx, pinned, provenance.Type, provenance.New(r.build), r.signer, options); err != nil {
			return "", err
		}
		if err := oci.Sign(ctx, pinned, r.signer, options); err != nil {
			return "", err
		}
	}
	if err := c.Publish(ctx, digest, r.Serial, r.Revision); err != nil {
		return "", err
	}
	if r.version != "" {
		if err := oci.Tag(ctx, pinned, r.version, options); err != nil {
			return "", err
		}
	}
	return pinned, nil
}
