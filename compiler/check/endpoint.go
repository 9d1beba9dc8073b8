package check

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkEndpointHosts: the host of an endpoint is a name that can be resolved, or an IP address.
func checkEndpointHosts(p *pass) {
	for name, u := range schema.Sorted(p.Upstreams) {
		for endpoint, e := range schema.Sorted(u.Endpoints) {
			if hint := badEndpoint(e.Host); hint != "" {
				p.report(diag.Finding{
					Code: "endpoint-host", Severity: diag.Error,
					Path:    schema.NewPath("upstreams", name, "endpoints", endpoint, "host"),
					Message: fmt.Sprintf("host %q of endpoint %q is neither a host name nor an IP address", e.Host, endpoint),
					Hint:    hint,
				})
			}
		}
	}
}

// badEndpoint returns what to write instead of host, or "" where host is right.
func badEndpoint(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		return ""
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		return fmt.Sprintf("write an IPv6 address without brackets: %q", strings.TrimSuffix(inner, "]"))
	}
	if h, port, err := net.SplitHostPort(host); err == nil && h != "" {
		return fmt.Sprintf("write the port in its own field: {host: %q, port: %s}", h, port)
	}
	if !hostName(host) {
		return "write a name of letters, digits, '-' and '_' in labels of at most 63, or an IP address"
	}
	return ""
}

// hostName reports whether s is a DNS name of at most 253 bytes whose last label is not a number: resolvers
// take such a name for an IPv4 address.
func hostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != ""
}
