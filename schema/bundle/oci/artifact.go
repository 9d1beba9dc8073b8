package oci

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/schema/bundle"
)

// title is the name of the bundle's layer, which is the file that oras pull writes.
const title = "bundle.tar.gz"

// emptyConfig is the configuration of an artifact that has none.
const emptyConfig = "{}"

// An artifact is what is pushed: a manifest and its layers, with nothing of a container image in it.
type artifact struct {
	manifest []byte
	layers   map[v1.Hash]v1.Layer
}

// A part is a layer of an artifact.
type part struct {
	data        []byte
	mediaType   types.MediaType
	annotations map[string]string
}

// newArtifact returns an artifact of the parts, with an empty configuration of a type and what else about says.
func newArtifact(about v1.Manifest, configType types.MediaType, parts ...part) (v1.Image, error) {
	config, err := partial.Descriptor(static.NewLayer([]byte(emptyConfig), configType))
	if err != nil {
		return nil, err
	}
	about.SchemaVersion, about.MediaType, about.Config = 2, types.OCIManifestSchema1, *config
	a := &artifact{layers: map[v1.Hash]v1.Layer{}}
	for _, p := range parts {
		layer := static.NewLayer(p.data, p.mediaType)
		desc, err := partial.Descriptor(layer)
		if err != nil {
			return nil, err
		}
		desc.Annotations = p.annotations
		a.layers[desc.Digest] = layer
		about.Layers = append(about.Layers, *desc)
	}
	if a.manifest, err = json.Marshal(about); err != nil {
		return nil, err
	}
	return partial.CompressedToImage(a)
}

// bundleArtifact returns the artifact of a bundle, with manifests for Flux beside it if there are any.
func bundleArtifact(data []byte, o Options) (v1.Image, error) {
	parts := []part{{data, bundle.MediaType, map[string]string{AnnotationTitle: title}}}
	if o.Content != nil {
		parts = append(parts, part{data: o.Content, mediaType: FluxType})
	}
	return newArtifact(v1.Manifest{Annotations: o.Annotations}, ConfigType, parts...)
}

// The methods are partial.CompressedImageCore's.

func (a *artifact) RawManifest() ([]byte, error)        { return a.manifest, nil }
func (a *artifact) RawConfigFile() ([]byte, error)      { return []byte(emptyConfig), nil }
func (a *artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (a *artifact) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if l, ok := a.layers[h]; ok {
		return l, nil
	}
	return nil, fmt.Errorf("the artifact has no layer %s", h)
}
