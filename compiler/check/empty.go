package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkEmptyLists: a list that narrows something is not empty. Left out it means "any", and a list that turned out
// empty, as a comprehension's can, must not come to mean that too.
func checkEmptyLists(p *pass) {
	refuse := func(at schema.Path, list []string, any string) {
		if list != nil && len(list) == 0 {
			p.report(diag.Finding{
				Code: "list-empty", Severity: diag.Error, Path: at,
				Message: fmt.Sprintf("the list is empty, which would mean %s", any),
				Hint:    fmt.Sprintf("name one at least, or leave the list out where %s is meant", any),
			})
		}
	}
	for name, l := range schema.Sorted(p.Listeners) {
		refuse(schema.NewPath("listeners", name, "hosts"), l.Hosts, "any host")
	}
	for name, api := range schema.Sorted(p.APIs) {
		refuse(schema.NewPath("apis", name, "hosts"), api.Hosts, "any host")
		refuse(schema.NewPath("apis", name, "listeners"), api.Listeners, "every listener")
	}
	seen := once[*schema.Auth]{}
	for _, r := range p.routes {
		if r.Match != nil {
			refuse(r.path("match", "methods"), r.Match.Methods, "every method")
		}
		if r.Auth == nil || !seen.first(r.Auth) {
			continue
		}
		if r.Auth.Allow != nil {
			refuse(r.path("auth", "allow", "consumers"), r.Auth.Allow.Consumers, "every consumer")
			refuse(r.path("auth", "allow", "groups"), r.Auth.Allow.Groups, "every group")
		}
		if r.Auth.JWT != nil {
			refuse(r.path("auth", "jwt", "audiences"), r.Auth.JWT.Audiences, "any audience")
		}
	}
}
