package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// checkTaken: routes of different owners do not take requests from each other by what neither of them sees. Of hosts and
// paths the more specific one wins, which people expect; this is about routes of one host and path, and about
// expressions, where methods, the number of header matches or names decide.
func checkTaken(p *pass) {
	if p.table == nil {
		return
	}
	type pair struct{ winner, loser *schema.Route }
	seen := map[pair]bool{}
	left := maxPairs
	for _, e := range p.table.Entries {
		for _, winner := range p.table.Above(e) {
			if !winner.Beside(e) || seen[pair{winner.Route, e.Route}] || !winner.Meets(e) {
				continue
			}
			expressions := winner.Regex() && e.Regex() && winner.Route.Match.Path.Regex != e.Route.Match.Path.Regex
			foreign := p.foreign(winner, e)
			if !foreign && !(expressions && winner.Tied(e)) {
				continue
			}
			if left--; left < 0 {
				return
			}
			seen[pair{winner.Route, e.Route}] = true
			result := p.find(e, []*space.Match{winner.Match, e.Match}, nil)
			switch {
			case result.Verdict != space.Found || p.conflicts[e.String()]:
			case foreign:
				p.taken(winner, e, result.Request)
			default:
				p.overlap(winner, e, result.Request)
			}
		}
	}
}

// maxPairs bounds the pairs of routes that are held against each other: it takes thousands of overlapping expressions.
const maxPairs = 100_000

// foreign reports whether two routes have different owners.
func (p *pass) foreign(a, b *routing.Entry) bool {
	one, other := p.APIs[a.API].Owner, p.APIs[b.API].Owner
	return a.API != b.API && one != other && one != "" && other != ""
}

func (p *pass) taken(winner, e *routing.Entry, r *space.Request) {
	p.report(diag.Finding{
		Code: "route-taken", Severity: diag.Warning, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("route %s of %q takes requests from route %q of %q, for instance %s",
			title(winner, e), p.APIs[winner.API].Owner, e.Name, p.APIs[e.API].Owner, r),
		Request: p.request(e, r),
		Hint:    "agree on who serves them, and give the two routes hosts or paths that tell them apart",
		Related: []diag.Related{{
			Path: winner.Path().Join("match"), Message: fmt.Sprintf("the match of route %q, which wins", winner.Name),
		}},
	})
}

func (p *pass) overlap(winner, e *routing.Entry, r *space.Request) {
	p.report(diag.Finding{
		Code: "route-overlap", Severity: diag.Warning, Path: e.Path().Join("match"),
		Message: fmt.Sprintf("the expressions of route %q and route %s match some of the same paths, and only the order of their names decides, for instance of %s",
			e.Name, title(winner, e), r),
		Request: p.request(e, r),
		Hint:    "have the expressions exclude each other, or add a method, header or query match to the one that is to win",
		Related: []diag.Related{{
			Path: winner.Path().Join("match"), Message: fmt.Sprintf("route %q, which wins", winner.Name),
		}},
	})
}
