package check

import (
	"fmt"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkTrustedProxies: trusted proxies are IP addresses or CIDR ranges.
func checkTrustedProxies(p *pass) {
	for i, text := range p.TrustedProxies {
		_, err := schema.ParseNetwork(text)
		if err == nil {
			continue
		}
		p.report(diag.Finding{
			Code: "proxy-address", Severity: diag.Error, Path: schema.NewPath("trustedProxies", strconv.Itoa(i)),
			Message: fmt.Sprintf("trusted proxy %q is %v", text, err),
			Hint:    `write an address or a range, for instance "10.0.0.7" or "10.0.0.0/8"; names are not resolved`,
		})
	}
}
