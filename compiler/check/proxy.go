package check

import (
	"fmt"
	"net/netip"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkTrustedProxies: trusted proxies are IP addresses or CIDR ranges.
func checkTrustedProxies(p *pass) {
	for i, text := range p.TrustedProxies {
		if address(text) {
			continue
		}
		p.report(diag.Finding{
			Code: "proxy-address", Severity: diag.Error, Path: schema.NewPath("trustedProxies", strconv.Itoa(i)),
			Message: fmt.Sprintf("trusted proxy %q is neither an IP address nor a CIDR range", text),
			Hint:    `write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
		})
	}
}

func address(text string) bool {
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	a, err := netip.ParseAddr(text)
	return err == nil && a.Zone() == ""
}
