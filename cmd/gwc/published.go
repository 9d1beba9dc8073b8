package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/schema/bundle/oci"
)

// published are an environment's artifacts in a repository.
type published struct {
	environment, repository string
	options                 oci.Options
}

// published finds the repository of the environment in dir: the one that is given, or the environment's own.
func (a *app) published(dir, repository string, registry registryFlags) (*published, error) {
	p := &published{environment: filepath.Base(filepath.Clean(dir)), repository: repository, options: registry.options()}
	if repository == "" {
		model, err := a.loaded(dir)
		if err != nil {
			return nil, err
		}
		if t := model.Targets; t != nil && t.Kube != nil {
			p.repository = strings.TrimSuffix(t.Kube.Repository, "/")
		}
		if p.repository == "" {
			return nil, fmt.Errorf("environment %q does not say where it is pushed to: name a repository, or set targets: kube: repository", p.environment)
		}
	}
	_, err := oci.ParseRepository(p.repository)
	return p, err
}

// tag returns the reference of a serial.
func (p *published) tag(serial uint64) string {
	return fmt.Sprintf("%s:%s-%d", p.repository, p.environment, serial)
}

// followed is the reference that proxies follow.
func (p *published) followed() string { return p.repository + ":" + p.environment }

// serials returns those that are there, the newest first.
func (p *published) serials(ctx context.Context) ([]uint64, error) {
	tags, err := oci.Tags(ctx, p.repository, p.options)
	if err != nil {
		return nil, err
	}
	var serials []uint64
	for _, tag := range tags {
		if text, ok := strings.CutPrefix(tag, p.environment+"-"); ok {
			if serial, err := strconv.ParseUint(text, 10, 64); err == nil {
				serials = append(serials, serial)
			}
		}
	}
	slices.SortFunc(serials, func(a, b uint64) int { return cmp.Compare(b, a) })
	return serials, nil
}
