package space

import "slices"

// leave returns a region in r that has a request and none of the matches. Every part of r by itself has one, as far
// as is known.
func (f *finder) leave(r region, out []int) (region, Verdict) {
	r, open, verdict := f.settle(r, out, f.ways)
	if verdict == Empty || len(open) == 0 {
		return r, verdict
	}
	if at, ok := f.hurry(r, open); ok {
		return at, Found
	}
	r, open, verdict = f.settle(r, matchesOf(open), f.hardWays)
	if verdict == Empty || len(open) == 0 {
		return r, verdict
	}
	if f.meter.exhausted() {
		return r, Undecided
	}
	return f.branch(r, open)
}

// settle leaves the matches that there is only one way out of, and again while that narrows others down. It returns
// the region that is left, what is known of it, and the choices for the other matches.
func (f *finder) settle(r region, out []int, ways func(region, []clause) ([]clause, bool)) (region, []choice, Verdict) {
	for {
		var open []choice
		var forced []clause
		for _, i := range out {
			if f.meter.exhausted() {
				return r, nil, Undecided
			}
			f.meter.spend(1 + 4*len(f.out[i].clauses))
			clauses, met := ways(r, f.out[i].clauses)
			switch {
			case !met:
			case len(clauses) == 0:
				f.by[i] = true
				return r, nil, Empty
			case len(clauses) == 1:
				forced = append(forced, clauses[0])
				f.by[i] = true
			default:
				open = append(open, choice{i, clauses})
			}
		}
		r = r.without(forced...)
		verdict := f.inhabited(r)
		if verdict == Empty || len(open) == 0 || len(forced) == 0 {
			return r, open, verdict
		}
		out = matchesOf(open)
	}
}

// A choice is between the ways out of a match: the clauses of which one is not to hold.
type choice struct {
	match   int
	clauses []clause
}

func matchesOf(choices []choice) []int {
	out := make([]int, len(choices))
	for i, c := range choices {
		out[i] = c.match
	}
	return out
}

// ways returns the clauses of a match that some of a region does not fulfil, and perhaps some that all of it does:
// those that it takes automata to tell. It is false where the region has none of the match anyway.
func (f *finder) ways(r region, clauses []clause) ([]clause, bool) {
	var out []clause
	for _, clause := range clauses {
		b := r.box(clause.part)
		inside := f.question(b, clause.condition, nil)
		hard := inside.costly()
		if !hard && inside.answer().verdict == Empty {
			return nil, false
		}
		outside := f.question(b, nil, clause.condition)
		if hard || outside.costly() || outside.answer().verdict != Empty {
			out = append(out, clause)
		}
	}
	return out, true
}

// hardWays is ways with automata, where the answer matters.
func (f *finder) hardWays(r region, clauses []clause) ([]clause, bool) {
	out, met := f.ways(r, clauses)
	if !met || len(out) < 2 {
		return out, met
	}
	for _, clause := range out {
		if f.verdict(r.box(clause.part), clause.condition, nil) == Empty {
			return nil, false
		}
	}
	return slices.DeleteFunc(out, func(clause clause) bool {
		return f.verdict(r.box(clause.part), nil, clause.condition) == Empty
	}), true
}

// branch leaves one match by each way out of it in turn.
func (f *finder) branch(r region, open []choice) (region, Verdict) {
	first := slices.MinFunc(open, func(a, b choice) int { return len(a.clauses) - len(b.clauses) })
	others := slices.DeleteFunc(matchesOf(open), func(i int) bool { return i == first.match })
	verdict := Empty
	for _, c := range first.clauses {
		if way := r.without(c); f.inhabited(way) != Empty {
			at, got := f.leave(way, others)
			if got == Found {
				return at, Found
			}
			verdict = min(verdict, got)
		}
		// What left by this way was looked at: the other ways need not do so again.
		if r = r.within(c); f.inhabited(r) == Empty {
			break
		}
	}
	f.by[first.match] = true
	return r, verdict
}

// hurry tries to leave all matches at once: each by the same part, where it has a way out there.
func (f *finder) hurry(r region, open []choice) (region, bool) {
	f.hurrying = true
	defer func() { f.hurrying = false }()
	for i, c := range open[0].clauses {
		if i > 0 && c.part == open[0].clauses[i-1].part {
			continue
		}
		ways := make([]clause, len(open))
		for i, o := range open {
			ways[i] = o.clauses[max(0, slices.IndexFunc(o.clauses, func(way clause) bool { return way.part == c.part }))]
		}
		if at := r.without(ways...); f.inhabited(at) == Found {
			return at, true
		}
	}
	return r, false
}
