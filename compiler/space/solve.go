package space

import (
	"slices"
	"strconv"
)

// A question is about one part of requests: what is it where it fulfils all conditions of in and none of out?
type question struct {
	space   *Space
	meter   *meter
	part    *part
	in, out []*condition
	share   int // of the meter's units, that it may take
}

// An answer is an example, where one was found.
type answer struct {
	text    string
	there   bool // for a field or a parameter: it is
	verdict Verdict
}

func found(text string) answer { return answer{text, true, Found} }

var none = answer{verdict: Empty}

func (q *question) answer() answer {
	for _, c := range q.in {
		if slices.Contains(q.out, c) {
			return none
		}
	}
	if q.part.kind == headerPart || q.part.kind == queryPart {
		if q.mayBeAbsent() {
			return answer{verdict: Found}
		}
		if has(q.in, absent) || has(q.out, present) {
			return none
		}
	}
	if some := q.fewest(); some != nil {
		for _, text := range some.texts {
			if q.allows(text) {
				return found(text)
			}
		}
		return none
	}
	switch q.part.kind {
	case hostPart:
		return q.host()
	case pathPart:
		return q.path()
	case methodPart:
		return q.method()
	}
	return q.value()
}

// costly reports whether the answer takes automata.
func (q *question) costly() bool {
	return q.fewest() == nil && (has(q.in, matching) || has(q.out, matching))
}

// sampled reports whether the sample of one of the expressions fulfils all conditions.
func (q *question) sampled() bool {
	for _, c := range q.in {
		if c.kind == matching && q.universe().run(c.expression.sample) && q.allows(c.expression.sample) {
			return true
		}
	}
	return false
}

// universe has the texts that there can be in the part.
func (q *question) universe() *table {
	switch q.part.kind {
	case pathPart:
		return q.space.universes.paths
	case headerPart:
		return q.space.universes.fields
	}
	return q.space.universes.texts
}

func has(conditions []*condition, kind conditionKind) bool {
	return slices.ContainsFunc(conditions, func(c *condition) bool { return c.kind == kind })
}

// mayBeAbsent reports whether the part fulfils the conditions where it is not there.
func (q *question) mayBeAbsent() bool {
	return !slices.ContainsFunc(q.in, func(c *condition) bool { return c.kind != absent }) && !has(q.out, absent)
}

// fewest returns the condition of in with the fewest texts, or nil if none has texts.
func (q *question) fewest() *condition {
	var best *condition
	for _, c := range q.in {
		if c.kind == oneOf && (best == nil || len(c.texts) < len(best.texts)) {
			best = c
		}
	}
	return best
}

// allows reports whether the part may be a text.
func (q *question) allows(text string) bool {
	for _, c := range q.in {
		if !q.holds(c, text) {
			return false
		}
	}
	return !slices.ContainsFunc(q.out, func(c *condition) bool { return q.holds(c, text) })
}

func (q *question) holds(c *condition, text string) bool {
	q.meter.spend(1)
	if c.kind == matching {
		q.meter.spend(len(text))
	}
	return c.holds(text)
}

// texts returns all texts of conditions.
func texts(conditions []*condition) []string {
	var out []string
	for _, c := range conditions {
		out = append(out, c.texts...)
	}
	return out
}

func automata(conditions []*condition) []automaton {
	var out []automaton
	for _, c := range conditions {
		if c.kind == matching {
			out = append(out, c.expression.automaton())
		}
	}
	return out
}

// affordable pays for what the automata take by themselves, and reports whether the question may take that much.
func (q *question) affordable() bool {
	price := 0
	for _, conditions := range [][]*condition{q.in, q.out} {
		for _, c := range conditions {
			if c.kind == matching {
				price += 1 + len(c.expression.program().Inst)/4
			}
		}
	}
	q.meter.spend(price)
	return price <= q.share && !q.meter.exhausted()
}

// search asks the automata.
func (q *question) search(universe *table, want, avoid []automaton, avoidEmpty bool) answer {
	text, verdict := shortest(q.meter, universe, want, avoid, avoidEmpty, q.share)
	return answer{text, true, verdict}
}

// method finds a method that is none of those in out.
func (q *question) method() answer {
	q.meter.spend(len(q.out))
	for _, name := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"} {
		if q.allows(name) {
			return found(name)
		}
	}
	return found(fresh(texts(q.out), "OTHER"))
}

// value finds the value of a field or parameter that is there.
func (q *question) value() answer {
	taken := texts(q.out)
	q.meter.spend(len(taken))
	switch {
	case !q.costly():
		return found(fresh(taken, "a"))
	case !q.affordable():
		return answer{verdict: Undecided}
	}
	want, avoid := automata(q.in), automata(q.out)
	if len(taken) > 0 {
		avoid = append(avoid, q.trie(taken, nil))
	}
	return q.search(q.universe(), want, avoid, true)
}

// trie returns the automaton of texts and prefixes.
func (q *question) trie(texts, prefixes []string) *trie {
	t := newTrie(texts, prefixes)
	q.meter.spend(8 * len(t.accept))
	return t
}

// fresh returns word, or a text that begins with it, and none of those taken.
func fresh(taken []string, word string) string {
	used := map[string]bool{}
	for _, text := range taken {
		used[text] = true
	}
	text := word
	for n := 2; used[text]; n++ {
		text = word + strconv.Itoa(n)
	}
	return text
}

// key tells questions that take automata apart where their answers differ.
func (q *question) key() string {
	key := []byte{byte(q.part.kind)}
	for _, conditions := range [][]*condition{q.in, q.out} {
		numbers := make([]int32, len(conditions))
		for i, c := range conditions {
			numbers[i] = c.number
		}
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
		key = int32Key(int32Key(key, []int32{int32(len(numbers))}), numbers)
	}
	return string(key)
}
