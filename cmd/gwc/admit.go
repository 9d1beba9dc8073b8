package main

import (
	"errors"
	"fmt"
	"slices"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/trust"
)

// errNobodyTrusted says what proxies lack that are told of nobody.
var errNobodyTrusted = errors.New("the manifests name nobody whom proxies trust to sign bundles, and their pods would wait for that: " +
	"name who signs with --trust FILE or in targets: kube: trust, or set configMap there to the one that says it")

// nobodyTrusted finds manifests that are rendered and name nobody: somebody else may make the ConfigMap that is missing, and nobody
// may have thought of it.
func nobodyTrusted(g *schema.Gateway, given bundle.Trust) diag.List {
	k := g.Targets.Kube
	if own, _ := trust.Of(k); !given.Empty() || !own.Empty() || ownConfigMap(k) {
		return nil
	}
	return diag.List{{
		Code: "target-untrusted", Severity: diag.Warning, Path: schema.NewPath("targets", "kube"),
		Message: fmt.Sprintf("the manifests name nobody whom proxies trust to sign bundles, and their pods wait for ConfigMap %q", k.Name+"-keys"),
		Hint:    "name who signs with --key or --trust, or in targets.kube.trust, where configMap leaves it to one of your own",
	}}
}

// trusted returns whom files trust, for the manifests, and together with whom the environment itself names. Whoever signs with
// a key of their own is trusted too, for as long as files and environment say; for ever if they do not know the key.
func (r *release) trusted(files []string) (given, all bundle.Trust, err error) {
	if given, err = trust.Load(files...); err != nil {
		return given, all, err
	}
	k := r.kube()
	own, _ := trust.Of(k) // what is wrong with it is for the renderer to say
	all.Add(given)
	all.Add(own)
	if _, certified := r.signer.(bundle.CertifiedSigner); r.signer == nil || certified || ownConfigMap(k) {
		return given, all, nil
	}
	public := r.signer.Public()
	if !slices.ContainsFunc(all.Keys, func(k bundle.PublicKey) bool { return k.ID() == public.ID() }) {
		given.Add(bundle.Trusting(public))
		all.Add(bundle.Trusting(public))
	}
	return given, all, nil
}

// admit refuses to release what the proxies of its manifests would not take. What gwc does not sign, no Flux that verifies
// applies; and a ConfigMap that is somebody else's is not known here.
func (r *release) admit(t bundle.Trust) error {
	switch {
	case ownConfigMap(r.kube()), t.Empty() && r.signer == nil:
		return nil
	case t.Empty():
		return errNobodyTrusted
	}
	if _, err := bundle.Open(r.data, t); err != nil {
		return fmt.Errorf("proxies would refuse the bundle by what the manifests have them trust, --trust and targets: kube: %w", err)
	}
	return nil
}

// kube are the settings that say whom proxies trust.
func (r *release) kube() *schema.Kube {
	if t := r.Gateway.Targets; t != nil && t.Kube != nil {
		return t.Kube
	}
	return &schema.Kube{}
}

// withTrustOf returns g with the settings of now that say whom proxies trust.
func withTrustOf(g, now *schema.Gateway) *schema.Gateway {
	if g.Targets == nil || g.Targets.Kube == nil || now.Targets == nil || now.Targets.Kube == nil {
		return g
	}
	out, targets, kube := *g, *g.Targets, *g.Targets.Kube
	kube.Keys, kube.Trust = now.Targets.Kube.Keys, now.Targets.Kube.Trust
	targets.Kube, out.Targets = &kube, &targets
	return &out
}

// ownConfigMap reports whether whom proxies trust is left to a ConfigMap.
func ownConfigMap(k *schema.Kube) bool { return k.Trust != nil && k.Trust.ConfigMap != "" }
