package kube

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"gwc.dev/compiler/render/manifest"
)

// networkPolicy lets clients reach the listeners, Prometheus the admin port, and the proxies DNS, the upstreams,
// the issuers' key sets and the registry.
//
// A policy sees a connection after the Service's address has been replaced by a pod's, whose port may be another
// one. So an upstream inside the cluster opens its namespace, and one outside opens its port, whatever address
// its name has.
func networkPolicy(in manifest.Input, bundle manifest.Ref) *networkingv1.NetworkPolicy {
	g := in.Gateway
	var listeners []networkingv1.NetworkPolicyPort
	for _, p := range ports(g) {
		listeners = append(listeners, tcp(p.number))
	}
	ingress := []networkingv1.NetworkPolicyIngressRule{{
		From:  []networkingv1.NetworkPolicyPeer{inNamespace(g.Targets.Prometheus.Namespace), {PodSelector: &metav1.LabelSelector{}}},
		Ports: []networkingv1.NetworkPolicyPort{tcp(int32(g.Targets.Kube.AdminPort))},
	}}
	if len(listeners) > 0 {
		// A rule without ports would open all of them.
		ingress = append([]networkingv1.NetworkPolicyIngressRule{{Ports: listeners}}, ingress...)
	}
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: in.Meta(g.Targets.Kube.Name, manifest.Proxy),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: in.Selector(manifest.Proxy)},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     ingress,
			Egress:      egress(in, bundle),
		},
	}
}

// A destination is somewhere that proxies connect to: a namespace, or a port of one address or of any.
type destination struct {
	namespace string
	address   string // in CIDR form; "" is any
	port      int32
}

func egress(in manifest.Input, bundle manifest.Ref) []networkingv1.NetworkPolicyEgressRule {
	to := map[destination]bool{}
	add := func(host string, port int) {
		if port > 0 {
			for _, d := range locate(host, int32(port), in.Gateway.Targets.Kube.Namespace) {
				to[d] = true
			}
		}
	}
	for _, u := range in.Gateway.Upstreams {
		for _, e := range u.Endpoints {
			add(e.Host, e.Port)
		}
	}
	for _, api := range in.Gateway.APIs {
		for _, route := range api.Routes {
			if route.Auth != nil && route.Auth.JWT != nil {
				add(hostPort(route.Auth.JWT.JWKS.URL))
			}
		}
	}
	add(hostPort("https://" + bundle.Host()))
	if r := in.Gateway.Targets.Kube.Registry; r != nil {
		for _, mirror := range r.Mirrors[bundle.Host()] {
			add(hostPort("https://" + mirror))
		}
	}

	dns := networkingv1.NetworkPolicyEgressRule{Ports: []networkingv1.NetworkPolicyPort{
		{Protocol: new(corev1.ProtocolUDP), Port: new(intstr.FromInt32(53))}, tcp(53),
	}}
	rules := []networkingv1.NetworkPolicyEgressRule{dns}
	for _, d := range sortedDestinations(to) {
		var rule networkingv1.NetworkPolicyEgressRule
		switch {
		case d.namespace != "":
			rule.To = []networkingv1.NetworkPolicyPeer{inNamespace(d.namespace)}
		case d.address != "":
			rule.To = []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: d.address}}}
		}
		if d.port != 0 {
			rule.Ports = []networkingv1.NetworkPolicyPort{tcp(d.port)}
		}
		rules = append(rules, rule)
	}
	return rules
}

func sortedDestinations(to map[destination]bool) []destination {
	var out []destination
	for d := range to {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b destination) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.address, b.address), cmp.Compare(a.port, b.port))
	})
	return out
}

// locate says where a host is, as the cluster's DNS resolves it: NAME is in the gateway's own namespace, and
// NAME.NAMESPACE.svc and what may follow in that one. NAME.NAMESPACE may be that or two labels of a name outside
// the cluster; every other name is outside.
func locate(host string, port int32, own string) []destination {
	host = strings.Trim(host, "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap().WithZone("")
		return []destination{{address: netip.PrefixFrom(ip, ip.BitLen()).String(), port: port}}
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	switch {
	case len(labels) == 1:
		return []destination{{namespace: own}}
	case validation.IsDNS1123Label(labels[1]) != nil: // no namespace has such a name
		return []destination{{port: port}}
	case len(labels) == 2:
		return []destination{{namespace: labels[1]}, {port: port}}
	case labels[2] == "svc":
		return []destination{{namespace: labels[1]}}
	default:
		return []destination{{port: port}}
	}
}

// hostPort takes an URL apart; the port is 0 where there is none to be had.
func hostPort(raw string) (string, int) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "", 0
	}
	text := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0
	}
	return u.Hostname(), int(port)
}

func inNamespace(name string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{
		MatchLabels: map[string]string{corev1.LabelMetadataName: name},
	}}
}

func tcp(port int32) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Protocol: new(corev1.ProtocolTCP), Port: new(intstr.FromInt32(port))}
}
