package oci

import (
	"bytes"
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Push stores data under ref and returns the artifact's digest, "sha256:<hex>". It does not look into data.
func Push(ctx context.Context, ref string, data []byte, o Options) (string, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return "", err
	}
	if r.Digest() != "" {
		return "", fmt.Errorf("pushing to %q: the digest follows from what is pushed: give a tag", ref)
	}
	img, err := bundleArtifact(data, o)
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", ref, err)
	}
	return push(ctx, r, img, o)
}

// Upload stores data in a repository, "oci://host/repository", under no tag yet, and returns the artifact's digest. What
// is signed before it is tagged is never seen unsigned.
func Upload(ctx context.Context, repository string, data []byte, o Options) (string, error) {
	r, err := ParseRepository(repository)
	if err != nil {
		return "", err
	}
	img, err := bundleArtifact(data, o)
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", repository, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", repository, err)
	}
	return push(ctx, r.WithDigest(digest.String()), img, o)
}

func push(ctx context.Context, r Reference, img v1.Image, o Options) (string, error) {
	s, err := newSession(r, o)
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", r, err)
	}
	if err := remote.Write(s.name, img, append(s.options(), remote.WithContext(ctx))...); err != nil {
		return "", fmt.Errorf("pushing to %q: %w", r, s.explain(err))
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", r, err)
	}
	return digest.String(), nil
}

// Tag has a tag stand for the artifact under ref, which is by digest.
func Tag(ctx context.Context, ref, tag string, o Options) error {
	r, err := ParseReference(ref)
	if err != nil {
		return err
	}
	to, err := ParseReference(r.WithTag(tag).String())
	if err != nil {
		return err
	}
	s, err := newSession(r, o)
	if err != nil {
		return fmt.Errorf("tagging %q: %w", ref, err)
	}
	t, err := newSession(to, o)
	if err != nil {
		return fmt.Errorf("tagging %q: %w", ref, err)
	}
	found, err := remote.Get(s.name, append(s.options(), remote.WithContext(ctx))...)
	if err != nil {
		return fmt.Errorf("tagging %q: %w", ref, s.explain(err))
	}
	if err := remote.Tag(t.name.Context().Tag(tag), found, append(t.options(), remote.WithContext(ctx))...); err != nil {
		return fmt.Errorf("tagging %q as %q: %w", ref, tag, t.explain(err))
	}
	return nil
}

// Tags returns the tags of a repository, "oci://host/repository", as the registry orders them.
func Tags(ctx context.Context, repository string, o Options) ([]string, error) {
	r, err := ParseRepository(repository)
	if err != nil {
		return nil, err
	}
	s, err := newSession(r.WithTag("any"), o)
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", repository, err)
	}
	s.ref = r
	tags, err := remote.List(s.name.Context(), append(s.options(), remote.WithContext(ctx))...)
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", repository, s.explain(err))
	}
	return tags, nil
}

// A Description is what is said of an artifact without pulling it.
type Description struct {
	Digest      string
	Annotations map[string]string
}

// Describe returns what the manifest under ref says.
func Describe(ctx context.Context, ref string, o Options) (Description, error) {
	r, err := ParseReference(ref)
	if err != nil {
		return Description{}, err
	}
	s, err := newSession(r, o)
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w", ref, err)
	}
	found, err := remote.Get(s.name, append(s.options(), remote.WithContext(ctx))...)
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w", ref, s.explain(err))
	}
	m, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return Description{}, fmt.Errorf("looking up %q: %w: its manifest cannot be read: %.200v", ref, ErrNotBundle, err)
	}
	return Description{found.Digest.String(), m.Annotations}, nil
}
