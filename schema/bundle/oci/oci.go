// Package oci moves bundles to and from OCI registries.
//
// In a registry a bundle is an artifact of one layer: the bundle's bytes, as they are, under
// [bundle.MediaType]. Other layers may stand beside it, such as rendered manifests for Flux, and are none
// of this package's business when it pulls. The artifact's digest follows from its contents alone, so
// pushing the same bundle twice is one artifact, and cosign can sign it like any image.
//
//	digest, err := oci.Push(ctx, "oci://registry.example.com/gateway:production", data, oci.Options{})
//	data, digest, err := oci.Pull(ctx, "oci://registry.example.com/gateway@"+digest, oci.Options{})
//
// A reference names its registry and its tag or digest in full; nothing is assumed. Credentials are
// Docker's, with its credential helpers, or podman's. Whether what was pulled is to be trusted is package bundle's
// question; here only the registry's own digests are checked.
package oci

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gwc.dev/schema/bundle"
)

// Media types of what is pushed.
const (
	ConfigType = "application/vnd.gwc.config.v1+json"            // the empty object
	FluxType   = "application/vnd.cncf.flux.content.v1.tar+gzip" // manifests for Flux's OCIRepository
)

// Options say how to reach a registry and what to push beside the bundle. The zero Options do for most.
type Options struct {
	PlainHTTP   bool              // allow a registry without TLS; on the loopback interface it always is
	Annotations map[string]string // of the artifact
	Content     []byte            // a gzip tar of manifests, pushed as a layer of FluxType; nil: none
	MaxSize     int64             // the largest bundle to pull; 0: bundle.MaxSize
	Mirrors     Mirrors           // registries to read from in place of others
	Keychain    authn.Keychain    // nil: Docker's and podman's configuration and credential helpers
	TokenFile   string            // a token that takes the place of the keychain's credentials, read at each use; "": none
	Transport   http.RoundTripper // nil: one that trusts those whom the system trusts
	Client      *Client           // a certificate to show to the registry; nil: none

	// Retry has what a registry cannot do just now tried again, for a minute at most, and is told of each time. Nil: an
	// error is final, as for who has a back-off of their own.
	Retry func(err error, wait time.Duration)
}

// Pull returns the bundle under ref and the digest of the artifact that holds it. A bundle larger than
// allowed is refused before it is read.
func Pull(ctx context.Context, ref string, o Options) (data []byte, digest string, err error) {
	r, err := ParseReference(ref)
	if err != nil {
		return nil, "", err
	}
	data, digest, err = NewReader(r, o).Pull(ctx, r.identifier())
	if err != nil {
		return nil, "", fmt.Errorf("pulling %q: %w", ref, err)
	}
	return data, digest, nil
}

// Digest returns the digest that ref stands for now, without pulling anything.
func Digest(ctx context.Context, ref string, o Options) (string, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return "", err
	}
	digest, err := NewReader(r, o).Digest(ctx, r.identifier())
	if err != nil {
		return "", fmt.Errorf("looking up %q: %w", ref, err)
	}
	return digest, nil
}

// bundleLayer returns the layer that holds the bundle.
func bundleLayer(desc *remote.Descriptor) (v1.Descriptor, error) {
	if desc.MediaType.IsIndex() {
		return v1.Descriptor{}, fmt.Errorf("%w: it is an index of several images", ErrNotBundle)
	}
	if !desc.MediaType.IsImage() {
		return v1.Descriptor{}, fmt.Errorf("%w: it is of type %.100q", ErrNotBundle, desc.MediaType)
	}
	m, err := v1.ParseManifest(bytes.NewReader(desc.Manifest))
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("%w: its manifest cannot be read: %.200v", ErrNotBundle, err)
	}
	var found []v1.Descriptor
	for _, l := range m.Layers {
		if l.MediaType == bundle.MediaType {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		return v1.Descriptor{}, fmt.Errorf("%w: it has %d layers of type %s", ErrNotBundle, len(found), bundle.MediaType)
	}
	return found[0], nil
}
