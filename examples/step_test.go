package examples_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A step is one paragraph of requests.txt: a request and what must be true of its answers, or a time to wait.
type step struct {
	line    int
	wait    time.Duration // 0: this is a request
	method  string
	url     string
	times   int
	header  [][2]string
	body    string
	answers []assertion
}

var requestLine = regexp.MustCompile(`^([A-Z]+) (https?://\S.*)$`)

// readSteps reads a requests.txt. README.md describes the format.
func readSteps(t *testing.T, file string) []step {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := parseSteps(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return steps
}

func parseSteps(text string) ([]step, error) {
	var steps []step
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if s, ok, err := beginStep(number, line); err != nil {
			return nil, err
		} else if ok {
			steps = append(steps, s)
			continue
		}
		if len(steps) == 0 || steps[len(steps)-1].wait > 0 {
			return nil, fmt.Errorf("line %d: want METHOD URL or wait DURATION, have %q", number, line)
		}
		if err := steps[len(steps)-1].add(number, line); err != nil {
			return nil, err
		}
	}
	for _, s := range steps {
		if s.wait == 0 && len(s.answers) == 0 {
			return nil, fmt.Errorf("line %d: the request has no answer: add \"-> STATUS\"", s.line)
		}
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("there are no requests")
	}
	return steps, nil
}

// beginStep reads a line that begins a step; ok is false for any other line.
func beginStep(number int, line string) (s step, ok bool, err error) {
	if text, ok := strings.CutPrefix(line, "wait "); ok {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return s, false, fmt.Errorf("line %d: %q is no time to wait", number, text)
		}
		return step{line: number, wait: d}, true, nil
	}
	m := requestLine.FindStringSubmatch(line)
	if m == nil {
		return s, false, nil
	}
	s = step{line: number, method: m[1]}
	if s.url, s.times = cutCount(m[2]); s.times < 0 {
		s.times = 1
	}
	return s, true, nil
}

// add reads a line below the first: of the request, then of the answer.
func (s *step) add(number int, line string) error {
	if status, ok := strings.CutPrefix(line, "->"); ok {
		line = "status: " + strings.TrimSpace(status)
	} else if len(s.answers) == 0 {
		if body, ok := strings.CutPrefix(line, "> "); ok {
			s.body += body + "\n"
			return nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(name, " \t") {
			return fmt.Errorf("line %d: want NAME: VALUE, > BODY or -> STATUS, have %q", number, line)
		}
		s.header = append(s.header, [2]string{name, strings.TrimSpace(value)})
		return nil
	}
	a, err := parseAssertion(number, line)
	if err != nil {
		return err
	}
	s.answers = append(s.answers, a)
	return nil
}

func TestParseSteps(t *testing.T) {
	const text = `
# Two requests.
POST http://api.example.com/orders x 2
apikey: example-key
> {"cups": 2}
-> 200 x 1
-> 429 x 1
   x-id: *
   server: -
   body~ cups

wait 1m30s
GET https://api.example.com/
-> 200
`
	want := []step{
		{
			line: 3, method: "POST", url: "http://api.example.com/orders", times: 2,
			header: [][2]string{{"apikey", "example-key"}}, body: "{\"cups\": 2}\n",
			answers: []assertion{
				{line: 6, text: "status: 200 x 1", name: "status", kind: '=', value: "200", count: 1},
				{line: 7, text: "status: 429 x 1", name: "status", kind: '=', value: "429", count: 1},
				{line: 8, text: "x-id: *", name: "x-id", kind: '*', value: "*", count: -1},
				{line: 9, text: "server: -", name: "server", kind: '-', value: "-", count: -1},
				{line: 10, text: "body~ cups", name: "body", kind: '~', value: "cups", count: -1},
			},
		},
		{line: 12, wait: 90 * time.Second},
		{
			line: 13, method: "GET", url: "https://api.example.com/", times: 1,
			answers: []assertion{{line: 14, text: "status: 200", name: "status", kind: '=', value: "200", count: -1}},
		},
	}
	got, err := parseSteps(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{}, assertion{})); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestParseStepsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "there are no requests",
		"apikey: x":                         `line 1: want METHOD URL or wait DURATION, have "apikey: x"`,
		"wait soon":                         `line 1: "soon" is no time to wait`,
		"GET http://a/":                     `line 1: the request has no answer: add "-> STATUS"`,
		"GET http://a/\nno header":          `line 2: want NAME: VALUE, > BODY or -> STATUS, have "no header"`,
		"GET http://a/\n->":                 `line 2: want NAME: VALUE or NAME~ TEXT, have "status: "`,
		"GET http://a/\n-> 200\nno meaning": `line 3: want NAME: VALUE or NAME~ TEXT, have "no meaning"`,
	} {
		_, err := parseSteps(text)
		if err == nil || err.Error() != want {
			t.Errorf("parseSteps(%q): error %v, want %s", text, err, want)
		}
	}
}
