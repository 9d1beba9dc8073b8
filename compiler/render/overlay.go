package render

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"

	"gwc.dev/compiler/render/manifest"
)

const (
	// overlayDir holds the objects that an overlay adds.
	overlayDir = "overlay"
	// renderedDir is where an overlay finds what was rendered: a name below the overlay's directory, in memory
	// only, that no user's directory has.
	renderedDir = ".gwc-rendered"
)

// applyOverlay builds the kustomization in dir with files among its resources and returns the result, in the
// files that the objects had before. Everything is read into memory first by [loadOverlay], which lets nothing
// through that kustomize would fetch or run. It returns what was read too.
func applyOverlay(dir string, files []File) ([]File, []Source, error) {
	fs := newMemory()
	sources, err := loadOverlay(fs, dir, renderedDir)
	if err != nil {
		return nil, nil, err
	}
	base, err := withKustomizations(files)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range base {
		if err := fs.WriteFile(filepath.Join(dir, renderedDir, filepath.FromSlash(f.Path)), f.Data); err != nil {
			return nil, nil, fmt.Errorf("applying the kustomization in %s: %w", dir, err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("applying the kustomization in %s: %w", dir, err)
	}
	files, err = split(dir, built, files)
	return files, sources, err
}

// split puts each object into the file that it was rendered to, or into one of its own where it is new.
func split(dir string, built resmap.ResMap, files []File) ([]File, error) {
	origin := map[resid.ResId]string{}
	for _, f := range files {
		id, err := identify(f)
		if err != nil {
			return nil, err
		}
		origin[id] = f.Path
	}
	var out []File
	taken := map[string]bool{}
	for _, r := range built.Resources() {
		if err := refuseSecret(dir, r); err != nil {
			return nil, err
		}
		id := versionless(r.OrgId())
		name, ok := origin[id]
		if delete(origin, id); !ok {
			name = addedPath(r.CurId(), taken)
		}
		data, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", r.CurId(), err)
		}
		f, err := manifest.FromJSON(name, data)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("applying the kustomization in %s: it leaves no object", dir)
	}
	return out, nil
}

// identify returns what kustomize tells f's object by.
func identify(f File) (resid.ResId, error) {
	var obj struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal(f.Data, &obj); err != nil {
		return resid.ResId{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	group, _ := resid.ParseGroupVersion(obj.APIVersion)
	return resid.NewResIdWithNamespace(resid.Gvk{Group: group, Kind: obj.Kind}, obj.Metadata.Name, obj.Metadata.Namespace), nil
}

func versionless(id resid.ResId) resid.ResId {
	return resid.NewResIdWithNamespace(resid.Gvk{Group: id.Group, Kind: id.Kind}, id.Name, id.Namespace)
}

// addedPath names the file of an object that the overlay adds, in characters that every file system takes.
func addedPath(id resid.ResId, taken map[string]bool) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, strings.ToLower(id.Kind+"-"+id.Name))
	name = name[:min(len(name), 120)]
	if taken[name] {
		name += "-" + manifest.Hash(id.String())
	}
	taken[name] = true
	return path.Join(overlayDir, name+".yaml")
}

// refuseSecret keeps secrets out of the output: one that carries a value is an error unless SOPS encrypted it.
func refuseSecret(dir string, r *resource.Resource) error {
	if r.GetKind() != "Secret" || r.GetGvk().Group != "" {
		return nil
	}
	data, err := r.MarshalJSON()
	if err != nil {
		return fmt.Errorf("encoding %s: %w", r.CurId(), err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("reading %s: %w", r.CurId(), err)
	}
	if fields["sops"] == nil && (fields["data"] != nil || fields["stringData"] != nil) {
		return fmt.Errorf("applying the kustomization in %s: Secret %q carries a value, and rendered manifests hold none: encrypt it with SOPS, or use an ExternalSecret", dir, r.GetName())
	}
	return nil
}
