package forward_test

import (
	"net/netip"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/forward"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// What a request says in a field is kept, and what the gateway says is there, as the table of fields has it.
func TestFieldsAreTreatedAsTheTableSays(t *testing.T) {
	const sent = "sent"
	peer := netip.MustParseAddr("10.0.0.1")
	for _, name := range spellings() {
		for _, trusted := range []bool{false, true} {
			for _, asked := range []*schema.ClientCertificates{nil, {}} {
				x := &exchange.Exchange{ID: "1", Request: exchange.Request{Authority: "a.test", Scheme: "http", Header: exchange.Header{{Name: name, Value: sent}}}}
				var proxies []netip.Prefix
				if trusted {
					proxies = append(proxies, netip.PrefixFrom(peer, peer.BitLen()))
				}
				forward.Peer{Address: peer, Via: "1.1 gwproxy", Certificates: asked}.Tell(x, proxies)
				there, kept := false, false
				for _, f := range x.Request.Header {
					same := exchange.EqualFold(f.Name, name)
					there, kept = there || same, kept || same && strings.Contains(f.Value, sent)
				}
				want, mayKeep := treated(name, trusted, asked != nil)
				if there != want || kept && !mayKeep {
					t.Errorf("%s, trusted proxy: %v, certificates asked for: %v: there %v, as it was sent %v", name, trusted, asked != nil, there, kept)
				}
			}
		}
	}
}

// treated says of a field that a request has whether it is there afterwards, and whether it may say what it said.
func treated(name string, trusted, asked bool) (there, mayKeep bool) {
	switch header.KindOf(name) {
	case header.EndToEnd, header.Connection, header.Lookalike: // the wires see to the last two
		return true, true
	case header.Written:
		return true, trusted || exchange.EqualFold(name, "Via")
	case header.Trusted:
		return trusted, trusted
	case header.Certificate:
		return trusted && !asked, trusted && !asked
	}
	return false, false
}

// spellings returns the names of the table and such as could be taken for them.
func spellings() []string {
	out := []string{"Accept", "Cookie", "X-Forwarded", "X-Forwarded-", "X-Real", "Client-Certificate"}
	for _, f := range header.Fields() {
		for _, name := range []string{strings.Replace(f.Name, "*", "Port", 1), strings.Replace(f.Name, "*", "P-O", 1)} {
			out = append(out, name, strings.ToLower(name), strings.ToUpper(name), name+"s", "X-"+name,
				strings.ReplaceAll(name, "-", "_"), strings.Replace(name, "-", "_", 1))
		}
	}
	return out
}
