package behaviour

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"gwc.dev/schema"
)

// backendsText returns where requests go: upstreams by what they are, and their shares by what they come to.
func (s *side) backendsText(r *schema.Route) string {
	shares := map[string]int{}
	if !s.calls(r) {
		return compact(shares)
	}
	divisor := 0
	for name, b := range r.Backends {
		if b.Weight > 0 {
			shares[s.upstreamText(name)] += b.Weight
		}
	}
	for _, weight := range shares {
		divisor = gcd(divisor, weight)
	}
	for upstream := range shares {
		shares[upstream] /= divisor
	}
	return compact(shares)
}

// calls reports whether some endpoint gets requests of a route; where there are backends and none does, the answer is 503.
func (s *side) calls(r *schema.Route) bool {
	for name, b := range r.Backends {
		for _, e := range s.gateway.Upstreams[name].Endpoints {
			if b.Weight > 0 && e.Weight > 0 {
				return true
			}
		}
	}
	return false
}

// upstreamText is the same for upstreams that are the same but for names.
func (s *side) upstreamText(name string) string {
	text, ok := s.upstreams[name]
	if !ok {
		text = name
		if u, known := s.gateway.Upstreams[name]; known {
			text = textOf(u)
		}
		s.upstreams[name] = text
	}
	return text
}

func textOf(u schema.Upstream) string {
	weights, divisor := map[schema.Endpoint]int{}, 0
	for _, e := range u.Endpoints {
		weight := e.Weight
		e.Weight, e.Host = 0, hostOf(e)
		weights[e] += weight
	}
	for _, weight := range weights {
		divisor = gcd(divisor, weight)
	}
	var endpoints []schema.Endpoint
	for e, weight := range weights {
		if weight > 0 {
			e.Weight = weight / divisor
			endpoints = append(endpoints, e)
		}
	}
	slices.SortFunc(endpoints, func(a, b schema.Endpoint) int { return cmp.Or(cmp.Compare(a.Host, b.Host), a.Port-b.Port) })
	u.Endpoints = nil
	if u.TLS == nil && u.Protocol == "http1" {
		u.Protocol = "auto" // which without TLS is that
	}
	if u.TLS != nil {
		tls := *u.TLS
		tls.ServerName = strings.ToLower(tls.ServerName)
		if !slices.ContainsFunc(endpoints, func(e schema.Endpoint) bool { return e.Host != tls.ServerName }) {
			tls.ServerName = "" // that of the endpoint is asked for anyway
		}
		u.TLS = &tls
	}
	return compact(u) + compact(endpoints)
}

// hostOf returns an endpoint's host as it is the same for the same names and addresses.
func hostOf(e schema.Endpoint) string {
	if addr, err := netip.ParseAddr(e.Host); err == nil {
		return addr.String()
	}
	return strings.ToLower(e.Host)
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
