package check

import (
	"fmt"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkWaivers: a waiver ends on a day that exists.
func checkWaivers(p *pass) {
	for name, w := range schema.Sorted(p.Waivers) {
		if _, err := time.Parse(time.DateOnly, w.Expires); err != nil {
			p.report(diag.Finding{
				Code: "waiver-date", Severity: diag.Error, Path: schema.NewPath("waivers", name, "expires"),
				Message: fmt.Sprintf("waiver %q ends on %q, which is no day", name, w.Expires),
				Hint:    `write the last day that it holds as year, month and day: "2027-03-31"`,
			})
		}
	}
}
