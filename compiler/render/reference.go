package render

import (
	"errors"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// A reference is a path in a kustomization.
type reference struct {
	field, path string
	directory   bool // it may name a directory with a kustomization of its own
}

// references returns every path in k.
func references(k *types.Kustomization) []reference {
	var refs []reference
	add := func(field string, directory bool, paths ...string) {
		for _, p := range paths {
			refs = append(refs, reference{field, p, directory})
		}
	}
	add("resources", true, k.Resources...)
	add("components", true, k.Components...)
	//lint:ignore SA1019 people still write it, and kustomize still takes it
	add("bases", true, k.Bases...)
	add("crds", false, k.Crds...)
	add("configurations", false, k.Configurations...)
	//lint:ignore SA1019 as above
	for _, p := range k.PatchesStrategicMerge {
		// kustomize takes the patch itself in a path's place.
		if s := string(p); !strings.HasPrefix(s, "{") && !strings.Contains(s, "\n") {
			add("patchesStrategicMerge", false, s)
		}
	}
	//lint:ignore SA1019 as above
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		if p.Path != "" {
			add("patches", false, p.Path)
		}
	}
	for _, r := range k.Replacements {
		if r.Path != "" {
			add("replacements", false, r.Path)
		}
	}
	if p, ok := k.OpenAPI["path"]; ok {
		add("openapi", false, p)
	}
	for _, g := range k.ConfigMapGenerator {
		for _, s := range g.FileSources {
			if _, p, ok := strings.Cut(s, "="); ok {
				s = p
			}
			add("configMapGenerator", false, s)
		}
		add("configMapGenerator", false, g.EnvSources...)
		if g.EnvSource != "" {
			add("configMapGenerator", false, g.EnvSource)
		}
	}
	return refs
}

// refuseUnsafe refuses what runs a program, reads what [references] does not know of, or makes a secret.
func refuseUnsafe(k *types.Kustomization) error {
	switch {
	case len(k.Generators)+len(k.Transformers)+len(k.Validators) > 0:
		return errors.New("generators, transformers and validators are plugins, which gwc does not run: use patches, replacements and components")
	case len(k.HelmCharts)+len(k.HelmChartInflationGenerator) > 0 || k.HelmGlobals != nil:
		return errors.New("gwc inflates no Helm charts: apply them beside the rendered manifests")
	case len(k.SecretGenerator) > 0:
		return errors.New("secretGenerator would write secrets into the rendered manifests, which hold none: encrypt a Secret with SOPS, or use an ExternalSecret")
	}
	return nil
}
