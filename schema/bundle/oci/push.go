package oci

import (
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
	if err := s.writing().try(ctx, o, func(options []remote.Option) error {
		return remote.Write(s.name, img, options...)
	}); err != nil {
		return "", fmt.Errorf("pushing to %q: %w", r, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("pushing to %q: %w", r, err)
	}
	return digest.String(), nil
}

// Tag has a tag stand for the artifact under ref, which is by digest. A tag that does already is left alone.
func Tag(ctx context.Context, ref, tag string, o Options) error {
	r, err := ParseReference(ref)
	if err != nil {
		return err
	}
	if _, err := ParseReference(r.withTag(tag).String()); err != nil {
		return err
	}
	s, err := newSession(r, o)
	if err != nil {
		return fmt.Errorf("tagging %q: %w", ref, err)
	}
	to := s.name.Context().Tag(tag)
	if err := s.writing().try(ctx, o, func(options []remote.Option) error {
		if now, err := remote.Head(to, options...); err == nil && now.Digest.String() == r.digest {
			return nil
		}
		found, err := remote.Get(s.name, options...)
		if err != nil {
			return err
		}
		return remote.Tag(to, found, options...)
	}); err != nil {
		return fmt.Errorf("tagging %q as %q: %w", ref, tag, err)
	}
	return nil
}
