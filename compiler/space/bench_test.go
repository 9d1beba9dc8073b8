package space_test

import (
	"fmt"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// many returns n matches of the pattern with its number put in.
func many(b *testing.B, s *space.Space, n int, of func(i int) set) []*space.Match {
	out := make([]*space.Match, n)
	for i := range out {
		one := of(i)
		out[i] = match(b, s, one.host, one.match())
	}
	return out
}

func find(b *testing.B, s *space.Space, in, out []*space.Match, want space.Verdict) {
	if got := s.Find(in, out); got.Verdict != want {
		b.Fatalf("%v, want %v", got, want)
	}
}

// 10,000 routes of 100 hosts, each against the nine before it.
func BenchmarkSimple(b *testing.B) {
	s := space.New(0)
	all := many(b, s, 10_000, func(i int) set {
		one := set{host: fmt.Sprintf("api-%d.example.com", i%100), prefix: fmt.Sprintf("/v1/items-%d", i)}
		if i%5 == 0 {
			one.methods = []string{"GET", "POST"}
		}
		return one
	})
	b.ReportAllocs()
	for b.Loop() {
		for i := range all {
			find(b, s, all[i:i+1], all[max(0, i-9):i], space.Found)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/find")
}

// 10,000 routes of one host, each against those before it that it can meet.
func BenchmarkIndexed(b *testing.B) {
	s := space.New(0)
	all := many(b, s, 10_000, func(i int) set {
		one := set{host: "api.example.com", prefix: fmt.Sprintf("/v1/api-%d/items-%d", i/5, i%5)}
		switch {
		case i == 9_999:
			one.prefix = "/"
		case i%5 == 4:
			one.prefix, one.regex = "", fmt.Sprintf("/v1/api-%d/[a-z]+-[0-9]+(/.*)?", i/5)
		}
		return one
	})
	b.ReportAllocs()
	for b.Loop() {
		index := space.NewIndex(all)
		for i, one := range all {
			var before []*space.Match
			for _, j := range index.Meeting(one) {
				if j < i {
					before = append(before, all[j])
				}
			}
			find(b, s, all[i:i+1], before, space.Found)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/find")
}

// One route that takes what 10,000 leave.
func BenchmarkManyOthers(b *testing.B) {
	shapes := map[string]func(i int) set{
		"prefixes":    func(i int) set { return set{prefix: fmt.Sprintf("/items-%d", i)} },
		"methods":     func(i int) set { return set{prefix: fmt.Sprintf("/items-%d", i), methods: []string{"GET"}} },
		"expressions": func(i int) set { return set{regex: fmt.Sprintf("/items-%d/[0-9]+", i)} },
		"both": func(i int) set {
			return set{regex: fmt.Sprintf("/items-%d/[0-9]+", i), header: values{"x-version": exactly("v2")}}
		},
	}
	for name, shape := range schema.Sorted(shapes) {
		for _, n := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("%s-%d", name, n), func(b *testing.B) {
				s := space.New(0)
				all := many(b, s, n, shape)
				in := []*space.Match{match(b, s, "", set{prefix: "/"}.match())}
				b.ReportAllocs()
				for b.Loop() {
					find(b, s, in, all, space.Found)
				}
			})
		}
	}
}

// A path that 1,000 expressions match.
func BenchmarkIntersection(b *testing.B) {
	s := space.New(0)
	all := many(b, s, 1_000, func(i int) set { return set{regex: fmt.Sprintf("/users/[a-z0-9]+(/x%d)?(/y)?", i)} })
	b.ReportAllocs()
	for b.Loop() {
		find(b, s, all, nil, space.Found)
	}
}

// 300 expressions, each against all others.
func BenchmarkPairs(b *testing.B) {
	s := space.New(0)
	all := many(b, s, 300, func(i int) set { return set{regex: fmt.Sprintf("/v[0-9]+/items-%d/[^/]+/(edit|show)", i)} })
	b.ReportAllocs()
	for b.Loop() {
		for i := range all {
			for j := range i {
				find(b, s, []*space.Match{all[i], all[j]}, nil, space.Empty)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)*(len(all)-1)/2), "ns/find")
}

// What exceeds its bounds takes this long.
func BenchmarkUndecided(b *testing.B) {
	hard := map[string][2]set{
		"states": {{regex: "/(a|b)*a(a|b){60}"}, {regex: "/(a|b)*a(a|b){59}[ab]"}},
		"alphabet": {
			{query: values{"q": like(`(\pL|\pN|[^x])*\pL(\pN|\pL){60}`)}},
			{query: values{"q": like(`(\pL|\pN|[^x])*\pL(\pN|\pL){59}[\pL\pN]`)}},
		},
		"program": {{regex: "/((.*a){90}){10}"}, {regex: "/((.*a){90}){9}(.*a){90}"}},
	}
	for name, pair := range schema.Sorted(hard) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := space.New(0)
				all := many(b, s, 2, func(i int) set { return pair[i] })
				find(b, s, all[:1], all[1:], space.Undecided)
			}
		})
	}
}
