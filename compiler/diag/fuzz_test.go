package diag_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// FuzzWrite holds that no finding breaks a format, speaks to a terminal, or makes more lines than it may.
func FuzzWrite(f *testing.F) {
	f.Add("code", "message", "hint\nmore", "file.cue", "path", "line one\nline two", 2, 3)
	f.Add("c\x1b[0m", "\x1b]0;t\x07\n::error::x", "\u202e%0A", "a:b,c.cue", "\x00", "\t\x1b[2J", 1, 1)
	f.Add("", "]]>", "\xff\xfe", "../x", "", strings.Repeat("\t\xff", 300), 1, 250)
	f.Add("##[add-mask]", "##[stop-commands]x", "a\n  ::error::x", "::error::x", "##vso[a]", "\t###[add-mask]x", 1, 3)
	f.Fuzz(func(t *testing.T, code, message, hint, file, path, source string, line, column int) {
		position := diag.Position{File: file, Line: line, Column: column}
		l := diag.List{{
			Code: code, Severity: diag.Warning, Path: schema.Path(path), Position: position, Message: message, Hint: hint,
			Related: []diag.Related{{Position: position, Path: schema.Path(hint), Message: message}},
		}}
		options := diag.Options{Source: func(string) ([]byte, error) { return []byte(source), nil }, Version: code}
		for _, format := range diag.Formats() {
			var b strings.Builder
			if err := diag.Write(&b, format, l, options); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			out := b.String()
			if !utf8.ValidString(out) {
				t.Errorf("%s: not UTF-8: %q", format, out)
			}
			if i := strings.IndexFunc(out, func(r rune) bool {
				return r != '\n' && !(r == '\t' && format == "text") && !unicode.IsPrint(r)
			}); i >= 0 {
				t.Errorf("%s: not printable: %q", format, out[i:])
			}
			for line := range strings.Lines(out) {
				if strings.Contains(line, "##") || format != "github" && strings.HasPrefix(strings.TrimSpace(line), "::") {
					t.Errorf("%s: a CI server obeys %q", format, line)
				}
			}
			switch format {
			case "json", "sarif", "gitlab":
				if !json.Valid([]byte(out)) {
					t.Errorf("%s: not JSON: %q", format, out)
				}
			case "junit":
				dec := xml.NewDecoder(strings.NewReader(out))
				for {
					if _, err := dec.Token(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatalf("junit: %v: %q", err, out)
					}
				}
			case "github":
				if n := strings.Count(out, "\n"); n != 1 {
					t.Errorf("github: %d lines: %q", n, out)
				}
			}
		}
	})
}
