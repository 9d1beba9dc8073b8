// Package kube renders the Deployment of the proxies and what stands around it.
//
// The objects hold to the restricted Pod Security Standard, and the namespace enforces it. Secrets are
// referred to and never rendered: a reference "name/key" of the model is the key of a Kubernetes Secret of that
// name in the gateway's namespace, mounted where gwproxy looks for it; a reference "env:NAME" becomes an
// environment variable that is taken from the key NAME of the Secret "<targets.kube.name>-env". Whoever
// provides those Secrets (External Secrets, SOPS, a person) is not gwc's concern; a pod waits until they exist.
//
// Whom the proxies trust is a ConfigMap. Where gwc is told of nobody it renders none, and the ConfigMap
// "<targets.kube.name>-keys" with the key "trusted.pub" is the user's to provide, or the one that
// targets.kube.trust.configMap names, with the key "trust.yaml": proxies do not start without.
//
// A listener's port is the port that gwproxy listens on; the Service shows it to clients at the port that
// targets.kube.service.ports names, or at the same one.
package kube

import (
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// Target renders Kubernetes manifests.
type Target struct{}

// Name returns "kube".
func (Target) Name() string { return "kube" }

// Render returns one file an object. What is wrong with the model is a [schema.Problem] in the error's tree.
func (Target) Render(in manifest.Input) ([]manifest.File, error) {
	if err := check(in.Gateway); err != nil {
		return nil, err
	}
	bundle, err := in.Bundle()
	if err != nil {
		return nil, err
	}
	keys, err := trusted(in)
	if err != nil {
		return nil, err
	}
	var files []manifest.File
	for _, o := range []struct {
		file   string
		object runtime.Object
		skip   bool
	}{
		{"namespace", namespace(in), shared(in.Gateway.Targets.Kube.Namespace)},
		{"serviceaccount", serviceAccount(in), false},
		{"configmap-keys", keysConfigMap(in, keys), keys == ""},
		{"deployment", deployment(in, bundle, keys), false},
		{"service", service(in), false},
		{"service-admin", adminService(in), false},
		{"horizontalpodautoscaler", autoscaler(in), false},
		{"poddisruptionbudget", disruptionBudget(in), false},
		{"networkpolicy", networkPolicy(in, bundle), false},
	} {
		if o.skip {
			continue
		}
		file, err := manifest.Encode("kube/"+o.file+".yaml", o.object)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// shared says that a namespace is not the gateway's own, which its labels would change for others.
func shared(namespace string) bool {
	return namespace == "default" || strings.HasPrefix(namespace, "kube-")
}

func namespace(in manifest.Input) *corev1.Namespace {
	meta := in.Meta(in.Gateway.Targets.Kube.Namespace, manifest.Proxy)
	meta.Namespace = ""
	for _, mode := range []string{"enforce", "audit", "warn"} {
		meta.Labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: meta,
	}
}

func serviceAccount(in manifest.Input) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   in.Meta(in.Gateway.Targets.Kube.Name, manifest.Proxy),
		AutomountServiceAccountToken: new(false),
	}
}

// join makes problems one error, nil if there are none.
func join(problems []schema.Problem) error {
	var errs []error
	for i := range problems {
		errs = append(errs, &problems[i])
	}
	return errors.Join(errs...)
}
