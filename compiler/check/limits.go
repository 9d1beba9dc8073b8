package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkLimits: a limit of a listener is not above one that it lies within.
func checkLimits(p *pass) {
	for name, l := range schema.Sorted(p.Listeners) {
		if l.Limits == nil {
			continue
		}
		at := func(field string) schema.Path { return schema.NewPath("listeners", name, "limits", field) }
		if limits := l.Limits.Filled(); limits.URIBytes >= limits.HeaderBytes {
			p.report(diag.Finding{
				Code: "limit-order", Severity: diag.Error, Path: at("uriBytes"),
				Message: fmt.Sprintf("uriBytes %d is not below headerBytes %d, which a target is part of", limits.URIBytes, limits.HeaderBytes),
				Hint:    "write a smaller uriBytes, or a larger headerBytes",
				Related: []diag.Related{{Path: at("headerBytes"), Message: "the header's bound"}},
			})
		}
		if most, each := l.Limits.Filled().Connections, l.Limits.ConnectionsPerAddress; each > most {
			p.report(diag.Finding{
				Code: "limit-order", Severity: diag.Warning, Path: at("connectionsPerAddress"),
				Message: fmt.Sprintf("connectionsPerAddress %d bounds nothing: connections is %d", each, most),
				Hint:    fmt.Sprintf("write a connectionsPerAddress below %d", most),
				Related: []diag.Related{{Path: at("connections"), Message: "the bound of all together"}},
			})
		}
	}
}
