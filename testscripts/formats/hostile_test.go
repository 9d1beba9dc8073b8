package formats_test

import (
	"strings"

	"gwc.dev/compiler/diag"
)

// hostile are findings that quote what a person may have written to break what reads them.
func hostile() diag.List {
	texts := []string{
		"plain", `"quoted" \ back`, strings.Repeat("long ", 20_000),
		"\x00\x01\x1b[31m\x7f\u0085\u009b", "\xff\xfe\xc3(", "\u202e\u200b\ufeff\ufffe\U000e0001",
		"]]> <b a=\"'\">&amp; -->", "50%0A,:=;%25", "[link](https://evil.example.com) {0} {a}",
		"a\r\nb\n::error::c\n##[stop-commands]d", "  ::stop-commands::x", "##vso[task.complete]",
	}
	var l diag.List
	for i, s := range texts {
		name := s[:min(len(s), 40)]
		at := diag.Position{File: "environments/" + name + ".cue", Line: i, Column: i % 3}
		l = append(l, diag.Finding{
			Code: "code-" + name, Severity: diag.Severity(i % 3), Position: at, Message: s, Hint: s,
			Related: []diag.Related{{Position: at, Message: s}, {Path: "apis.a", Message: s}, {Message: s}},
		})
	}
	return append(l,
		diag.Finding{Code: "nowhere", Severity: diag.Error, Message: "m"},
		diag.Finding{Code: "outside", Severity: diag.Error, Position: diag.Position{File: "/outside/a b.cue"}, Message: "m"},
		diag.Finding{Code: "colon", Severity: diag.Error, Position: diag.Position{File: "a:b.cue", Line: 1}, Message: "m"},
	)
}
