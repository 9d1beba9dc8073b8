// Package routetest runs the tests that stand beside an environment's APIs: requests, and what is to come of them.
//
//	suite, findings := routetest.New(env.Model, env.Tests, env.Positions, time.Now())
//	for _, r := range suite.Run() {
//		for _, d := range r.Differences { ... } // "want backends echo, got echo-v2"
//	}
//	suite.Coverage() // what of the routes no test has reached
//
// A request meets what it meets in gwproxy: the table that package runtime/route builds and the filters of package
// runtime/filter, which this package only calls. Three things are stood in for. Callers' credentials: each consumer has
// an API key of ours and each issuer signs with a key of ours, so that no secret is read and nothing is fetched.
// Backends: they answer 200. And the wire: the fields that belong to it are not there, and those that tell backends about
// the client are what the gateway writes for one that no proxy stands before. Rate limits begin with full buckets for each test.
package routetest

import (
	"cmp"
	"slices"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// A Suite is the tests of one environment. It is for one goroutine at a time.
type Suite struct {
	gateway  *gateway
	at       diag.Locator
	tests    []*test
	names    map[string]bool // of all tests, those that cannot be run among them
	coverage *coverage
}

// A test is one whose request can be made.
type test struct {
	schema.Test
	name     string
	path     schema.Path
	request  request
	position diag.Position
}

// A Result is what came of one test.
type Result struct {
	Name     string        `json:"name"`
	Position diag.Position `json:"position"`
	// Differences are in the order in which a test's wants are documented; none: it has passed.
	Differences []Difference `json:"differences,omitempty"`
	Got         *Outcome     `json:"got,omitempty"`
	// Skipped says why the test was not run; "" is that it was.
	Skipped string `json:"skipped,omitempty"`
}

// A Difference is one want that was not met.
type Difference struct {
	// What is wanted: "backends", "response header x-api-gateway".
	What     string        `json:"what"`
	Want     string        `json:"want"`
	Got      string        `json:"got"`
	Position diag.Position `json:"position"`

	at []string // below the test's want
}

// String returns the difference as a sentence.
func (d Difference) String() string { return "want " + d.What + " " + d.Want + ", got " + d.Got }

// New prepares the tests of a resolved model. now is the time that tokens are judged at.
//
// Tests that can hold of no request are found: those that name what is not there, or contradict themselves. So is all
// that keeps the model from becoming a table; then there is no suite.
func New(g *schema.Gateway, tests map[string]schema.Test, at diag.Locator, now time.Time) (*Suite, diag.List) {
	gw, problems := newGateway(g, now)
	if len(problems) > 0 {
		found := diag.FromProblems(problems, diag.Error)
		found.Locate(at)
		return nil, found
	}
	s := &Suite{gateway: gw, at: at, coverage: newCoverage(gw, at), names: map[string]bool{}}
	c := &checker{gateway: gw}
	for name, t := range schema.Sorted(tests) {
		s.names[name] = true
		path := schema.NewPath("tests", name)
		before := len(c.findings)
		made := &test{Test: t, name: name, path: path, position: at.Position(path)}
		made.request = c.request(path.Join("request"), &t.Request)
		c.want(path.Join("want"), &t.Want)
		if len(c.findings) == before {
			s.tests = append(s.tests, made)
		}
	}
	c.findings.Locate(at)
	slices.SortStableFunc(s.tests, func(a, b *test) int {
		return cmp.Or(
			cmp.Compare(a.position.File, b.position.File),
			cmp.Compare(a.position.Line, b.position.Line),
			cmp.Compare(a.position.Column, b.position.Column),
		)
	})
	return s, c.findings
}

// Run runs the tests and returns their results by position.
func (s *Suite) Run() []Result {
	var results []Result
	for _, t := range s.tests {
		got := s.gateway.serve(&t.request)
		s.coverage.record(&t.request, got)
		r := Result{Name: t.name, Position: t.position, Got: got, Differences: differences(&t.Want, got)}
		s.locate(t, r.Differences)
		results = append(results, r)
	}
	return results
}

func (s *Suite) locate(t *test, found []Difference) {
	for i, d := range found {
		found[i].Position = s.at.Position(t.path.Join("want").Join(d.at...))
	}
}
