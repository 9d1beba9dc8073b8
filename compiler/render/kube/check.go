package kube

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle/oci"
)

// check reports what Kubernetes would refuse in the settings of the model.
func check(g *schema.Gateway) error {
	var problems []schema.Problem
	report := func(path schema.Path, code, hint, format string, args ...any) {
		problems = append(problems, schema.Problem{Path: path, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	k, at := g.Targets.Kube, schema.NewPath("targets", "kube")
	for _, n := range []struct {
		path schema.Path
		name string
	}{{at.Join("namespace"), k.Namespace}, {at.Join("name"), k.Name}} {
		if errs := validation.IsDNS1123Label(n.name); errs != nil {
			report(n.path, "target-name", "use a DNS label", "%q cannot name a Kubernetes object: %s", n.name, errs[0])
		}
	}
	for _, q := range []struct {
		path schema.Path
		text string
	}{
		{at.Join("resources", "requests", "cpu"), k.Resources.Requests.CPU},
		{at.Join("resources", "requests", "memory"), k.Resources.Requests.Memory},
		{at.Join("resources", "limits", "cpu"), k.Resources.Limits.CPU},
		{at.Join("resources", "limits", "memory"), k.Resources.Limits.Memory},
	} {
		if _, err := quantity(q.text); err != nil {
			report(q.path, "target-quantity", `write a Kubernetes quantity such as "250m" or "128Mi"`, "%q is no quantity: %v", q.text, err)
		}
	}
	if k.Replicas.Min > k.Replicas.Max {
		report(at.Join("replicas", "min"), "target-replicas", "raise max or lower min",
			"min is %d and max is %d", k.Replicas.Min, k.Replicas.Max)
	}
	if k.Registry != nil {
		for host, mirrors := range schema.Sorted(k.Registry.Mirrors) {
			if err := (oci.Mirrors{}).Set(mirrorValue(host, mirrors)); err != nil {
				report(at.Join("registry", "mirrors", host), "target-mirror", `name registries, as mirrors: "registry.example.com": ["mirror.example.com"]`, "%v", err)
			}
		}
	}
	for name, l := range schema.Sorted(g.Listeners) {
		if l.Port == k.AdminPort {
			report(at.Join("adminPort"), "target-admin-port", "give one of them another port",
				"listener %q uses port %d too", name, l.Port)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.Service.Ports)) {
		if _, ok := g.Listeners[name]; !ok {
			report(at.Join("service", "ports", name), "target-service-port", "name a listener", "there is no listener %q", name)
		}
	}
	shown := map[int]string{}
	for name, l := range schema.Sorted(g.Listeners) {
		port := l.Port
		if p, ok := k.Service.Ports[name]; ok {
			port = p
		}
		if other, ok := shown[port]; ok {
			report(at.Join("service", "ports"), "target-service-port", "give each listener a port of its own",
				"the Service would show listeners %q and %q at port %d", other, name, port)
		}
		shown[port] = name
	}
	for _, ref := range references(g) {
		if msg := ref.invalid(); msg != "" {
			report(ref.path, "target-secret", `refer to "name/key" of a Kubernetes Secret`, "%q names no key of a Kubernetes Secret: %s", ref.text, msg)
		}
	}
	return join(problems)
}

// quantity reads a quantity; an empty one is zero.
func quantity(s string) (resource.Quantity, error) {
	if s == "" {
		return resource.Quantity{}, nil
	}
	return resource.ParseQuantity(s)
}
