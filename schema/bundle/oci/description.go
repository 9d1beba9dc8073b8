package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Annotations of an artifact. Flux and registries show those of OCI.
const (
	AnnotationSource   = "org.opencontainers.image.source"   // the git repository's URL
	AnnotationRevision = "org.opencontainers.image.revision" // the commit, as Flux has it: sha1:<hex>, or sha256:<hex>
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
	return strings.TrimPrefix(strings.TrimPrefix(d.Annotations[AnnotationRevision], "sha1:"), "sha256:")
}

// CommitRevision returns a commit as [AnnotationRevision] has it, with the algorithm that its repository names commits by.
func CommitRevision(commit string) string {
	name, _, _ := strings.Cut(commit, "-") // what follows is gwc's
	if len(name) == hex.EncodedLen(sha256.Size) {
		return "sha256:" + commit
	}
	return "sha1:" + commit
}

// Serial returns the bundle's, and whether it says one: what gwc pushes does.
func (d Description) Serial() (uint64, bool) { return d.number(AnnotationSerial) }

// Restores returns the serial whose state a rollback brought back, and whether it is one.
func (d Description) Restores() (uint64, bool) { return d.number(AnnotationRestores) }

// printable returns what somebody said of an artifact as it may stand in a message.
func printable(said string) string {
	const enough = 100
	return fmt.Sprintf("%.*s", enough, strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, said))
}

func (d Description) number(annotation string) (uint64, bool) {
	n, err := strconv.ParseUint(d.Annotations[annotation], 10, 64)
	return n, err == nil && d.Revision() != ""
}

// Describe returns what the manifest under ref says, in the registry itself and not in its mirrors.
func Describe(ctx context.Context, ref string, o Options) (Description, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return Description{}, err
	}
	o.Mirrors = nil
	d, err := NewReader(r, o).Describe(ctx, r.identifier())
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w", ref, err)
	}
	return d, nil
}
