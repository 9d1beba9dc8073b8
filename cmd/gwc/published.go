package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// published finds what was pushed of the environment in dir: in the repository that is given, or in the environment's own.
func (a *app) published(dir, repository string, registry registryFlags) (oci.Channel, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return oci.Channel{}, err
	}
	c := oci.Channel{Repository: repository, Environment: filepath.Base(abs), Options: registry.options()}
	if repository == "" {
		model, err := a.loaded(dir)
		if err != nil {
			return c, err
		}
		if t := model.Targets; t != nil && t.Kube != nil {
			c.Repository = strings.TrimSuffix(t.Kube.Repository, "/")
		}
		if c.Repository == "" {
			return c, fmt.Errorf("environment %q does not say where it is pushed to: name a repository, or set targets: kube: repository", c.Environment)
		}
	}
	_, err = oci.ParseRepository(c.Repository)
	return c, err
}

// An opened bundle is one that was pulled and verified, and what its artifact says of itself.
type opened struct {
	*bundle.Bundle
	oci.Description
}

// open pulls the bundle under a tag of a channel and verifies it.
func open(ctx context.Context, c oci.Channel, tag string, t bundle.Trust) (*opened, error) {
	r, err := c.Reader()
	if err != nil {
		return nil, err
	}
	ref := c.Repository + ":" + tag
	d, err := r.Describe(ctx, tag)
	if err != nil {
		return nil, fmt.Errorf("pulling %q: %w", ref, err)
	}
	data, _, err := r.Pull(ctx, d.Digest)
	if err != nil {
		return nil, fmt.Errorf("pulling %q: %w", ref, err)
	}
	t.Environment = c.Environment
	b, err := bundle.Open(data, t)
	if err != nil {
		return nil, fmt.Errorf("%q is refused: %w", ref, err)
	}
	return &opened{b, d}, nil
}
