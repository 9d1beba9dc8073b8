package check

import (
	"slices"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
)

// takes looks for a request that the match table gives to an entry, among those of a part of it at a view that other sets
// have too. Where there is none, by are entries that take them all.
func (p *pass) takes(e *routing.Entry, v *routing.View, part *space.Match, with ...*space.Match) (result space.Result, by []*routing.Entry) {
	p.assume(v)
	in := append([]*space.Match{part}, with...)
	above := p.above(e, v, in)
	result = p.find(e, in, routing.Matches(above))
	if result.Verdict == space.Found && result.Request.Preflight() { // which may be another route's
		return p.takesPreflight(e, v, in, above)
	}
	return result, chosen(above, result.By)
}

// above returns the entries of a view that win over e, of requests that sets have in common.
func (p *pass) above(e *routing.Entry, v *routing.View, in []*space.Match) []*routing.Entry {
	fewest := p.table.MeetingAbove(e, in[0])
	for _, m := range in[1:] {
		if rivals := p.table.MeetingAbove(e, m); len(rivals) < len(fewest) {
			fewest = rivals
		}
	}
	p.table.Space.Charge(len(fewest))
	return slices.DeleteFunc(fewest, func(o *routing.Entry) bool { return !v.Serves(o) })
}

func chosen(entries []*routing.Entry, places []int) []*routing.Entry {
	var out []*routing.Entry
	for _, i := range places {
		out = append(out, entries[i])
	}
	return out
}

// maxAnnounced bounds the routes of one path that are held against the preflights of a route that has no other requests.
const maxAnnounced = 200

// takesPreflight is takes where there is nothing but preflights: they belong to the route of the request that they
// announce, if that one speaks CORS.
func (p *pass) takesPreflight(e *routing.Entry, v *routing.View, in []*space.Match, above []*routing.Entry) (space.Result, []*routing.Entry) {
	s := p.table.Space
	in = append(slices.Clip(in), s.Preflights())
	verdict := space.Empty
	var speaking []*routing.Entry // and before the one that is looked at
	var announced []*space.Match  // what they take
	ask := func(in, out []*space.Match) (space.Result, bool) {
		result := p.find(e, in, out)
		verdict = min(verdict, result.Verdict)
		return result, result.Verdict == space.Found
	}
	for i, o := range p.anywhere(v, in[0]) {
		if i == maxAnnounced {
			return space.Result{Verdict: space.Undecided}, nil
		}
		m := s.Announced(o.Match)
		out := announced
		if o.Route.CORS == nil { // then the preflight is an OPTIONS request like others
			out = slices.Concat(announced, routing.Matches(above))
		}
		if o.Route.CORS == nil || o == e {
			if result, found := ask(slices.Concat(in, []*space.Match{m}), out); found {
				return result, nil
			}
		}
		if o.Route.CORS != nil {
			speaking, announced = append(speaking, o), append(announced, m)
		}
	}
	result, found := ask(in, slices.Concat(routing.Matches(above), announced))
	if found {
		return result, nil
	}
	result.Verdict = verdict
	return result, chosen(append(slices.Clip(above), speaking...), result.By)
}

// anywhere returns the entries of a view that take requests on hosts and paths of a set, by precedence.
func (p *pass) anywhere(v *routing.View, m *space.Match) []*routing.Entry {
	return slices.DeleteFunc(p.table.Meeting(p.table.Space.Where(m)), func(o *routing.Entry) bool { return !v.Serves(o) })
}

// shared looks for a request that the match table gives to one entry and that another one matches as well.
func (p *pass) shared(winner, e *routing.Entry) (*space.Request, *routing.View) {
	for _, v := range winner.Views {
		if !v.Serves(e) {
			continue
		}
		p.assume(v)
		for part := range v.Parts(winner) {
			in := []*space.Match{part, e.Match}
			result := p.find(e, in, nil)
			if result.Verdict != space.Found {
				continue
			}
			if r := result.Request; !r.Preflight() && len(v.Told) == 0 && !p.beaten(winner, p.above(winner, v, in), r) {
				return r, v
			}
			if result, _ = p.takes(winner, v, part, e.Match); result.Verdict == space.Found {
				return result.Request, v
			}
		}
	}
	return nil, nil
}

// beaten reports whether one of the entries takes a request.
func (p *pass) beaten(winner *routing.Entry, above []*routing.Entry, r *space.Request) bool {
	p.table.Space.Charge(len(above))
	return slices.ContainsFunc(above, func(o *routing.Entry) bool { return o != winner && o.Match.Takes(r) })
}

// announced looks for a preflight that an entry matches and another one takes, which speaks CORS, by the method that it
// announces.
func (p *pass) announced(winner, e *routing.Entry) (*space.Request, *routing.View) {
	s := p.table.Space
	for _, v := range winner.Views {
		if winner.Route.CORS == nil || !v.Serves(e) {
			continue
		}
		p.assume(v)
		for part := range v.Parts(e) {
			var before []*space.Match
			for _, o := range p.anywhere(v, part) {
				if o.Before(winner) {
					before = append(before, s.Announced(o.Match))
				}
			}
			if len(before) > maxAnnounced {
				continue
			}
			if r := p.find(winner, []*space.Match{part, s.Preflights(), s.Announced(winner.Match)}, before).Request; r != nil {
				return r, v
			}
		}
	}
	return nil, nil
}
