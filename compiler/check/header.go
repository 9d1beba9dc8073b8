package check

import (
	"fmt"
	"strconv"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// checkHeaders: header changes keep off what belongs to the connection, and do not contradict themselves.
func checkHeaders(p *pass) {
	headers, auths := once[*schema.Headers]{}, once[*schema.Auth]{}
	for _, r := range p.routes {
		if r.Headers != nil && headers.first(r.Headers) {
			p.headerChange(r.Headers.Request, r.path("headers", "request"))
			p.headerChange(r.Headers.Response, r.path("headers", "response"))
		}
		if r.Respond != nil {
			p.forbiddenHeaders(r.Respond.Headers, r.path("respond", "headers"))
			sameHeaders(p, r.Respond.Headers, r.path("respond", "headers"), "the other value")
		}
		if r.Auth != nil && r.Auth.JWT != nil && auths.first(r.Auth) {
			p.forbiddenHeaders(r.Auth.JWT.ForwardClaims, r.path("auth", "jwt", "forwardClaims"))
			sameHeaders(p, r.Auth.JWT.ForwardClaims, r.path("auth", "jwt", "forwardClaims"), "the other value")
		}
	}
}

func (p *pass) headerChange(c *schema.HeaderChange, at schema.Path) {
	if c == nil {
		return
	}
	p.forbiddenHeaders(c.Set, at.Join("set"))
	p.forbiddenHeaders(c.Add, at.Join("add"))
	sameHeaders(p, c.Set, at.Join("set"), "the other value")
	sameHeaders(p, c.Add, at.Join("add"), "the other value")
	set := map[string]string{}
	for name := range schema.Sorted(c.Set) {
		set[strings.ToLower(name)] = name
	}
	removed := once[string]{}
	for i, name := range c.Remove {
		key := strings.ToLower(name)
		place := at.Join("remove", strconv.Itoa(i))
		switch other, isSet := set[key]; {
		case header.IsWire(name):
			p.forbiddenHeader(name, place)
		case isSet:
			p.report(diag.Finding{
				Code: "header-repeated", Severity: diag.Warning, Path: place,
				Message: fmt.Sprintf("header %q is removed and set", name),
				Hint:    "leave it to set, which replaces whatever is there",
				Related: []diag.Related{{Path: at.Join("set", other), Message: "set here"}},
			})
		case !removed.first(key):
			p.report(diag.Finding{
				Code: "header-repeated", Severity: diag.Warning, Path: place,
				Message: fmt.Sprintf("header %q is removed twice", name),
				Hint:    "keep one of them; the case of a header's name does not count",
			})
		}
	}
}

// sameHeaders reports names that differ in case only: which value holds would depend on their order.
func sameHeaders[V any](p *pass, values map[string]V, at schema.Path, other string) {
	first := map[string]string{}
	for name := range schema.Sorted(values) {
		key := strings.ToLower(name)
		if rival, taken := first[key]; taken {
			p.report(diag.Finding{
				Code: "header-repeated", Severity: diag.Error, Path: at.Join(name),
				Message: fmt.Sprintf("%q and %q are the same header", rival, name),
				Hint:    "keep one of them; the case of a header's name does not count",
				Related: []diag.Related{{Path: at.Join(rival), Message: other}},
			})
			continue
		}
		first[key] = name
	}
}

func (p *pass) forbiddenHeaders(values map[string]string, at schema.Path) {
	for name := range schema.Sorted(values) {
		if header.IsWire(name) {
			p.forbiddenHeader(name, at.Join(name))
		}
	}
}

func (p *pass) forbiddenHeader(name string, at schema.Path) {
	f := diag.Finding{
		Code: "header-forbidden", Severity: diag.Error, Path: at,
		Message: fmt.Sprintf("header %q belongs to the connection and cannot be changed", name),
		Hint:    "remove it; the proxy writes it for each connection",
	}
	if strings.EqualFold(name, "host") {
		f.Message, f.Hint = "header \"Host\" cannot be changed as a header", `write rewrite: host: "..." instead`
	}
	p.report(f)
}
