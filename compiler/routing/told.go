package routing

import (
	"strings"

	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// Told reports whether a header field is the gateway's word about the client, or taken from trusted proxies alone: other
// clients that send it bring nothing about.
func Told(name string) bool {
	switch header.KindOf(name) {
	case header.Written, header.Trusted, header.Certificate:
		return true
	}
	return false
}

// ToldAt returns what the fields about the client that routes match can be at some listeners.
func ToldAt(g *schema.Gateway, listeners ...schema.Listener) map[string]schema.ValueMatch {
	out := map[string]schema.ValueMatch{}
	for _, a := range g.APIs {
		for _, r := range a.Routes {
			if r.Match == nil {
				continue
			}
			for name := range r.Match.Headers {
				name = strings.ToLower(name)
				if v, ok := told(g, name, listeners); ok {
					out[name] = v
				}
			}
		}
	}
	return out
}

// told returns what a field can be; false: anything that clients send, and not there if they send none.
func told(g *schema.Gateway, name string, listeners []schema.Listener) (schema.ValueMatch, bool) {
	const address = `([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)`
	trusts := len(g.TrustedProxies) > 0
	plain, secure, forwards := trusts, trusts, false
	for _, l := range listeners {
		plain, secure = plain || l.TLS == nil, secure || l.TLS != nil
		forwards = forwards || l.TLS != nil && l.TLS.ClientCertificates != nil && l.TLS.ClientCertificates.Forward
	}
	switch {
	case name == "x-forwarded-proto" && plain && secure:
		return schema.ValueMatch{Regex: "https?"}, true
	case name == "x-forwarded-proto" && plain:
		return schema.ValueMatch{Exact: new("http")}, true
	case name == "x-forwarded-proto" && secure:
		return schema.ValueMatch{Exact: new("https")}, true
	case name == "x-forwarded-for" && trusts:
		return schema.ValueMatch{Regex: "(.*, )?" + address}, true
	case name == "x-forwarded-for":
		return schema.ValueMatch{Regex: address}, true
	case header.IsAlwaysThere(name):
		return schema.ValueMatch{Present: new(true)}, true
	case !Told(name), trusts, header.KindOf(name) == header.Written, name == "client-cert" && forwards:
		return schema.ValueMatch{}, false
	}
	return schema.ValueMatch{Present: new(false)}, true
}
