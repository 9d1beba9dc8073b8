package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/trust"
)

// The ConfigMap's keys, and so the files that proxies read whom to trust from: public keys, or a trust document.
const (
	keysFile  = "trusted.pub"
	trustFile = "trust.yaml"
)

// trusted returns whom the proxies trust as one file, in an order that depends on nothing but them; "" if nobody is
// named. Whatever is no public key is refused, so that a private key given by mistake ends here.
func trusted(in manifest.Input) (string, error) {
	var all bundle.Trust
	if len(in.PublicKeys) > 0 {
		var err error
		if all, err = trust.Parse(in.PublicKeys, nil); err != nil {
			return "", fmt.Errorf("reading the trusted public keys: %w", err)
		}
	}
	var problems []schema.Problem
	for name, text := range schema.Sorted(in.Gateway.Targets.Kube.Keys) {
		keys, err := bundle.ParsePublicKeys([]byte(text))
		if err != nil {
			problems = append(problems, schema.Problem{
				Path: schema.NewPath("targets", "kube", "keys", name), Code: "target-key",
				Message: fmt.Sprintf("key %q: %v", name, err),
				Hint:    "put the .pub file that gwc keygen or cosign wrote here",
			})
		}
		all.Add(bundle.Trusting(keys...))
	}
	if len(problems) > 0 {
		return "", join(problems)
	}
	text, err := trust.Format(all)
	return string(text), err
}

// trustArgument is the flag by which proxies are told whom to trust.
func trustArgument(trusted string) string {
	if trusted != "" && trust.IsDocument([]byte(trusted)) {
		return "--trust=" + keysDir + "/" + trustFile
	}
	return "--key=" + keysDir + "/" + keysFile
}

func keysName(in manifest.Input) string { return in.Gateway.Targets.Kube.Name + "-keys" }

func keysConfigMap(in manifest.Input, trusted string) *corev1.ConfigMap {
	file := keysFile
	if trust.IsDocument([]byte(trusted)) {
		file = trustFile
	}
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: in.Meta(keysName(in), manifest.Proxy),
		Data:       map[string]string{file: trusted},
	}
}
