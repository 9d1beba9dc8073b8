package oci

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/sigstore"
)

// maxClaims bounds how much of what is said about an artifact is looked at: anybody who may push may say something.
const maxClaims = 100

// Claims returns what a registry holds of signatures and attestations about the artifact under ref, which is by digest,
// judged by whom t trusts. What cannot be read is a claim that is not to be believed.
func Claims(ctx context.Context, ref string, t *bundle.Trust, o Options) ([]sigstore.Claim, error) {
	var all []sigstore.Claim
	s, err := pinned(ref, o)
	if err == nil {
		err = s.with(ctx, o, func(of *subject) error {
			bundles, err := of.bundles(t)
			if err != nil {
				return err
			}
			payloads, err := of.payloads(t)
			all = append(bundles, payloads...)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the signatures of %q: %w", ref, err)
	}
	return all, nil
}

// bundles reads the Sigstore bundles that refer to the artifact.
func (to *subject) bundles(t *bundle.Trust) ([]sigstore.Claim, error) {
	index, err := remote.Referrers(to.digest(to.Digest), append(to.options, remote.WithFilter("artifactType", sigstore.BundleType))...)
	if err != nil {
		return nil, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var out []sigstore.Claim
	for _, d := range list.Manifests {
		if d.ArtifactType != sigstore.BundleType {
			continue
		}
		if len(out) == maxClaims {
			return nil, tooMany()
		}
		img, err := remote.Image(to.digest(d.Digest), to.options...)
		if err != nil {
			return nil, err
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			out = append(out, unreadable(errors.New("it has not one layer")))
			continue
		}
		data, err := content(layers[0])
		if err != nil {
			return nil, err
		}
		claim, err := sigstore.ReadBundle(data, to.Digest.String(), t)
		if err != nil {
			claim = unreadable(err)
		}
		out = append(out, claim)
	}
	return out, nil
}

// payloads reads the signatures under the artifact's tag for signatures.
func (to *subject) payloads(t *bundle.Trust) ([]sigstore.Claim, error) {
	img, err := remote.Image(to.signatures(), to.options...)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	var out []sigstore.Claim
	for _, d := range manifest.Layers {
		if d.MediaType != sigstore.PayloadType {
			continue
		}
		if len(out) == maxClaims {
			return nil, tooMany()
		}
		layer, err := img.LayerByDigest(d.Digest)
		if err != nil {
			return nil, err
		}
		data, err := content(layer)
		if err != nil {
			return nil, err
		}
		claim, err := sigstore.ReadPayload(data, d.Annotations, to.Digest.String(), t)
		if err != nil {
			claim = unreadable(err)
		}
		out = append(out, claim)
	}
	return out, nil
}

func (to *subject) digest(d v1.Hash) name.Digest { return to.name.Context().Digest(d.String()) }

func tooMany() error {
	return fmt.Errorf("more than %d signatures and attestations are about it", maxClaims)
}

// unreadable is a claim of which nothing is known.
func unreadable(err error) sigstore.Claim {
	return sigstore.Claim{By: bundle.Signatory{Err: bundle.Refuse(bundle.SignatureInvalid, err.Error())}}
}

// content returns a layer that is small enough to be about something else.
func content(layer v1.Layer) ([]byte, error) {
	size, err := layer.Size()
	if err != nil {
		return nil, err
	}
	if size > sigstore.MaxSize {
		return nil, fmt.Errorf("a signature has %d bytes, the most allowed is %d", size, sigstore.MaxSize)
	}
	body, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, size))
}
