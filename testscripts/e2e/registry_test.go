package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A registry keeps what was pushed while it is down.
type ociRegistry struct {
	t       testing.TB
	address string
	handler http.Handler
	server  *http.Server
}

func newRegistry(t testing.TB) *ociRegistry {
	t.Helper()
	r := &ociRegistry{
		t: t, address: freeAddress(t),
		handler: registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))),
	}
	r.up()
	t.Cleanup(r.down)
	return r
}

func (r *ociRegistry) up() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.server = &http.Server{Handler: r.handler} //nolint:gosec // a test's
	go func(s *http.Server) { _ = s.Serve(l) }(r.server)
}

func (r *ociRegistry) down() { _ = r.server.Close() }

// What somebody does who has the registry's password and no key:

// tag has a tag refer to an artifact.
func (r *ociRegistry) tag(reference, tag string) {
	r.t.Helper()
	ref, artifact := r.get(reference)
	r.must(remote.Tag(ref.Context().Tag(tag), artifact))
}

// forge has a tag refer to an artifact that differs from another in its bundle alone.
func (r *ociRegistry) forge(reference, tag string, bundle []byte) {
	r.t.Helper()
	ref, artifact := r.get(reference)
	m, err := v1.ParseManifest(bytes.NewReader(artifact.Manifest))
	r.must(err)
	for i, layer := range m.Layers {
		if layer.MediaType != bundleType {
			continue
		}
		forged := static.NewLayer(bundle, bundleType)
		r.must(remote.WriteLayer(ref.Context(), forged))
		desc, err := partial.Descriptor(forged)
		r.must(err)
		desc.Annotations = layer.Annotations
		m.Layers[i] = *desc
	}
	raw, err := json.Marshal(m)
	r.must(err)
	r.must(remote.Put(ref.Context().Tag(tag), manifest(raw)))
}

// bundleType is the media type of a bundle's layer.
const bundleType = "application/vnd.gwc.bundle.v1.tar+gzip"

// A manifest is what a registry keeps of an artifact beside its layers.
type manifest []byte

func (m manifest) RawManifest() ([]byte, error)        { return m, nil }
func (m manifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (r *ociRegistry) get(reference string) (name.Reference, *remote.Descriptor) {
	r.t.Helper()
	ref, err := name.ParseReference(reference)
	r.must(err)
	artifact, err := remote.Get(ref)
	r.must(err)
	return ref, artifact
}

func (r *ociRegistry) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
