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

func newArtifact(data []byte, o Options) (v1.Image, error) {
	a := &artifact{layers: map[v1.Hash]v1.Layer{}}
	config, err := partial.Descriptor(static.NewLayer([]byte(emptyConfig), ConfigType))
	if err != nil {
		return nil, err
	}
	m := v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        *config,
		Annotations:   o.Annotations,
	}
	add := func(data []byte, mediaType types.MediaType, annotations map[string]string) error {
		layer := static.NewLayer(data, mediaType)
		desc, err := partial.Descriptor(layer)
		if err != nil {
			return err
		}
		desc.Annotations = annotations
		a.layers[desc.Digest] = layer
		m.Layers = append(m.Layers, *desc)
		return nil
	}
	if err := add(data, bundle.MediaType, map[string]string{AnnotationTitle: title}); err != nil {
		return nil, err
	}
	if o.Content != nil {
		if err := add(o.Content, FluxType, nil); err != nil {
			return nil, err
		}
	}
	if a.manifest, err = json.Marshal(m); err != nil {
		return nil, err
	}
	return partial.CompressedToImage(a)
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
