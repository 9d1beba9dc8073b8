package runtime

import (
	"fmt"
	"maps"
	"slices"

	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// isolate builds the table of g without the APIs that cannot be built. found are the problems of its upstreams: one
// that nobody uses breaks no API, and stays a problem of the bundle. With no API left there is nothing to gain by
// serving the bundle, and what would be is the reason why not.
func (s *Server) isolate(g *generation, b *bundle.Bundle, deps filter.Deps, found []schema.Problem) ([]Isolated, []schema.Problem) {
	upstreams := map[string][]schema.Problem{}
	for _, p := range found {
		name := ""
		if names := p.Path.Names(); len(names) > 1 {
			name = names[1]
		}
		upstreams[name] = append(upstreams[name], p)
	}
	model := g.bundle.Gateway
	table, problems := route.BuildIsolated(model, deps, upstreams)
	if table == nil {
		return nil, append(problems, found...)
	}
	g.table = table
	left := table.LeftOut()
	if len(left.APIs) > 0 && len(left.APIs) == len(model.APIs) {
		for _, inside := range []map[string][]schema.Problem{left.Consumers, left.APIs} {
			for _, name := range slices.Sorted(maps.Keys(inside)) {
				problems = append(problems, inside[name]...)
			}
		}
		return nil, problems
	}
	for _, p := range found {
		used := false
		for _, inside := range left.APIs {
			used = used || slices.Contains(inside, p)
		}
		if !used {
			problems = append(problems, p)
		}
	}
	var out []Isolated
	// Consumers first: that one is missing may be why an API is.
	for consumer, problems := range schema.Sorted(left.Consumers) {
		out = append(out, Isolated{Consumer: consumer, Problems: located(b, problems)})
	}
	for api, problems := range schema.Sorted(left.APIs) {
		out = append(out, Isolated{API: api, Problems: located(b, problems)})
	}
	return out, problems
}

// located gives problems their positions in the user's source.
func located(b *bundle.Bundle, problems []schema.Problem) []Problem {
	out := make([]Problem, 0, len(problems))
	for _, p := range problems {
		out = append(out, Problem{
			Path: string(p.Path), Position: b.Position(p.Path), Code: p.Code, Message: p.Message, Hint: p.Hint,
		})
	}
	return out
}

// leftOut returns what g leaves out; g may be nil.
func (g *generation) leftOut() []Isolated {
	if g == nil {
		return nil
	}
	return g.isolated
}

// beyond returns those of some that are not among others.
func beyond(some, others []Isolated) []Isolated {
	return slices.DeleteFunc(slices.Clone(some), func(i Isolated) bool {
		return slices.ContainsFunc(others, func(o Isolated) bool { return i.API == o.API && i.Consumer == o.Consumer })
	})
}

// what names it for a log.
func (i Isolated) what() string {
	if i.API != "" {
		return fmt.Sprintf("API %q", i.API)
	}
	return fmt.Sprintf("consumer %q", i.Consumer)
}

// tellIsolated says what a new generation leaves out, and what it serves again that the one before did not.
func (s *Server) tellIsolated(before, g *generation) {
	apis := 0
	for _, i := range g.isolated {
		if i.API != "" {
			apis++
		}
	}
	s.metrics.Isolated(apis, len(g.isolated)-apis)
	for _, i := range beyond(g.leftOut(), before.leftOut()) {
		for _, p := range i.Problems {
			s.o.Logger.Error(i.what()+" is left out: "+p.Message, "position", p.Position, "path", p.Path, "code", p.Code, "help", p.Hint)
		}
	}
	for _, i := range beyond(before.leftOut(), g.leftOut()) {
		s.o.Logger.Info(i.what() + " is not left out any more")
	}
}
