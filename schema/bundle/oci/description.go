package oci

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Annotations of an artifact. Flux and registries show those of OCI.
const (
	AnnotationSource   = "org.opencontainers.image.source"   // the git repository's URL
	AnnotationRevision = "org.opencontainers.image.revision" // the commit, as Flux has it: sha1:<hex>
	AnnotationTitle    = "org.opencontainers.image.title"    // the environment; of a layer its file's name
	AnnotationCreated  = "org.opencontainers.image.created"  // the commit's time: that of the push would change the digest
	AnnotationSerial   = "org.opencontainers.image.version"
	AnnotationBundle   = "dev.gwc.bundle.revision"
	AnnotationRestores = "dev.gwc.bundle.restores" // of a rollback, the serial whose state it is
)

// A Description is what is said of an artifact without pulling it, by whoever pushed it.
type Description struct {
	Digest      string
	Annotations map[string]string
}

// Environment returns the environment that the artifact is of.
func (d Description) Environment() string { return d.Annotations[AnnotationTitle] }

// Revision returns the bundle's.
func (d Description) Revision() string { return d.Annotations[AnnotationBundle] }

// Commit returns the commit that it was built from; "" of none.
func (d Description) Commit() string {
	return strings.TrimPrefix(d.Annotations[AnnotationRevision], "sha1:")
}

// Serial returns the bundle's, and whether it says one: what gwc pushes does.
func (d Description) Serial() (uint64, bool) { return d.number(AnnotationSerial) }

// Restores returns the serial whose state a rollback brought back, and whether it is one.
func (d Description) Restores() (uint64, bool) { return d.number(AnnotationRestores) }

func (d Description) number(annotation string) (uint64, bool) {
	n, err := strconv.ParseUint(d.Annotations[annotation], 10, 64)
	return n, err == nil && d.Revision() != ""
}

// Describe returns what the manifest under ref says. It asks no mirror.
func Describe(ctx context.Context, ref string, o Options) (Description, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return Description{}, err
	}
	s, err := newSession(r, o)
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w", ref, err)
	}
	var found *remote.Descriptor
	if err := s.try(ctx, o, func(options []remote.Option) error {
		found, err = remote.Get(s.name, options...)
		return err
	}); err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w", ref, err)
	}
	m, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w: its manifest cannot be read: %.200v", ref, ErrNotBundle, err)
	}
	return Description{found.Digest.String(), m.Annotations}, nil
}
