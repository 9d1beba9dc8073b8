package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// maxUndecided bounds the questions that come to nothing: each has cost all that one may.
const maxUndecided = 50

// workOf bounds the work on all questions about a model: some seconds, and some for each thousand routes. It takes hundreds
// of expressions that overlap, and cannot be told apart by what they begin with, to come near.
func workOf(g *schema.Gateway) int {
	routes := 0
	for _, a := range g.APIs {
		routes += len(a.Routes)
	}
	return 150_000_000 + 5_000*routes
}

// sayUnasked reports that the bounds ended the search for what is wrong with routes.
func (p *pass) sayUnasked() {
	if p.unasked > 0 {
		p.report(diag.Finding{
			Code: "route-undecided", Severity: diag.Info, Path: schema.NewPath("apis"),
			Message: fmt.Sprintf("%d more questions about which requests routes share were not asked: the bound on all of them was reached", p.unasked),
			Hint:    "match path prefixes in place of expressions where many routes have one host",
		})
	}
}

// exhausted reports whether nothing is left to ask with, and counts what is therefore not asked.
func (p *pass) exhausted() bool {
	if p.undecided < maxUndecided && p.table.Space.Charge(0) {
		return false
	}
	p.unasked++
	return true
}

// find asks about an entry's requests. A question that could not be decided is reported, once for a route.
func (p *pass) find(e *routing.Entry, in, out []*space.Match) (result space.Result) {
	p.ask(e, func() space.Verdict {
		result = p.table.Space.Find(in, out)
		return result.Verdict
	})
	return result
}

// ask has a question asked about an entry's requests, if there is anything left for it.
func (p *pass) ask(e *routing.Entry, question func() space.Verdict) space.Verdict {
	if p.undecided >= maxUndecided {
		p.unasked++
		return space.Undecided
	}
	verdict := question()
	if verdict != space.Undecided {
		return verdict
	}
	p.undecided++
	p.report(diag.Finding{
		Code: "route-undecided", Severity: diag.Info, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("it was not found out within bounds whether route %q shares requests with others", e.Name),
		Hint:    "match a path prefix in place of the expression, or write a simpler one",
	})
	return verdict
}
