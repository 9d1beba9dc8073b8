package behaviour

import (
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
)

// A move is a bucket of a rate limit that is in both models, on its way from one to the other, if there are requests that
// take it.
type move struct {
	at               *comparison
	old, new         *routing.Entry
	oldName, newName string
}

// moves returns the moves at the listeners of a group, until there are too many.
func (c *comparison) moves(moves []move) []move {
	for _, old := range c.before.entries {
		was := c.before.of(old)
		if len(was.windows) == 0 {
			continue
		}
		for _, new := range c.after.meeting(old.Match) {
			if !c.may(old, new) {
				continue
			}
			if len(moves) > maxMoves {
				return moves
			}
			for _, pair := range kept(was.windows, c.after.of(new).windows) {
				moves = append(moves, move{c, old, new, pair[0].bucket, pair[1].bucket})
			}
		}
	}
	return moves
}

// shared adds the classes of requests that count together in one model and apart in the other. Buckets have no names
// that callers could see: what counts is only who else is in one, at whatever listener.
func (f *folder) shared(moves []move) {
	if len(moves) > maxMoves {
		at := moves[0].at
		found := &Class{Severity: diff.Risky, Reason: "requests that shared a rate limit count apart, or others share one"}
		at.show(found, space.Result{Verdict: space.Undecided})
		f.add(found, "")
		return
	}
	f.torn(moves, func(m move) (string, string) { return m.oldName, m.newName },
		diff.Risky, "requests that shared a rate limit count apart")
	f.torn(moves, func(m move) (string, string) { return m.newName, m.oldName },
		diff.Breaking, "requests that had rate limits of their own share one")
}

// maxMoves bounds the search. What lies beyond is a model in which rate limits are not what people look at.
const maxMoves = 1_000_000

// torn adds a class for each bucket of one side that has become several on the other.
func (f *folder) torn(moves []move, sides func(move) (one, several string), class diff.Class, reason string) {
	several := map[string][]move{}
	var names []string
	for _, m := range moves {
		one, _ := sides(m)
		if len(several[one]) == 0 {
			names = append(names, one)
		}
		several[one] = append(several[one], m)
	}
	for _, one := range names {
		shown, last := parted(several[one], sides)
		if shown == nil {
			continue
		}
		change := diff.Change{
			Path: "rateLimit", Kind: diff.Changed, Class: class, Reason: reason, Old: shown[0].String(), New: shown[1].String(),
		}
		found := &Class{
			Severity: class, Reason: reason, Old: named(last.old), New: named(last.new), Changes: []diff.Change{change},
		}
		last.at.show(found, space.Result{Verdict: space.Found, Request: shown[1]})
		f.add(found, one)
	}
}

// parted returns two requests that are in one bucket on one side and in two on the other, and the move of the second.
func parted(moves []move, sides func(move) (one, several string)) (shown []*space.Request, last move) {
	name := func(m move) string { _, other := sides(m); return other }
	if !slices.ContainsFunc(moves, func(m move) bool { return name(m) != name(moves[0]) }) {
		return nil, last
	}
	first := ""
	for _, m := range moves {
		if len(shown) > 0 && name(m) == first {
			continue
		}
		result := m.at.both(m.old, m.new, scope{})
		if result.Verdict != space.Found || result.Request.Preflight() && (speaksCORS(m.old) || speaksCORS(m.new)) { // which nobody counts
			continue
		}
		if shown = append(shown, result.Request); len(shown) == 2 {
			return shown, m
		}
		first = name(m)
	}
	return nil, last
}
