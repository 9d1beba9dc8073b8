// Package manifest is what every target of a rendering shares: what it is given, the files that it returns, how
// a Kubernetes object becomes one of them, and how the objects are named and labelled.
//
// A target builds the objects of their own Go types and hands them to [Encode], so that a misspelled field does
// not compile and a value needs no escaping. There are no templates.
//
//	deployment := &appsv1.Deployment{TypeMeta: ..., ObjectMeta: in.Meta(name, component), Spec: ...}
//	file, err := manifest.Encode("kube/deployment.yaml", deployment)
package manifest

import "gwc.dev/schema"

// Input is what is rendered.
type Input struct {
	// Gateway is the resolved model.
	Gateway *schema.Gateway
	// Reference is the bundle that the proxies serve: "oci://repository@sha256:..." pins one,
	// "oci://repository:tag" follows a tag. Empty: the tag named after the environment in targets.kube.repository.
	Reference string
	// Revision is the revision of the bundle, for people to read. It may be empty.
	Revision string
	// PublicKeys are whom bundles have to be signed by, beside the keys of targets.kube.keys: in PEM, or a trust document
	// that refers to no file, as package trust writes it.
	PublicKeys []byte
	// Overlay is the environment's directory. A kustomization.yaml there is applied to what is rendered.
	Overlay string
}

// A File is one rendered file.
type File struct {
	// Path is relative to the output directory and slash-separated.
	Path string
	Data []byte
}
