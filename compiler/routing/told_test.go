package routing_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"gwc.dev/compiler/routing"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/forward"
	"gwc.dev/schema"
)

// What fields about the client are said to be is what the gateway makes of them, whatever a client sends.
func TestFieldsAboutClientsAreToldAsSaid(t *testing.T) {
	names := []string{
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-User", "X-Request-Id", "Client-Cert", "Client-Cert-Chain", "X-Version",
	}
	addresses := []string{"10.0.0.1", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0"}
	headers := map[string]schema.ValueMatch{}
	for _, name := range names {
		headers[name] = schema.ValueMatch{Present: new(true)}
	}
	there := map[string]int{}
	for n := range uint64(2000) {
		r := rand.New(rand.NewPCG(n, 4))
		pick := func(from ...string) string { return from[r.IntN(len(from))] }
		g := &schema.Gateway{APIs: map[string]schema.API{"a": {Routes: map[string]schema.Route{"r": {Match: &schema.Match{Headers: headers}}}}}}
		if r.IntN(2) == 0 {
			g.TrustedProxies = []string{"10.0.0.0/8"}
		}
		trusted, problems := forward.Trusted(g)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		l := schema.Listener{}
		peer := forward.Peer{Address: netip.MustParseAddr(pick(addresses...)).Unmap(), Via: "1.1 gwproxy"}
		x := &exchange.Exchange{ID: "1", Request: exchange.Request{Host: "a.test", Authority: "a.test", Scheme: "http"}}
		if r.IntN(4) == 0 { // HTTP/1.0
			x.Request.Host, x.Request.Authority = "", ""
		}
		if r.IntN(2) == 0 {
			l.TLS, x.Request.Scheme = &schema.ListenerTLS{}, "https"
			if r.IntN(2) == 0 {
				l.TLS.ClientCertificates = &schema.ClientCertificates{Forward: true}
				peer.Certificates = l.TLS.ClientCertificates
				peer.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte("certificate")}}}
			}
		}
		for _, name := range names {
			for range r.IntN(3) {
				x.Request.Header.Add(name, pick("x", "https", "http", "192.0.2.1", "192.0.2.1, 10.0.0.2", "for=192.0.2.1", "", "2001:db8::2"))
			}
		}
		peer.Tell(x, trusted)
		said := routing.ToldAt(g, l)
		for _, name := range names {
			value, is := joined(x.Request.Header, name)
			if is {
				there[name]++
			}
			v, known := said[strings.ToLower(name)]
			switch {
			case !known:
				continue
			case v.Present != nil && *v.Present == is:
			case v.Exact != nil && is && *v.Exact == value:
			case v.Regex != "" && is && regexp.MustCompile(`\A(?:`+v.Regex+`)\z`).MatchString(value):
			default:
				t.Fatalf("%s from %s, trusted %v, is %q (%v), and said to be %s", name, peer.Address, g.TrustedProxies, value, is, text(v))
			}
		}
	}
	for _, name := range names[:len(names)-1] {
		if there[name] == 0 {
			t.Errorf("no request had %s", name)
		}
	}
}

func joined(h exchange.Header, name string) (out string, is bool) {
	for _, f := range h {
		if exchange.EqualFold(f.Name, name) {
			if is {
				out += ", "
			}
			out, is = out+f.Value, true
		}
	}
	return out, is
}

func text(v schema.ValueMatch) string {
	switch {
	case v.Present != nil:
		return fmt.Sprintf("present: %v", *v.Present)
	case v.Exact != nil:
		return *v.Exact
	}
	return v.Regex
}
