package kube

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"gwc.dev/compiler/render/manifest"
	"gwc.dev/schema"
)

// A port is a listener as Kubernetes sees it.
type port struct {
	name     string // of the port, the same in pod and Service
	number   int32  // that gwproxy listens on
	shown    int32  // that the Service shows
	protocol string // of the application
}

// numbered begins the names of ports that have a number for one.
const numbered = "port-"

// ports returns the listeners' ports in the order of the listeners' names. A port bears its listener's name
// where Kubernetes allows it and no number is to be had that way, else its number.
func ports(g *schema.Gateway) []port {
	var out []port
	taken := map[string]bool{manifest.AdminPort: true}
	for name, l := range schema.Sorted(g.Listeners) {
		p := port{name: strings.ToLower(name), number: int32(l.Port), shown: int32(l.Port), protocol: "http"}
		if taken[p.name] || strings.HasPrefix(p.name, numbered) || validation.IsValidPortName(p.name) != nil {
			p.name = fmt.Sprintf("%s%d", numbered, l.Port)
		}
		taken[p.name] = true
		if l.TLS != nil {
			p.protocol = "https"
		}
		if n, ok := g.Targets.Kube.Service.Ports[name]; ok {
			p.shown = int32(n)
		}
		out = append(out, p)
	}
	return out
}

// service is what clients connect to.
func service(in manifest.Input) *corev1.Service {
	settings := in.Gateway.Targets.Kube.Service
	meta := in.Meta(in.Gateway.Targets.Kube.Name, manifest.Proxy)
	for k, v := range settings.Annotations {
		meta.Annotations[k] = v
	}
	spec := corev1.ServiceSpec{
		Type:     corev1.ServiceType(settings.Type),
		Selector: in.Selector(manifest.Proxy),
	}
	if spec.Type != corev1.ServiceTypeClusterIP {
		// The client's address reaches the proxy, where rate limits count by it.
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	}
	for _, p := range ports(in.Gateway) {
		spec.Ports = append(spec.Ports, corev1.ServicePort{
			Name: p.name, Port: p.shown, TargetPort: intstr.FromString(p.name),
			Protocol: corev1.ProtocolTCP, AppProtocol: new(p.protocol),
		})
	}
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta,
		Spec:       spec,
	}
}

// adminService is what Prometheus finds the proxies by. It stands apart so that a load balancer never shows the
// admin port, and lists proxies that are not ready, which are those worth watching.
func adminService(in manifest.Input) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: in.Meta(in.Gateway.Targets.Kube.Name+"-admin", manifest.Admin),
		Spec: corev1.ServiceSpec{
			Type:                     corev1.ServiceTypeClusterIP,
			ClusterIP:                corev1.ClusterIPNone,
			PublishNotReadyAddresses: true,
			Selector:                 in.Selector(manifest.Proxy),
			Ports: []corev1.ServicePort{{
				Name: manifest.AdminPort, Port: int32(in.Gateway.Targets.Kube.AdminPort),
				TargetPort: intstr.FromString(manifest.AdminPort), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}
