package diag

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit prints a test case for each finding. An error is a failure; what is less is output of a case that
// has passed, as the servers that read this know no warnings. Where nothing was found, one case has passed, for
// they take an empty report for a broken one.
func writeJUnit(w io.Writer, l List, _ Options) error {
	suite := junitSuite{Name: "gwc"}
	for _, f := range l {
		c := junitCase{Class: "gwc." + Plain(f.Code), Name: caseName(f), File: Plain(f.Position.File), Line: f.Position.Line}
		var text strings.Builder
		if err := writeText(&text, List{f}, Options{}); err != nil {
			return err
		}
		if f.Severity == Error {
			suite.Failures++
			c.Failure = &junitFailure{Message: oneLine(f.Message), Type: Plain(f.Code), Text: text.String()}
		} else {
			c.Output = text.String()
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Class: "gwc", Name: "no findings"}}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func caseName(f Finding) string {
	name := fmt.Sprintf("%s %s", f.Severity, Plain(f.Code))
	if f.Path != "" {
		name += " " + Plain(string(f.Path))
	}
	return name
}
