package behaviour

import (
	"slices"

	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
)

// A move is a bucket of a rate limit on its way from one model to the other, if there are requests that take it.
type move struct {
	old, new         *routing.Entry
	oldName, newName string
}

// shared adds the classes of requests that count together in one model and apart in the other. Buckets have no names
// that callers could see: what counts is only who else is in one.
func (c *comparison) shared(to *folder) {
	var moves []move
	for _, old := range c.before.entries {
		was := c.before.of(old)
		if len(was.buckets) == 0 {
			continue
		}
		for _, new := range c.after.meeting(old.Match) {
			is := c.after.of(new)
			if was.texts[rateLimit] != is.texts[rateLimit] || !c.may(old, new) {
				continue
			}
			if len(moves) > maxMoves {
				return
			}
			for i := range was.buckets {
				moves = append(moves, move{old, new, was.buckets[i], is.buckets[i]})
			}
		}
	}
	c.torn(to, moves, func(m move) (string, string) { return m.oldName, m.newName },
		diff.Risky, "requests that shared a rate limit count apart")
	c.torn(to, moves, func(m move) (string, string) { return m.newName, m.oldName },
		diff.Breaking, "requests that had rate limits of their own share one")
}

// maxMoves bounds the search. What lies beyond is a model in which rate limits are not what people look at.
const maxMoves = 100_000

// torn adds a class for each bucket of one side that has become several on the other.
func (c *comparison) torn(to *folder, moves []move, sides func(move) (one, several string), class diff.Class, reason string) {
	several := map[string][]move{}
	var names []string
	for _, m := range moves {
		one, other := sides(m)
		had := several[one]
		if len(had) == 0 {
			names = append(names, one)
		}
		if !slices.ContainsFunc(had, func(m move) bool { _, name := sides(m); return name == other }) {
			several[one] = append(had, m)
		}
	}
	for _, one := range names {
		var shown []*space.Request
		var last move
		for _, m := range several[one] {
			if len(several[one]) < 2 || len(shown) == 2 {
				break
			}
			if result := c.both(m.old, m.new); result.Verdict == space.Found {
				shown, last = append(shown, result.Request), m
			}
		}
		if len(shown) < 2 {
			continue
		}
		change := diff.Change{
			Path: "rateLimit", Kind: diff.Changed, Class: class, Reason: reason, Old: shown[0].String(), New: shown[1].String(),
		}
		found := &Class{
			Severity: class, Reason: reason, Listeners: c.group.names, Request: shown[1],
			Old: named(last.old), New: named(last.new), Changes: []diff.Change{change},
		}
		c.address(found)
		to.add(found, one)
	}
}
