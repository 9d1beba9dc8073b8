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
// Docker's, with its credential helpers. Whether what was pulled is to be trusted is package bundle's
// question; here only the registry's own digests are checked.
package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

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

// Annotations that Flux and registries show. Times are the caller's to add: they make the digest change.
const (
	AnnotationSource   = "org.opencontainers.image.source"
	AnnotationRevision = "org.opencontainers.image.revision"
	AnnotationTitle    = "org.opencontainers.image.title"
	AnnotationCreated  = "org.opencontainers.image.created"
)

// Options say how to reach a registry and what to push beside the bundle. The zero Options do for most.
type Options struct {
	PlainHTTP   bool              // allow a registry without TLS; on the loopback interface it always is
	Annotations map[string]string // of the artifact
	Content     []byte            // a gzip tar of manifests, pushed as a layer of FluxType; nil: none
	MaxSize     int64             // the largest bundle to pull; 0: bundle.MaxSize
	Keychain    authn.Keychain    // nil: Docker's configuration and credential helpers
	Transport   http.RoundTripper // nil: go-containerregistry's
}

// Pull returns the bundle under ref and the digest of the artifact that holds it. A bundle larger than
// allowed is refused before it is read.
func Pull(ctx context.Context, ref string, o Options) (data []byte, digest string, err error) {
	r, err := ParseReference(ref)
	if err != nil {
		return nil, "", err
	}
	data, digest, err = pull(ctx, r, o)
	if err != nil {
		return nil, "", fmt.Errorf("pulling %q: %w", ref, err)
	}
	return data, digest, nil
}

func pull(ctx context.Context, r Reference, o Options) ([]byte, string, error) {
	s, err := newSession(r, o)
	if err != nil {
		return nil, "", err
	}
	puller, err := remote.NewPuller(s.options()...)
	if err != nil {
		return nil, "", err
	}
	desc, err := puller.Get(ctx, s.name)
	if err != nil {
		return nil, "", s.explain(err)
	}
	layer, err := bundleLayer(desc)
	if err != nil {
		return nil, "", err
	}
	limit := o.MaxSize
	if limit == 0 {
		limit = bundle.MaxSize
	}
	if layer.Size < 0 || layer.Size > limit {
		return nil, "", fmt.Errorf("the bundle has %d bytes, the most allowed is %d", layer.Size, limit)
	}
	l, err := puller.Layer(ctx, s.name.Context().Digest(layer.Digest.String()))
	if err != nil {
		return nil, "", s.explain(err)
	}
	body, err := l.Compressed() // checks the digest at its end
	if err != nil {
		return nil, "", s.explain(err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, layer.Size+1))
	if err != nil {
		return nil, "", s.explain(err)
	}
	if int64(len(data)) != layer.Size {
		return nil, "", fmt.Errorf("the bundle does not have the %d bytes that its manifest says", layer.Size)
	}
	return data, desc.Digest.String(), nil
}

// Digest returns the digest that ref stands for now, without pulling anything.
func Digest(ctx context.Context, ref string, o Options) (string, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return "", err
	}
	s, err := newSession(r, o)
	if err != nil {
		return "", fmt.Errorf("looking up %q: %w", ref, err)
	}
	puller, err := remote.NewPuller(s.options()...)
	if err != nil {
		return "", fmt.Errorf("looking up %q: %w", ref, err)
	}
	desc, err := puller.Head(ctx, s.name)
	if err == nil {
		return desc.Digest.String(), nil
	}
	if !headIsUseless(err) {
		return "", fmt.Errorf("looking up %q: %w", ref, s.explain(err))
	}
	full, err := puller.Get(ctx, s.name)
	if err != nil {
		return "", fmt.Errorf("looking up %q: %w", ref, s.explain(err))
	}
	return full.Digest.String(), nil
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
