package space

import (
	"slices"
	"sort"
	"strings"

	"gwc.dev/schema"
)

// A Result is what [Space.Find] found.
type Result struct {
	Verdict Verdict
	Request *Request // where one was Found
	// By says, of an Empty set, which matches of out take all that those of in have in common. It is sorted, and
	// empty where those have nothing in common. Of a few none can be left out.
	By []int
}

// Find looks for a request that lies in all matches of in and in none of out. All come from s.
//
// Requests are taken by their own method, but the match table takes CORS preflights first by the method that they
// announce. So the request is a preflight (see [Request.Preflight]) only where no other one is found. Where there is
// none at all, none that is announced is there either. In the same way its path is one that reads in two ways, which
// gwproxy may refuse, only where there is no other.
func (s *Space) Find(in, out []*Match) Result {
	m := s.ask()
	defer s.account(m)
	f := &finder{space: s, out: out, meter: m, known: map[string]answer{}}
	f.asked = question{space: s, meter: f.meter}
	r := newRegion(in)
	all := make([]int, len(out))
	for i := range all {
		all[i] = i
	}
	got := f.find(r, all)
	switch {
	case got.Verdict == Empty:
		got.By = f.fewer(r, got.By)
	case got.Verdict == Found:
		if got.Request.Preflight() {
			got = f.rather(got, r, s.Preflights())
		}
		if schema.ReadsTwoWays(got.Request.Path) {
			got = f.rather(got, r, s.twoWays())
		}
	}
	return got
}

// rather returns a request that is not in a set either, and what was found before where there is none.
func (f *finder) rather(found Result, r region, not *Match) Result {
	without := f.out
	f.out = append(slices.Clip(without), not)
	all := make([]int, len(f.out))
	for i := range all {
		all[i] = i
	}
	if other := f.find(r, all); other.Verdict == Found {
		return other
	}
	f.out = without
	return found
}

// Has reports whether there is a request that lies in all matches of in and in none of out. It costs less than Find.
func (s *Space) Has(in, out []*Match) Verdict {
	m := s.ask()
	defer s.account(m)
	f := &finder{space: s, out: out, meter: m, known: map[string]answer{}, by: map[int]bool{}}
	f.asked = question{space: s, meter: f.meter}
	r := newRegion(in)
	if f.inhabited(r) == Empty {
		return Empty
	}
	all := make([]int, len(out))
	for i := range all {
		all[i] = i
	}
	_, verdict := f.leave(r, all)
	return verdict
}

// A finder does the work of one Find.
type finder struct {
	space *Space
	meter *meter
	out   []*Match
	asked question
	known map[string]answer // by the keys of questions that took automata
	by    map[int]bool      // the matches that the proof of emptiness rests on so far
	// hurrying says that questions are to give up soon.
	hurrying bool
}

// find looks for a request of a region that is in none of the matches.
func (f *finder) find(r region, out []int) Result {
	f.by = map[int]bool{}
	verdict := Empty
	if f.inhabited(r) != Empty {
		var at region
		if at, verdict = f.leave(r, out); verdict == Found {
			return Result{Verdict: Found, Request: f.request(at)}
		}
	}
	if verdict == Undecided {
		return Result{}
	}
	by := make([]int, 0, len(f.by))
	for i := range f.by {
		by = append(by, i)
	}
	slices.Sort(by)
	return Result{Verdict: Empty, By: by}
}

// fewer returns those of the matches that are enough to leave nothing of a region, as by is.
func (f *finder) fewer(r region, by []int) []int {
	const many = 16
	var needed []int
	for len(by) > 0 && len(needed) < many && f.find(r, needed).Verdict != Empty {
		last := sort.Search(len(by)-1, func(i int) bool {
			return f.find(r, slices.Concat(needed, by[:i+1])).Verdict == Empty
		})
		needed = append(needed, by[last])
		by = by[:last]
	}
	if len(needed) == many {
		needed = append(needed, by...)
	}
	slices.Sort(needed)
	return needed
}

// inhabited reports what is known of the parts of a region: Empty if one has nothing, else Found only if each has
// something.
func (f *finder) inhabited(r region) Verdict {
	verdict := Found
	for _, b := range r {
		switch f.verdict(b, nil, nil) {
		case Empty:
			return Empty
		case Undecided:
			verdict = Undecided
		}
	}
	return verdict
}

// question asks about a box, with a condition more that holds and one that does not. It is good until the next one.
func (f *finder) question(b box, holds, fails *condition) *question {
	q := &f.asked
	q.part, q.share = b.part, f.space.work/8
	if f.hurrying {
		q.share /= 8
	}
	q.in, q.out = append(q.in[:0], b.in...), append(q.out[:0], b.out...)
	if c := f.space.assumed[b.part]; c != nil {
		q.in = append(q.in, c)
	}
	if holds != nil {
		q.in = append(q.in, holds)
	}
	if fails != nil {
		q.out = append(q.out, fails)
	}
	return q
}

// verdict is ask without an example.
func (f *finder) verdict(b box, holds, fails *condition) Verdict {
	if q := f.question(b, holds, fails); q.costly() && q.sampled() {
		return Found
	}
	return f.ask(b, holds, fails).verdict
}

func (f *finder) ask(b box, holds, fails *condition) answer {
	q := f.question(b, holds, fails)
	if !q.costly() {
		return q.answer()
	}
	key := q.key()
	a, ok := f.known[key]
	if !ok {
		a = q.answer()
		if a.verdict != Undecided || !f.hurrying {
			f.known[key] = a
		}
	}
	return a
}

// request makes an example of a region of which every part has one.
func (f *finder) request(r region) *Request {
	out := &Request{Host: "example.com", Method: "GET", Path: "/"}
	for _, b := range r {
		a := f.ask(b, nil, nil)
		switch b.part.kind {
		case hostPart:
			out.Host = a.text
		case pathPart:
			out.Path = a.text
		case methodPart:
			out.Method = a.text
		case headerPart:
			if a.there {
				out.Header = append(out.Header, lines(b.part.name, a.text)...)
			} else {
				out.Without = append(out.Without, b.part.name)
			}
		case queryPart:
			if a.there {
				out.Query = append(out.Query, Field{b.part.name, a.text})
			}
		}
	}
	byName := func(a, b Field) int { return strings.Compare(a.Name, b.Name) }
	slices.SortStableFunc(out.Header, byName)
	slices.SortStableFunc(out.Query, byName)
	slices.Sort(out.Without)
	return out
}
