// Package forward tells the backend about the client, and finds out who that is where a proxy stands before the gateway.
//
//	peer := forward.Peer{Address: conn.RemoteAddr(), Via: "1.1 gwproxy"}
//	peer.Tell(x, trusted) // x.Client, x.Request.Scheme, and the fields that backends get
//
// It runs before routes are matched, so that a match sees its fields: who explains a request calls it too.
package forward

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A Peer is who is on the other side of the connection that a request came by.
type Peer struct {
	Address netip.Addr
	Via     string               // the gateway's element of Via: "1.1 gwproxy"
	TLS     *tls.ConnectionState // nil: none
	// Certificates says what is asked of clients' certificates; nil: none are.
	Certificates *schema.ClientCertificates
}

// Trusted reads a model's proxies, addresses and ranges, whose word about clients is believed.
func Trusted(model *schema.Gateway) ([]netip.Prefix, []schema.Problem) {
	var out []netip.Prefix
	var problems []schema.Problem
	for i, text := range model.TrustedProxies {
		network, err := schema.ParseNetwork(text)
		if err != nil {
			problems = append(problems, schema.Problem{
				Path: schema.NewPath("trustedProxies").Index(i), Code: "proxy-address", Message: fmt.Sprintf("trusted proxy %q is %v", text, err),
			})
			continue
		}
		out = append(out, network)
	}
	return out, problems
}

// Tell finds out who the client is and writes the header fields that tell the backend: Forwarded (RFC 7239),
// X-Forwarded-*, Via (RFC 9110, section 7.6.3), X-Request-Id and, where the listener is told to, Client-Cert (RFC 9440).
// The exchange has its scheme and its id.
//
// What a client says about itself is believed only of trusted proxies, and of them X-Forwarded-For before Forwarded: a
// proxy that maintains one of these passes the others through as clients sent them. From anybody else every such field
// is removed, and X-Real-Ip from everybody. Spellings with '_', which some backends take for '-', are removed as well.
func (p Peer) Tell(x *exchange.Exchange, trustedProxies []netip.Prefix) {
	h := &x.Request.Header
	peer := p.Address.WithZone("")
	trusted := trusts(trustedProxies, peer)

	x.Client = peer
	host, chain := x.Request.Authority, ""
	if trusted {
		said := saidBefore(trustedProxies, peer, *h)
		chain, x.Client = said.chain, said.client
		if said.proto != "" {
			x.Request.Scheme = said.proto
		}
		if said.host != "" {
			host = said.host
		}
	}
	kept := (*h)[:0]
	for _, f := range *h {
		if !AboutClient(f.Name, trusted) || trusted && p.Certificates == nil && isCertificate(f.Name) {
			kept = append(kept, f)
		}
	}
	*h = kept
	p.tell(x, peer, chain, host)
}

// tell appends the fields that tell the backend about the client.
func (p Peer) tell(x *exchange.Exchange, peer netip.Addr, chain, host string) {
	h, text := &x.Request.Header, &x.Text
	address := text.Append(func(b []byte) []byte {
		if !peer.IsValid() {
			return b
		}
		return peer.AppendTo(b)
	})
	list := address
	if chain != "" {
		list = text.Concat(chain, ", ", address)
	}
	h.Add("X-Forwarded-For", list)
	h.Add("X-Forwarded-Proto", x.Request.Scheme)
	if host != "" {
		h.Add("X-Forwarded-Host", host)
	}
	h.Add("Forwarded", text.Append(func(b []byte) []byte {
		return appendForwarded(b, list, x.Request.Scheme, host)
	}))
	h.Add("Via", p.Via)
	h.Add("X-Request-Id", x.ID)
	if p.Certificates != nil && p.Certificates.Forward {
		if cert := clientCert(p.TLS); cert != "" {
			h.Add("Client-Cert", cert)
		}
	}
}

