// Package provenance says where a bundle comes from, as SLSA's provenance (v1) has it: which environment was compiled,
// with which serial, from which commit and which files, by which gwc.
//
//	predicate := provenance.New(provenance.Build{...})
//	err := oci.Attest(ctx, ref, provenance.Type, predicate, signer, options)
//
// It is what the builder says of itself and no better than the builder is trusted: gwc run by a person reaches SLSA's
// build level 1, in a CI service whose key nobody else can use level 2.
package provenance

import (
	"strings"

	"gwc.dev/compiler"
)

// Type is the predicate's type. Version 1 is what "cosign verify-attestation --type slsaprovenance1" asks for.
const Type = "https://slsa.dev/provenance/v1"

// BuildType says how the external parameters are meant: as gwc push's arguments. PushType is of a bundle that was built
// before, and elsewhere, and of which no more is known than what it says of itself.
const (
	BuildType = "https://gwc.dev/provenance/bundle/v1"
	PushType  = "https://gwc.dev/provenance/push/v1"
)

// builder is whoever runs gwc, as far as gwc knows.
const builder = "https://gwc.dev/gwc"

// A Build is what is known of the making of a bundle.
type Build struct {
	Environment string
	Serial      uint64
	Revision    string // of the bundle, "sha256:<hex>"
	Repository  string // URL of the git repository; may be empty
	Commit      string // what is checked out in it, if nothing differs from it; may be empty
	Artifact    string // that it was taken from, "oci://host/repository@sha256:<hex>"; may be empty
	File        string // digest of the bundle's file that is pushed as it is, "sha256:<hex>"; "" of one that is built
	Version     string // of gwc
	Inputs      []compiler.Input
}

// A Predicate is SLSA's provenance in the fields that gwc fills in.
type Predicate struct {
	BuildDefinition struct {
		BuildType          string     `json:"buildType"`
		ExternalParameters parameters `json:"externalParameters"`
		InternalParameters internal   `json:"internalParameters"`
		Resolved           []resource `json:"resolvedDependencies,omitempty"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version"`
		} `json:"builder"`
	} `json:"runDetails"`
}

type parameters struct {
	Environment string `json:"environment"`
	Serial      uint64 `json:"serial"`
}

type internal struct {
	Revision string `json:"revision"`
}

// A resource is in-toto's description of something that was used.
type resource struct {
	URI    string            `json:"uri,omitempty"`
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// New returns the predicate about a build. It is the same for the same build.
func New(b Build) *Predicate {
	p := &Predicate{}
	d := &p.BuildDefinition
	d.BuildType = BuildType
	if b.File != "" {
		d.BuildType = PushType
	}
	d.ExternalParameters = parameters{b.Environment, b.Serial}
	d.InternalParameters = internal{b.Revision}
	if b.Commit != "" {
		source := resource{Name: "source", Digest: map[string]string{"gitCommit": b.Commit}}
		if b.Repository != "" {
			source.URI = "git+" + b.Repository
		}
		d.Resolved = append(d.Resolved, source)
	}
	if _, digest, ok := strings.Cut(b.Artifact, "@sha256:"); ok {
		d.Resolved = append(d.Resolved, resource{URI: b.Artifact, Name: "artifact", Digest: map[string]string{"sha256": digest}})
	}
	if digest, ok := strings.CutPrefix(b.File, "sha256:"); ok {
		d.Resolved = append(d.Resolved, resource{Name: "bundle", Digest: map[string]string{"sha256": digest}})
	}
	for _, in := range b.Inputs {
		d.Resolved = append(d.Resolved, resource{Name: in.Name, Digest: map[string]string{"sha256": in.SHA256}})
	}
	p.RunDetails.Builder.ID = builder
	p.RunDetails.Builder.Version = map[string]string{"gwc": b.Version}
	return p
}
