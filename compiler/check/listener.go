package check

import (
	"fmt"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkListeners: a listener that speaks TLS has a certificate, and the listeners that APIs name exist.
func checkListeners(p *pass) {
	for name, l := range schema.Sorted(p.Listeners) {
		if l.TLS != nil && len(l.TLS.Certificates) == 0 {
			p.report(diag.Finding{
				Code: "certificate-missing", Severity: diag.Error, Path: schema.NewPath("listeners", name, "tls"),
				Message: fmt.Sprintf("listener %q speaks TLS without a certificate", name),
				Hint:    `name the Secret that holds one: tls: certificates: default: secret: "gateway-tls"`,
			})
		}
	}
	for name, api := range schema.Sorted(p.APIs) {
		for i, l := range api.Listeners {
			if _, ok := p.Listeners[l]; !ok {
				p.report(diag.Finding{
					Code: "listener-unknown", Severity: diag.Error,
					Path:    schema.NewPath("apis", name, "listeners", strconv.Itoa(i)),
					Message: fmt.Sprintf("API %q names listener %q, which does not exist", name, l),
					Hint:    instead(l, p.Listeners, fmt.Sprintf("define it: listeners: %q: port: ...", l)),
				})
			}
		}
	}
}
