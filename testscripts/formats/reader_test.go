package formats_test

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
)

// oneLine is text as the formats print it that have one line for a message.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return diag.Plain(strings.Join(lines, " "))
}

// TestJUnitHoldsWhatIsQuoted has an XML parser read what findings quote out of their attributes and texts.
func TestJUnitHoldsWhatIsQuoted(t *testing.T) {
	type message struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	type testCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		File    string   `xml:"file,attr"`
		Failure *message `xml:"failure"`
		Output  string   `xml:"system-out"`
	}
	var got struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []struct {
			Tests    int        `xml:"tests,attr"`
			Failures int        `xml:"failures,attr"`
			Cases    []testCase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	findings := hostile().Sorted()
	if err := xml.Unmarshal([]byte(write(t, "junit", findings)), &got); err != nil {
		t.Fatal(err)
	}
	if n := len(got.Suites); n != 1 {
		t.Fatalf("%d suites", n)
	}
	suite := got.Suites[0]
	if errors := findings.Count(diag.Error); suite.Tests != len(findings) || suite.Failures != errors {
		t.Errorf("%d tests and %d failures, want %d and %d", suite.Tests, suite.Failures, len(findings), errors)
	}
	for i, f := range findings {
		text := write(t, "text", diag.List{f})
		want := testCase{
			Class: "gwc." + diag.Plain(f.Code), Name: f.Severity.String() + " " + diag.Plain(f.Code),
			File: diag.Plain(f.Position.File), Output: text,
		}
		if f.Severity == diag.Error {
			want.Output, want.Failure = "", &message{oneLine(f.Message), diag.Plain(f.Code), text}
		}
		if diff := cmp.Diff(want, suite.Cases[i]); diff != "" {
			t.Errorf("case %d (-want +got):\n%s", i, diff)
		}
	}
}

// A command is a line that a runner of GitHub Actions obeys.
type command struct {
	name       string
	properties map[string]string
	data       string
}

// obey reads a line of a log as the runner does: a command stands at its start between two pairs of colons.
func obey(line string) (command, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "::")
	head, data, closed := strings.Cut(rest, "::")
	if !ok || !closed {
		return command{}, false
	}
	name, list, _ := strings.Cut(head, " ")
	out := command{name, map[string]string{}, strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n").Replace(data)}
	for property := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(property, "=")
		out.properties[key] = strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",").Replace(value)
	}
	return out, true
}

// TestGitHubObeysNothingThatIsQuoted holds that the runner reads one annotation of each finding, and out of it what was
// written.
func TestGitHubObeysNothingThatIsQuoted(t *testing.T) {
	findings := hostile().Sorted()
	lines := strings.Split(strings.TrimSuffix(write(t, "github", findings), "\n"), "\n")
	if len(lines) != len(findings) {
		t.Fatalf("%d lines of %d findings", len(lines), len(findings))
	}
	for i, f := range findings {
		got, ok := obey(lines[i])
		if !ok || strings.Contains(lines[i], "##") {
			t.Fatalf("the runner reads something else of %q", lines[i])
		}
		message, _, _ := strings.Cut(got.data, "\n")
		read := []string{got.name, got.properties["title"], got.properties["file"], message}
		want := []string{
			map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "notice"}[f.Severity],
			"gwc " + diag.Plain(f.Code), diag.Plain(f.Position.File), oneLine(f.Message),
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestLogsObeyNothingThatIsQuoted holds the same of the formats that are no annotations and end up in a log.
func TestLogsObeyNothingThatIsQuoted(t *testing.T) {
	for _, format := range diag.Formats() {
		text := write(t, format, hostile())
		if !utf8.ValidString(text) || strings.Contains(text, "##") {
			t.Errorf("%s is not valid, or has a command: %q", format, text)
		}
		for line := range strings.Lines(text) {
			if c, ok := obey(line); ok && format != "github" {
				t.Errorf("%s: the runner obeys %+v", format, c)
			}
		}
	}
}

// codeQuality is what GitLab's documentation says of a Code Quality report.
const codeQuality = `{
	"type": "array",
	"items": {
		"type": "object",
		"required": ["description", "check_name", "fingerprint", "severity", "location"],
		"properties": {
			"description": {"type": "string", "minLength": 1},
			"check_name": {"type": "string", "minLength": 1},
			"fingerprint": {"type": "string", "minLength": 1},
			"severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
			"location": {
				"type": "object",
				"required": ["path", "lines"],
				"properties": {
					"path": {"type": "string", "minLength": 1, "not": {"pattern": "^\\./"}},
					"lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}
				}
			}
		}
	}
}`

func TestGitLabReportIsValid(t *testing.T) {
	schema := compile(t, parse(t, codeQuality))
	for _, l := range []diag.List{nil, hostile()} {
		text := write(t, "gitlab", l)
		if err := schema.Validate(parse(t, text)); err != nil {
			t.Error(err)
		}
		var issues []struct{ Fingerprint string }
		if err := json.Unmarshal([]byte(text), &issues); err != nil {
			t.Fatal(err)
		}
		fingerprints := map[string]bool{}
		for _, issue := range issues {
			fingerprints[issue.Fingerprint] = true
		}
		if len(issues) != len(l) || len(fingerprints) != len(l) {
			t.Errorf("%d issues with %d fingerprints of %d findings", len(issues), len(fingerprints), len(l))
		}
	}
}
