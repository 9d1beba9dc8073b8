package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A wireCase is a case of the corpus: testdata/*.txt. Lines that begin with "> " are input and end with CRLF;
// those after ">> " are input as they are, with Go's escapes. The rest is the outcome.
type wireCase struct {
	name, method string
	input        []byte
	want         string
}

// chunkHead begins the input of the cases in chunk.txt.
const chunkHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

func readCorpus(t testing.TB, file string) []wireCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []wireCase
	for _, block := range strings.Split(string(text), "\n## ")[1:] {
		name, lines, _ := strings.Cut(block, "\n")
		c := wireCase{name: name, method: "GET"}
		if file == "chunk.txt" {
			c.input, c.want = []byte(chunkHead), "= POST a / chunked\n"
		}
		for line := range strings.Lines(lines) {
			c.line(t, strings.TrimSuffix(line, "\n"))
		}
		cases = append(cases, c)
	}
	return cases
}

func (c *wireCase) line(t testing.TB, line string) {
	switch {
	case line == ">>" || line == "":
	case strings.HasPrefix(line, ">> "):
		for rest := line[3:]; rest != ""; {
			char, _, tail, err := strconv.UnquoteChar(rest, 0)
			if err != nil {
				t.Fatalf("%s: %q: %v", c.name, line, err)
			}
			c.input, rest = append(c.input, byte(char)), tail
		}
	case strings.HasPrefix(line, ">"):
		c.input = append(c.input, strings.TrimPrefix(line[1:], " ")+"\r\n"...)
	case strings.HasPrefix(line, "method "):
		c.method = line[len("method "):]
	default:
		c.want += line + "\n"
	}
}

// readAll reads messages until the input ends or is refused, and says what it read as the corpus does.
func readAll(src io.Reader, method string, responses bool) string {
	var out strings.Builder
	r := http1.NewReader(src, http1.Limits{}, nil)
	for first := true; ; first = false {
		var x exchange.Exchange
		var m http1.Meta
		var err error
		var body io.Reader
		if responses {
			err = r.ReadResponse(method, &x.Response, &m)
			body = x.Response.Body
		} else {
			err = r.ReadRequest(&x.Request, &m)
			body = x.Request.Body
		}
		if errors.Is(err, io.EOF) && !first {
			return out.String()
		}
		if err != nil {
			fmt.Fprintf(&out, "! %s\n", outcome(err))
			return out.String()
		}
		if responses {
			fmt.Fprintf(&out, "= %d%s\n", x.Response.Status, remarks(&m))
			writeFields(&out, x.Response.Header)
		} else {
			fmt.Fprintf(&out, "= %s %s %s%s\n", x.Request.Method, or(x.Request.Authority, "-"), target(&x.Request), remarks(&m))
			writeFields(&out, x.Request.Header)
		}
		if body == nil {
			continue
		}
		data, err := io.ReadAll(body)
		fmt.Fprintf(&out, "body %q", data)
		if err != nil {
			fmt.Fprintf(&out, " %s\n", outcome(err))
			return out.String()
		}
		out.WriteByte('\n')
		writeFields(&out, body.(*http1.Body).Trailer())
	}
}

func target(x *exchange.Request) string {
	if x.Query == "" {
		return x.Path
	}
	return x.Path + "?" + x.Query
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func remarks(m *http1.Meta) string {
	out := ""
	if m.Minor == 0 {
		out += " 1.0"
	}
	for _, r := range []struct {
		word string
		is   bool
	}{{"te", m.Trailers}, {"expect", m.Expect}, {"chunked", m.Chunked}, {"close", m.Close}} {
		if r.is {
			out += " " + r.word
		}
	}
	if m.Upgrade != "" {
		out += " upgrade=" + m.Upgrade
	}
	if m.Trailer != "" {
		out += " trailer=" + m.Trailer
	}
	return out
}

func writeFields(out *strings.Builder, h exchange.Header) {
	for _, f := range h {
		line := strconv.Quote(f.Name + ": " + f.Value)
		line = strings.ReplaceAll(line[1:len(line)-1], `\"`, `"`)
		fmt.Fprintf(out, ": %s\n", strings.TrimRight(line, " "))
	}
}

func outcome(err error) string {
	var refused *http1.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Sprint(refused.Status, " ", refused.Reason)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "EOF"
	case errors.Is(err, io.EOF):
		return "end"
	}
	return err.Error()
}

func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		responses := filepath.Base(file) == "response.txt"
		for _, c := range readCorpus(t, filepath.Base(file)) {
			t.Run(filepath.Base(file)+"/"+c.name, func(t *testing.T) {
				got := readAll(bytes.NewReader(c.input), c.method, responses)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Fatalf("input %q (-want +got):\n%s", c.input, diff)
				}
				for at := range c.input {
					pieces := io.MultiReader(bytes.NewReader(c.input[:at]), bytes.NewReader(c.input[at:]))
					if diff := cmp.Diff(c.want, readAll(pieces, c.method, responses)); diff != "" {
						t.Fatalf("input %q, split at %d (-want +got):\n%s", c.input, at, diff)
					}
				}
				if diff := cmp.Diff(c.want, readAll(iotest.OneByteReader(bytes.NewReader(c.input)), c.method, responses)); diff != "" {
					t.Fatalf("input %q byte by byte (-want +got):\n%s", c.input, diff)
				}
			})
		}
	}
}
