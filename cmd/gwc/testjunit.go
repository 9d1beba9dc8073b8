package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
)

type testSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []*testSuite `xml:"testsuite"`
}

type testSuite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	File    string       `xml:"file,attr,omitempty"`
	Line    int          `xml:"line,attr,omitempty"`
	Failure *testMessage `xml:"failure"`
	Skipped *testMessage `xml:"skipped"`
	Output  string       `xml:"system-out,omitempty"`
}

type testMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// printTestsJUnit prints a suite for the policies and for each environment. Findings and a coverage that is too low are
// cases that have failed.
func (a *app) printTestsJUnit(r *testReport) error {
	var all testSuites
	byName := map[string]*testSuite{}
	add := func(suite string, c testCase) {
		s := byName[suite]
		if s == nil {
			s = &testSuite{Name: suite}
			byName[suite] = s
			all.Suites = append(all.Suites, s)
		}
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Skipped != nil {
			s.Skipped++
		}
		c.Class = "gwc." + suite
		s.Cases = append(s.Cases, c)
	}
	for _, t := range r.results {
		suite := t.Environment
		if suite == "" {
			suite = "policies"
		}
		c := testCase{Name: diag.Plain(t.Name), File: diag.Plain(t.Position.File), Line: t.Position.Line, Output: diag.Plain(t.Output)}
		switch t.Outcome {
		case policy.Failed:
			c.Failure = &testMessage{diag.Plain(t.Message), diag.Plain(strings.Join(t.lines(), "\n"))}
		case policy.Skipped:
			c.Skipped = &testMessage{Message: diag.Plain(t.Message)}
		}
		add(suite, c)
	}
	for _, f := range r.findings.Sorted() {
		add("findings", testCase{
			Name: f.Code + " " + string(f.Path), File: f.Position.File, Line: f.Position.Line,
			Failure: &testMessage{diag.Plain(f.Message), diag.Plain(f.Position.String() + ": " + f.Message)},
		})
	}
	for _, c := range r.coverage {
		missing := make([]string, len(c.Missing))
		for i, p := range c.Missing {
			missing[i] = p.Position.String() + ": not covered: " + placeText(p)
		}
		text := fmt.Sprintf("%.1f%% covered, %d of %d", c.Percent, c.Covered, c.Total)
		out := testCase{Name: "coverage", Output: text}
		if c.low {
			out.Failure = &testMessage{fmt.Sprintf("%s, want %v%%", text, r.options.failUnder), strings.Join(missing, "\n")}
		}
		add(c.Environment, out)
	}
	if _, err := io.WriteString(a.out, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(a.out)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(a.out, "\n")
	return err
}
