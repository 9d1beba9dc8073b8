package kube

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"gwc.dev/schema"
)

// A reference is a place of the model that refers to a secret.
type reference struct {
	path schema.Path
	text string
	keys []string // the keys of the Secret name that are needed; none: text is "env:NAME"
	name string
}

// references returns every reference to a secret in g, in the order of their paths.
func references(g *schema.Gateway) []reference {
	var refs []reference
	value := func(path schema.Path, text string) {
		switch name, key, ok := strings.Cut(text, "/"); {
		case text == "":
		case ok:
			refs = append(refs, reference{path, text, []string{key}, name})
		default:
			refs = append(refs, reference{path: path, text: text})
		}
	}
	for name, c := range schema.Sorted(g.Consumers) {
		for key, k := range schema.Sorted(c.APIKeys) {
			value(schema.NewPath("consumers", name, "apiKeys", key, "secret"), k.Secret)
		}
	}
	for name, l := range schema.Sorted(g.Listeners) {
		if l.TLS == nil {
			continue
		}
		for cert, c := range schema.Sorted(l.TLS.Certificates) {
			refs = append(refs, reference{
				schema.NewPath("listeners", name, "tls", "certificates", cert, "secret"),
				c.Secret, []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey}, c.Secret,
			})
		}
		if asked := l.TLS.ClientCertificates; asked != nil {
			value(schema.NewPath("listeners", name, "tls", "clientCertificates", "ca"), asked.CA)
		}
	}
	for name, u := range schema.Sorted(g.Upstreams) {
		if u.TLS != nil {
			value(schema.NewPath("upstreams", name, "tls", "ca"), u.TLS.CA)
		}
	}
	return refs
}

// invalid says why Kubernetes takes no such reference; "" when it does.
func (r reference) invalid() string {
	if r.keys == nil {
		name, ok := strings.CutPrefix(r.text, "env:")
		if !ok {
			return "it is neither name/key nor env:NAME"
		}
		return first(validation.IsConfigMapKey(name))
	}
	if msg := first(validation.IsDNS1123Subdomain(r.name)); msg != "" {
		return msg
	}
	for _, key := range r.keys {
		if msg := first(validation.IsConfigMapKey(key)); msg != "" {
			return msg
		}
	}
	return ""
}

func first(msgs []string) string {
	if len(msgs) == 0 {
		return ""
	}
	return msgs[0]
}

// secretSources returns the Secrets that g refers to, each with no more than the keys that are needed, as
// gwproxy looks for them: <directory>/<name>/<key>.
func secretSources(g *schema.Gateway) []corev1.VolumeProjection {
	needed := map[string]map[string]bool{}
	for _, r := range references(g) {
		for _, key := range r.keys {
			if needed[r.name] == nil {
				needed[r.name] = map[string]bool{}
			}
			needed[r.name][key] = true
		}
	}
	var sources []corev1.VolumeProjection
	for name, keys := range schema.Sorted(needed) {
		secret := &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: name}}
		for key := range schema.Sorted(keys) {
			secret.Items = append(secret.Items, corev1.KeyToPath{Key: key, Path: name + "/" + key})
		}
		sources = append(sources, corev1.VolumeProjection{Secret: secret})
	}
	return sources
}

// secretVariables returns the environment variables that g refers to, sorted by name.
func secretVariables(g *schema.Gateway) []corev1.EnvVar {
	names := map[string]bool{}
	for _, r := range references(g) {
		if name, ok := strings.CutPrefix(r.text, "env:"); ok && r.keys == nil {
			names[name] = true
		}
	}
	var vars []corev1.EnvVar
	for _, name := range slices.Sorted(maps.Keys(names)) {
		vars = append(vars, corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: g.Targets.Kube.Name + "-env"},
				Key:                  name,
			},
		}})
	}
	return vars
}
