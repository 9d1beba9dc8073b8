package kube

import (
	"cmp"
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
	own, problems := trust.Of(in.Gateway.Targets.Kube)
	if name := configMap(in); name != "" && !all.Empty() {
		problems = append(problems, schema.Problem{
			Path: schema.NewPath("targets", "kube", "trust", "configMap"), Code: "target-trust",
			Message: fmt.Sprintf("ConfigMap %q says whom proxies trust, and so do files that gwc is given", name),
			Hint:    "leave one of them out",
		})
	}
	if len(problems) > 0 {
		return "", join(problems)
	}
	all.Add(own)
	text, err := trust.Format(all)
	return string(text), err
}

// trustArgument is the flag by which proxies are told whom to trust.
func trustArgument(in manifest.Input, trusted string) string {
	if configMap(in) != "" || trusted != "" && trust.IsDocument([]byte(trusted)) {
		return "--trust=" + keysDir + "/" + trustFile
	}
	return "--key=" + keysDir + "/" + keysFile
}

// configMap is the user's own that says whom to trust; "" where gwc is to say it.
func configMap(in manifest.Input) string {
	if t := in.Gateway.Targets.Kube.Trust; t != nil {
		return t.ConfigMap
	}
	return ""
}

func keysName(in manifest.Input) string {
	return cmp.Or(configMap(in), in.Gateway.Targets.Kube.Name+"-keys")
}

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
