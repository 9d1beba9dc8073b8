package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/sigstore"
)

// noConfigType is that of an artifact whose type stands elsewhere.
const noConfigType = "application/vnd.oci.empty.v1+json"

// Sign signs the artifact under ref, which is by digest, so that cosign and Flux verify it: with a Sigstore bundle that
// refers to the artifact, and under the tag where verifiers look that do not know of those. Signing again with the same
// key changes nothing; another key's signature stands beside it.
func Sign(ctx context.Context, ref string, s bundle.Signer, o Options) error {
	return signing(ctx, ref, o, func(to *subject) error {
		return errors.Join(to.attest(ctx, sigstore.SignType, struct{}{}, s), to.sign(ctx, s))
	})
}

// Attest adds a statement about the artifact under ref, which is by digest, signed by s.
func Attest(ctx context.Context, ref, predicateType string, predicate any, s bundle.Signer, o Options) error {
	return signing(ctx, ref, o, func(to *subject) error { return to.attest(ctx, predicateType, predicate, s) })
}

// A subject is an artifact in a registry about which something is said.
type subject struct {
	v1.Descriptor
	*session
	options []remote.Option
}

// signing has something said about the artifact under ref.
func signing(ctx context.Context, ref string, o Options, say func(*subject) error) error {
	s, err := pinned(ref, o)
	if err == nil {
		err = s.writing().with(ctx, o, say)
	}
	if err != nil {
		return fmt.Errorf("signing %q: %w", ref, err)
	}
	return nil
}

// pinned returns a session with an artifact that is named by its digest.
func pinned(ref string, o Options) (*session, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return nil, err
	}
	if r.Digest() == "" {
		return nil, errors.New("a tag may be moved meanwhile: give a digest")
	}
	return newSession(r, o)
}

// with finds the session's artifact and has do look at it.
func (s *session) with(ctx context.Context, o Options, do func(*subject) error) error {
	return s.try(ctx, o, func(options []remote.Option) error {
		puller, err := remote.NewPuller(options...) // logs in once
		if err != nil {
			return err
		}
		to := &subject{session: s, options: append(options, remote.Reuse(puller))}
		found, err := remote.Get(s.name, to.options...)
		if err != nil {
			return err
		}
		to.Descriptor = v1.Descriptor{MediaType: found.MediaType, Size: found.Size, Digest: found.Digest}
		return do(to)
	})
}

// attest pushes a statement as a referrer of the artifact. Where the registry has no API for referrers it is listed under
// the tag that the OCI distribution specification has for that.
func (to *subject) attest(ctx context.Context, predicateType string, predicate any, s bundle.Signer) error {
	statement, err := sigstore.Statement(to.Digest.String(), predicateType, predicate)
	if err != nil {
		return err
	}
	data, err := sigstore.Bundle(statement, s)
	if err != nil {
		return err
	}
	img, err := newArtifact(v1.Manifest{
		ArtifactType: sigstore.BundleType,
		Subject:      &to.Descriptor,
		Annotations: map[string]string{
			sigstore.AnnotationContent:   "dsse-envelope",
			sigstore.AnnotationPredicate: predicateType,
		},
	}, noConfigType, part{data: data, mediaType: sigstore.BundleType})
	if err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	ref := to.name.Context().Digest(digest.String())
	return settle(ctx, func() (bool, error) {
		listed, err := to.listed(digest)
		if err != nil {
			return false, err
		}
		if err := remote.Write(ref, img, to.options...); err != nil || listed {
			return false, err
		}
		// What is there already Write leaves alone, and with it that list: whoever pushed it may have been stopped in between.
		err = remote.Put(ref, img, to.options...)
		return !to.lists.Load(), err
	})
}

// listed reports whether something is found by who looks for what refers to the artifact.
func (to *subject) listed(digest v1.Hash) (bool, error) {
	index, err := remote.Referrers(to.digest(to.Digest), to.options...)
	if err != nil {
		return false, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Digest == digest }), nil
}

// sign adds a signature to those under the artifact's tag for signatures, sha256-<hex>.sig.
func (to *subject) sign(ctx context.Context, s bundle.Signer) error {
	payload, annotations, err := sigstore.Payload(to.name.Context().Name(), to.Digest.String(), s)
	if err != nil {
		return err
	}
	return settle(ctx, func() (bool, error) { return to.addPayload(payload, annotations) })
}

// addPayload adds a signature that is not there yet.
func (to *subject) addPayload(payload []byte, annotations map[string]string) (added bool, err error) {
	tag := to.signatures()
	img, err := remote.Image(tag, to.options...)
	if notFound(err) {
		img, err = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
	}
	if err != nil {
		return false, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(manifest.Layers, func(l v1.Descriptor) bool {
		return l.Annotations[sigstore.AnnotationSignature] == annotations[sigstore.AnnotationSignature]
	}) {
		return false, nil
	}
	img, err = mutate.Append(img, mutate.Addendum{
		Layer:       static.NewLayer(payload, sigstore.PayloadType),
		Annotations: annotations,
	})
	if err != nil {
		return false, err
	}
	return true, remote.Write(tag, img, to.options...)
}

// signatures is the tag under which signatures stand in the form before version 3.
func (to *subject) signatures() name.Tag {
	return to.name.Context().Tag(strings.Replace(to.Digest.String(), ":", "-", 1) + ".sig")
}

func notFound(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && answer.StatusCode == http.StatusNotFound
}
