package space_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

func match(t testing.TB, s *space.Space, host string, m schema.Match) *space.Match {
	t.Helper()
	out, err := s.Match(&m, host)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A set is a match as the tests below write it.
type set struct {
	host, exact, prefix, regex string
	methods                    []string
	header, query              map[string]schema.ValueMatch
}

func (s set) match() schema.Match {
	m := schema.Match{Methods: s.methods, Headers: s.header, Query: s.query}
	if s.exact+s.prefix+s.regex != "" {
		m.Path = &schema.PathMatch{Exact: s.exact, Prefix: s.prefix, Regex: s.regex}
	}
	return m
}

type values = map[string]schema.ValueMatch

func exactly(text string) schema.ValueMatch  { return schema.ValueMatch{Exact: &text} }
func like(expr string) schema.ValueMatch     { return schema.ValueMatch{Regex: expr} }
func isThere(present bool) schema.ValueMatch { return schema.ValueMatch{Present: &present} }

func TestFind(t *testing.T) {
	tests := map[string]struct {
		in, out []set
		want    string
		by      []int
	}{
		"everything": {nil, nil, "GET example.com/", nil},
		"a prefix":   {[]set{{prefix: "/users/"}}, nil, "GET example.com/users", nil},
		"below a prefix": {
			[]set{{prefix: "/a"}},
			[]set{{exact: "/a"}, {prefix: "/a/a"}},
			"GET example.com/a/a2", nil,
		},
		"a prefix in a longer one": {
			[]set{{prefix: "/a"}, {prefix: "/a/b"}},
			[]set{{prefix: "/a/b/c"}},
			"GET example.com/a/b", nil,
		},
		"prefixes apart":        {[]set{{prefix: "/a"}, {prefix: "/ab"}}, nil, "empty", nil},
		"a prefix has segments": {[]set{{exact: "/ab"}}, []set{{prefix: "/a"}}, "GET example.com/ab", nil},
		"paths are normalised": {
			[]set{{exact: "/a/../b%41"}},
			[]set{{prefix: "//bA/."}},
			"empty", []int{0},
		},
		"an expression":                       {[]set{{regex: "/users/[0-9]+"}}, nil, "GET example.com/users/0", nil},
		"of an expression, good to read":      {[]set{{regex: "/users/[^/]+"}}, nil, "GET example.com/users/a", nil},
		"rather a path that reads in one way": {[]set{{regex: "/;a|/bb;|/bbbb"}}, nil, "GET example.com/bbbb", nil},
		"a path that reads in two ways":       {[]set{{regex: "/;a|/b%2Fc"}}, []set{{exact: "/;a"}}, "GET example.com/b%2Fc", nil},
		"neither a preflight nor two ways": {
			[]set{{regex: "/;a|/bbbb", methods: []string{"OPTIONS"}}}, nil, "OPTIONS example.com/bbbb", nil,
		},
		"no path": {[]set{{regex: `users|/\.|//+|/[^!-~]+|/%41`}}, nil, "empty", nil},
		"escapes": {
			[]set{{regex: "/[^a-z]+"}},
			[]set{{regex: "/[^%].*"}, {regex: "/%[23].*"}},
			"GET example.com/%40", nil,
		},
		"expressions together": {
			[]set{{regex: "/a*b*"}, {regex: "/(ab)*"}},
			[]set{{exact: "/"}},
			"GET example.com/ab", nil,
		},
		"an expression and a prefix": {
			[]set{{regex: "/.*/edit"}, {prefix: "/users"}},
			nil,
			"GET example.com/users/edit", nil,
		},
		"expressions that take it all": {
			[]set{{prefix: "/a"}},
			[]set{{regex: "/b"}, {regex: "/a/.+"}, {regex: "/a/?"}},
			"empty", []int{1, 2},
		},
		"hosts": {
			[]set{{host: "*.Example.com"}},
			[]set{{host: "www.example.com"}, {host: "*.a.example.com"}},
			"GET www2.example.com/", nil,
		},
		"hosts that take it all": {
			[]set{{host: "*.a.test"}},
			[]set{{host: "a.test"}, {host: "*.test"}},
			"empty", []int{1},
		},
		"hosts apart":                    {[]set{{host: "*.a.test"}, {host: "*.b.test"}}, nil, "empty", nil},
		"hosts in one another":           {[]set{{host: "*.a.test"}, {host: "*.test"}}, nil, "GET www.a.test/", nil},
		"a wildcard has a label or more": {[]set{{host: "a.test"}}, []set{{host: "*.a.test"}}, "GET a.test/", nil},
		"hosts of no pattern": {
			nil,
			[]set{{host: "*.com"}, {host: "*.org"}, {host: "*.test"}, {host: "other"}},
			"GET other2/", nil,
		},
		"methods": {
			nil,
			[]set{{methods: []string{"GET", "PUT"}}, {methods: []string{"POST"}}},
			"DELETE example.com/", nil,
		},
		"methods of nobody": {
			nil, []set{{methods: []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "OTHER"}}},
			"OTHER2 example.com/", nil},
		"methods one by one": {
			[]set{{methods: []string{"GET", "PUT"}}}, []set{{methods: []string{"PUT"}}, {}, {methods: []string{"GET"}}},
			"empty", []int{1}},
		"no method": {[]set{{methods: []string{"CONNECT"}}}, nil, "empty", nil},
		"a header": {
			[]set{{header: values{"X-Version": exactly("v2")}}},
			nil,
			"GET example.com/ with x-version: v2", nil,
		},
		"a header's value": {
			[]set{{header: values{"x": isThere(true)}}},
			[]set{{header: values{"X": exactly("a")}}},
			"GET example.com/ with x: a2", nil,
		},
		"a header that is missing": {
			nil,
			[]set{{header: values{"x": isThere(true)}}},
			"GET example.com/ without x", nil,
		},
		"a header there or not": {
			nil,
			[]set{{header: values{"x": isThere(true)}}, {header: values{"x": isThere(false)}}},
			"empty", []int{0, 1},
		},
		"a header's every value": {
			[]set{{header: values{"x": isThere(true)}}},
			[]set{{header: values{"x": like("(?s).*")}}},
			"empty", []int{0},
		},
		"no header value": {
			[]set{{header: values{"x": like(`[ \t].*|.*[^,][ \t]|.*\n.*`)}}},
			nil,
			"empty", nil,
		},
		"a header in two lines": {
			[]set{{header: values{"x": like("a.* ")}}},
			nil,
			`GET example.com/ with x: a, x: ""`, nil,
		},
		"a field of the wire": {[]set{{header: values{"Upgrade": exactly("websocket")}}}, nil, "empty", nil},
		"without one": {
			[]set{{header: values{"Upgrade": isThere(false)}}},
			nil,
			"GET example.com/", nil,
		},
		"a parameter": {
			[]set{{query: values{"page no": exactly("a&b")}}},
			nil,
			"GET example.com/?page%20no=a%26b", nil,
		},
		"a parameter's value": {
			[]set{{query: values{"q": like(`\s.`)}}},
			[]set{{query: values{"q": like(" .*|.*[a-z]")}}},
			"GET example.com/?q=%090", nil,
		},
		"a value good to read": {
			[]set{{query: values{"q": like(".{3}")}}},
			[]set{{query: values{"q": like("a.*")}}},
			"GET example.com/?q=baa", nil,
		},
		"bytes": {
			[]set{{query: values{"q": like("\ufffd")}}},
			[]set{{query: values{"q": exactly("\ufffd")}}},
			"GET example.com/?q=%FF", nil,
		},
		"one part of several": {[]set{{prefix: "/a"}},
			[]set{{prefix: "/a", methods: []string{"GET"}}, {prefix: "/a", header: values{"x": isThere(false)}}},
			`POST example.com/a with x: a`, nil},
		"parts that take it all together": {[]set{{prefix: "/a", methods: []string{"GET", "PUT"}}},
			[]set{
				{prefix: "/b"},
				{methods: []string{"GET"}, header: values{"x": isThere(true)}},
				{methods: []string{"PUT"}, query: values{"q": exactly("1")}},
				{methods: []string{"PUT"}, header: values{"x": isThere(true)}},
				{regex: "/a.*", header: values{"x": isThere(false)}},
			}, "empty", []int{1, 3, 4}},
		"no preflight if there is another": {
			[]set{{header: values{"Origin": isThere(true), "access-control-request-method": isThere(true)}}},
			[]set{{methods: []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"}}},
			"TRACE example.com/ with access-control-request-method: a, origin: a", nil,
		},
		"a preflight if there is no other": {
			[]set{
				{methods: []string{"OPTIONS"}, header: values{"Origin": isThere(true)}},
				{header: values{"access-control-request-method": isThere(true)}},
			},
			nil, "OPTIONS example.com/ with access-control-request-method: a, origin: a", nil,
		},
		"choices that all lead to nothing": {nil,
			[]set{
				{header: values{"x": isThere(true), "y": isThere(true)}},
				{header: values{"x": isThere(true)}, query: values{"y": isThere(true)}},
				{header: values{"x": isThere(true), "y": isThere(false)}},
				{header: values{"x": isThere(false), "y": isThere(true)}},
				{header: values{"x": isThere(false), "y": isThere(false)}},
			}, "empty", []int{0, 2, 3, 4}},
		"values that no field has": {[]set{{header: values{"x": exactly(" a")}}}, nil, "empty", nil},
		"what cannot be decided matters not": {
			[]set{{exact: "/a"}},
			[]set{{regex: "/(a|b)*a(a|b){60}"}},
			"GET example.com/a", nil,
		},
		"what cannot be decided": {
			[]set{{regex: "/(a|b)*a(a|b){60}"}},
			[]set{{regex: "/(a|b)*a(a|b){59}[ab]"}},
			"undecided", nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := space.New(0)
			sets := func(sets []set) []*space.Match {
				var out []*space.Match
				for _, one := range sets {
					out = append(out, match(t, s, one.host, one.match()))
				}
				return out
			}
			result := s.Find(sets(test.in), sets(test.out))
			got := result.Verdict.String()
			if result.Verdict == space.Found {
				got = result.Request.String()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(test.by)+len(result.By) > 0 {
				if diff := cmp.Diff(test.by, result.By); diff != "" {
					t.Errorf("by (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestMatchesThatAreNone(t *testing.T) {
	s := space.New(0)
	for _, one := range []set{
		{exact: "a"}, {prefix: "/..;/"}, {header: values{"x": {}}}, {query: values{"x": {}}},
		{header: values{"x": exactly("\xff")}},
	} {
		m := one.match()
		if _, err := s.Match(&m, ""); err == nil {
			t.Errorf("%+v is fine", one)
		}
	}
}

func TestNoMatchTakesEverythingOnItsHost(t *testing.T) {
	s := space.New(0)
	all, err := s.Match(nil, "A.test")
	if err != nil {
		t.Fatal(err)
	}
	want := space.Result{Verdict: space.Found, Request: &space.Request{Host: "a.test", Method: "GET", Path: "/"}}
	if diff := cmp.Diff(want, s.Find([]*space.Match{all}, nil)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Which of many conditions to fail can be as hard to say as anything is. It ends, and in no wrong verdict.
func TestHardChoicesAreBounded(t *testing.T) {
	counts := map[space.Verdict]int{}
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := space.New(1_000_000)
		var out []*space.Match
		const names = 50
		for range 205 + r.IntN(20) { // where random formulas are hardest
			three := values{}
			for len(three) < 3 {
				three[fmt.Sprintf("x-%d", r.IntN(names))] = isThere(r.IntN(2) == 0)
			}
			out = append(out, match(t, s, "", schema.Match{Headers: three}))
		}
		result := s.Find(nil, out)
		counts[result.Verdict]++
		if result.Verdict == space.Found {
			for i, one := range out {
				if one.Takes(result.Request) {
					t.Errorf("seed %d: %s is in match %d", seed, result.Request, i)
				}
			}
		}
	}
	if counts[space.Undecided] == 0 || counts[space.Found] == 0 {
		t.Errorf("verdicts %v: these were to be hard", counts)
	}
}

func TestAnswersDoNotDependOnEarlierQuestions(t *testing.T) {
	const work = 20_000
	used := space.New(work)
	counts := map[space.Verdict]int{}
	for seed := range uint64(300) {
		ask := func(s *space.Space) space.Result {
			r := rand.New(rand.NewPCG(seed, 3))
			w := world{r, true}
			var in, out []*space.Match
			in = append(in, match(t, s, "", set{regex: "/(" + expression(r, 1) + ")(a|b)*"}.match()))
			for range 3 {
				hard := set{regex: "/.*a(a|b){1,8}" + expression(r, 0)}
				out = append(out, match(t, s, "", hard.match()), match(t, s, "", w.half()))
			}
			return s.Find(in, out)
		}
		want := ask(space.New(work))
		counts[want.Verdict]++
		for range 2 {
			if diff := cmp.Diff(want, ask(used)); diff != "" {
				t.Errorf("seed %d (-fresh +used):\n%s", seed, diff)
			}
		}
		if seed%10 == 0 {
			used.Forget()
		}
	}
	if counts[space.Undecided] < 10 || counts[space.Found] < 10 {
		t.Errorf("verdicts %v", counts)
	}
}
