package kube

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// keysFile is the ConfigMap's key and so the file that proxies read trusted keys from.
const keysFile = "trusted.pub"

// trustedKeys returns the trusted keys in PEM, each once, in an order that depends on nothing but the keys; ""
// if there are none. Whatever is no public key is refused, so that a private key given by mistake ends here.
func trustedKeys(in manifest.Input) (string, error) {
	byID := map[string]bundle.PublicKey{}
	if len(in.PublicKeys) > 0 {
		keys, err := bundle.ParsePublicKeys(in.PublicKeys)
		if err != nil {
			return "", fmt.Errorf("reading the trusted public keys: %w", err)
		}
		for _, k := range keys {
			byID[k.ID()] = k
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
		for _, k := range keys {
			byID[k.ID()] = k
		}
	}
	var pem []string
	for _, k := range schema.Sorted(byID) {
		pem = append(pem, string(k.Marshal()))
	}
	return strings.Join(pem, ""), join(problems)
}

func keysName(in manifest.Input) string { return in.Gateway.Targets.Kube.Name + "-keys" }

func keysConfigMap(in manifest.Input, pem string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: in.Meta(keysName(in), manifest.Proxy),
		Data:       map[string]string{keysFile: pem},
	}
}