// clientCert returns a client's certificate as a structured field's byte sequence (RFC 9440, section 2.1).
func clientCert(session *tls.ConnectionState) string {
	if session == nil || len(session.PeerCertificates) == 0 {
		return ""
	}
	return ":" + base64.StdEncoding.EncodeToString(session.PeerCertificates[0].Raw) + ":"
}

// AboutClient reports whether a field says something about the client that is not to be passed on, from a trusted proxy or
// from anybody. It is what package gwc.dev/schema/header says of them, for each field of each request: without looking at most names.
func AboutClient(name string, trusted bool) bool {
	if len(name) < len("Forwarded") {
		return false
	}
	switch name[0] | 0x20 {
	case 'f':
		return exchange.EqualFold(name, "Forwarded")
	case 'c':
		return exchange.Alike(name, "Client-Cert") || exchange.Alike(name, "Client-Cert-Chain")
	case 'x':
	default:
		return false
	}
	switch {
	case exchange.Alike(name, "X-Real-Ip"), exchange.Alike(name, "X-Request-Id"), exchange.Alike(name, "X-Forwarded-For"),
		exchange.Alike(name, "X-Forwarded-Proto"), exchange.Alike(name, "X-Forwarded-Host"):
		return true
	}
	const prefix = "X-Forwarded-"
	return len(name) > len(prefix) && exchange.Alike(name[:len(prefix)], prefix) &&
		(!trusted || strings.IndexByte(name, '_') >= 0)
}

// isCertificate reports whether a field says which certificate the client has shown (RFC 9440). Other spellings are not
// kept even of a trusted proxy: it may have passed them through as its client sent them.
func isCertificate(name string) bool {
	return exchange.EqualFold(name, "Client-Cert") || exchange.EqualFold(name, "Client-Cert-Chain")
}

// A said is what trusted proxies say about the client. Empty strings are not said.
type said struct {
	client      netip.Addr
	chain       string // the addresses before the peer's, as a list
	proto, host string
}

// saidBefore returns what the peer, which is trusted, and those before it say about the client.
func saidBefore(trusted []netip.Prefix, peer netip.Addr, h exchange.Header) said {
	s := said{client: peer, chain: joined(h, "X-Forwarded-For")}
	elements := joined(h, "Forwarded")
	if s.chain == "" && elements != "" {
		return saidForwarded(trusted, peer, elements)
	}
	s.client = clientOf(trusted, peer, s.chain)
	s.proto, s.host = scheme(only(h, "X-Forwarded-Proto")), only(h, "X-Forwarded-Host")
	return s
}

// scheme returns s if it is one that requests come by.
func scheme(s string) string {
	if s == "http" || s == "https" {
		return s
	}
	return ""
}

// clientOf returns the right-most address of an X-Forwarded-For list that is not a trusted proxy's: what
// stands left of it anybody may have written. Where the list ends, or goes on with something that is no
// address, the proxy that wrote it last is as far as one can see.
func clientOf(trusted []netip.Prefix, peer netip.Addr, chain string) netip.Addr {
	client := peer
	for rest := chain; rest != ""; {
		item := rest
		if at := strings.LastIndexByte(rest, ','); at >= 0 {
			item, rest = rest[at+1:], rest[:at]
		} else {
			rest = ""
		}
		addr, ok := addrIn(strings.TrimSpace(item))
		if !ok {
			return client
		}
		client = addr
		if !trusts(trusted, addr) {
			return client
		}
	}
	return client
}

// addrIn reads an address that may have a port.
func addrIn(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func trusts(trusted []netip.Prefix, addr netip.Addr) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// joined returns all values of a field as one list.
func joined(h exchange.Header, name string) string {
	list := ""
	for _, f := range h {
		if f.Value != "" && exchange.EqualFold(f.Name, name) {
			if list != "" {
				list += ", "
			}
			list += f.Value
		}
	}
	return list
}

// only returns the value of a field that is there once.
func only(h exchange.Header, name string) string {
	if h.Count(name) != 1 {
		return ""
	}
	return h.Get(name)
}
