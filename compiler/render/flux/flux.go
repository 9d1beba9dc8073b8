// Package flux renders the objects by which Flux brings the rendered manifests into a cluster: an OCIRepository
// that pulls the environment's artifact and verifies its signature, and a Kustomization that applies its content
// and waits for the proxies.
//
// Where the bundle is pinned by its digest both refer to that digest, and the Kustomization pins the proxies to it
// too: the manifests inside an artifact cannot name the artifact's own digest.
package flux

import (
	"encoding/json"
	"fmt"
	"time"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
)

// contentType is the media type of an artifact's layer that holds manifests.
const contentType = "application/vnd.cncf.flux.content.v1.tar+gzip"

// Target renders Flux objects.
type Target struct{}

// Name returns "flux".
func (Target) Name() string { return "flux" }

// Render returns the OCIRepository and the Kustomization.
func (Target) Render(in manifest.Input) ([]manifest.File, error) {
	bundle, err := in.Bundle()
	if err != nil {
		return nil, err
	}
	apply, err := kustomization(in, bundle)
	if err != nil {
		return nil, err
	}
	source, err := manifest.Encode("flux/ocirepository.yaml", repository(in, bundle))
	if err != nil {
		return nil, err
	}
	file, err := manifest.Encode("flux/sync.yaml", apply)
	if err != nil {
		return nil, err
	}
	return []manifest.File{source, file}, nil
}

// maxName is the most that a Kustomization's name may have: Flux makes a label of it on all that it applies.
const maxName = 63

// name is that of both objects: one namespace holds those of several gateways. Of one that is too long a digest is the rest.
func name(in manifest.Input) string {
	k := in.Gateway.Targets.Kube
	if k.Name == k.Namespace {
		return k.Name
	}
	name := k.Namespace + "-" + k.Name
	if rest := "-" + manifest.Hash(name); len(name) > maxName {
		name = name[:maxName-len(rest)] + rest
	}
	return name
}

func objectMeta(in manifest.Input) metav1.ObjectMeta {
	m := in.Meta(name(in), manifest.Sync)
	m.Namespace = in.Gateway.Targets.Flux.Namespace
	return m
}

func repository(in manifest.Input, bundle manifest.Ref) *sourcev1.OCIRepository {
	settings := in.Gateway.Targets.Flux
	spec := sourcev1.OCIRepositorySpec{
		URL:           bundle.Repository,
		Reference:     &sourcev1.OCIRepositoryRef{Digest: bundle.Digest, Tag: bundle.Tag},
		LayerSelector: &sourcev1.OCILayerSelector{MediaType: contentType, Operation: sourcev1.OCILayerExtract},
		Provider:      sourcev1.GenericOCIProvider,
		Verify: &sourcev1.OCIRepositoryVerification{
			Provider:  "cosign",
			SecretRef: &meta.LocalObjectReference{Name: settings.VerifySecret},
		},
		Interval: metav1.Duration{Duration: settings.Interval.Std()},
		Timeout:  &metav1.Duration{Duration: time.Minute},
	}
	if settings.PullSecret != "" {
		spec.SecretRef = &meta.LocalObjectReference{Name: settings.PullSecret}
	}
	if settings.CertSecret != "" {
		spec.CertSecretRef = &meta.LocalObjectReference{Name: settings.CertSecret}
	}
	return &sourcev1.OCIRepository{
		TypeMeta:   metav1.TypeMeta{APIVersion: sourcev1.GroupVersion.String(), Kind: sourcev1.OCIRepositoryKind},
		ObjectMeta: objectMeta(in),
		Spec:       spec,
	}
}

// kustomization applies the artifact's content. It waits for the Deployment by a health check and not for
// everything (wait), which would turn health checks off and wait for objects whose health says nothing.
func kustomization(in manifest.Input, bundle manifest.Ref) (*kustomizev1.Kustomization, error) {
	settings, k := in.Gateway.Targets.Flux, in.Gateway.Targets.Kube
	spec := kustomizev1.KustomizationSpec{
		Interval:      metav1.Duration{Duration: settings.Interval.Std()},
		RetryInterval: &metav1.Duration{Duration: time.Minute},
		Timeout:       &metav1.Duration{Duration: 5 * time.Minute},
		Path:          "./",
		Prune:         true,
		SourceRef:     kustomizev1.CrossNamespaceSourceReference{Kind: sourcev1.OCIRepositoryKind, Name: name(in)},
		HealthChecks: []meta.NamespacedObjectKindReference{{
			APIVersion: "apps/v1", Kind: "Deployment", Namespace: k.Namespace, Name: k.Name,
		}},
	}
	for _, other := range settings.DependsOn {
		spec.DependsOn = append(spec.DependsOn, kustomizev1.DependencyReference{Name: other})
	}
	if bundle.Digest != "" {
		patch, err := pin(in, bundle)
		if err != nil {
			return nil, err
		}
		spec.Patches = []kustomize.Patch{patch}
	}
	return &kustomizev1.Kustomization{
		TypeMeta:   metav1.TypeMeta{APIVersion: kustomizev1.GroupVersion.String(), Kind: kustomizev1.KustomizationKind},
		ObjectMeta: objectMeta(in),
		Spec:       spec,
	}, nil
}

// pin makes the proxies serve the bundle of the very artifact that their manifests come from.
func pin(in manifest.Input, bundle manifest.Ref) (kustomize.Patch, error) {
	patch, err := json.Marshal([]map[string]string{{
		"op": "replace", "path": "/spec/template/spec/containers/0/args/0", "value": bundle.SourceArg(),
	}})
	if err != nil {
		return kustomize.Patch{}, fmt.Errorf("encoding the patch that pins the bundle: %w", err)
	}
	return kustomize.Patch{
		Patch:  string(patch),
		Target: &kustomize.Selector{Group: "apps", Version: "v1", Kind: "Deployment", Name: in.Gateway.Targets.Kube.Name},
	}, nil
}
