package check

import (
	"fmt"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkHosts: no list of hosts names one twice.
func checkHosts(p *pass) {
	for name, l := range schema.Sorted(p.Listeners) {
		p.duplicateHosts(l.Hosts, schema.NewPath("listeners", name, "hosts"))
	}
	for name, api := range schema.Sorted(p.APIs) {
		p.duplicateHosts(api.Hosts, schema.NewPath("apis", name, "hosts"))
	}
}

func (p *pass) duplicateHosts(hosts []string, at schema.Path) {
	if len(hosts) < 2 {
		return
	}
	seen := once[string]{}
	for i, host := range hosts {
		if !seen.first(strings.ToLower(host)) {
			p.report(diag.Finding{
				Code: "host-duplicate", Severity: diag.Warning, Path: at.Join(strconv.Itoa(i)),
				Message: fmt.Sprintf("host %q is listed twice", host),
				Hint:    "remove one of the two; the case of a host does not count",
			})
		}
	}
}
