package chain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A wireCase is a case of testdata/*.txt: what a client sends, and how that may be read.
//
//	> LINE      a line of what it sends; CRLF is added
//	>> TEXT     with Go's escapes, and nothing added; N*TEXT is N times the same
//	< LINE, << TEXT  what the backend answers to the first request; then it ends the connection
//	cut         the client ends its direction after that, which it otherwise does once all is answered
//	= REQUEST   gwproxy passes this on, and the answer is the backend's own or the one above
//	! STATUS    gwproxy answers this itself
//	-> ANSWER   the answer that the client gets, where it is not the backend's own
//
// Requests are method, target, Host and body, in the order that they come in.
type wireCase struct {
	name       string
	input      []byte
	answer     []byte
	cut        bool
	seen       []string // by the backend, if nobody but gwproxy is in front of it
	answers    []string // that the client gets then, as [readAnswers] writes them
	methods    []string // of the requests that are answered
	answersSet bool
}

func readCases(t *testing.T) []*wireCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of cases: %v", len(files), err)
	}
	var cases []*wireCase
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "\n## ")[1:] {
			name, lines, _ := strings.Cut(block, "\n")
			c := &wireCase{name: name}
			for line := range strings.Lines(lines) {
				c.line(t, strings.TrimSuffix(line, "\n"))
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func (c *wireCase) line(t *testing.T, line string) {
	t.Helper()
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "":
	case ">":
		c.input = append(c.input, rest+"\r\n"...)
	case ">>":
		c.input = append(c.input, unescape(t, rest)...)
	case "<":
		c.answer = append(c.answer, rest+"\r\n"...)
	case "<<":
		c.answer = append(c.answer, unescape(t, rest)...)
	case "cut":
		c.cut = true
	case "=":
		c.seen = append(c.seen, rest)
		c.answers = append(c.answers, fmt.Sprintf("200 of request %d", len(c.seen)))
		method, _, _ := strings.Cut(rest, " ")
		c.methods = append(c.methods, method)
	case "!":
		c.answers, c.methods = append(c.answers, rest), append(c.methods, "GET")
	case "->":
		if !c.answersSet {
			c.answers, c.answersSet = nil, true
		}
		c.answers = append(c.answers, rest)
	default:
		t.Fatalf("%s: %q is no line of a case", c.name, line)
	}
}

// unescape returns a text of bytes with Go's escapes, which quotes need not be.
func unescape(t *testing.T, text string) []byte {
	t.Helper()
	times, rest, ok := strings.Cut(text, "*")
	n, err := strconv.Atoi(times)
	if !ok || err != nil {
		n, rest = 1, text
	}
	var once []byte
	for rest != "" {
		char, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil || multibyte {
			t.Fatalf("%q: %v", text, err)
		}
		once, rest = append(once, byte(char)), tail
	}
	return []byte(strings.Repeat(string(once), n))
}
