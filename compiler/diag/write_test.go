package diag_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
)

// update says that goldens are to be rewritten.
var update = os.Getenv("GWC_UPDATE") != ""

const definition = "package gateway\n\napis: echo: routes: default: {\n" +
	"\tbackends: ehco: {}\n\trewrite:\tprefix: \"/\" // \x1b[2J\n" +
	"\tmatch: path: regex: \"/" + "0123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789012345678901234567890123456789(\"\n}\n"

func source(file string) ([]byte, error) {
	if file == "environments/api.cue" {
		return []byte(definition), nil
	}
	return nil, errors.New("not there")
}

func at(file string, line, column int) diag.Position {
	return diag.Position{File: file, Line: line, Column: column}
}

// findings hold what each format has to cope with.
var findings = diag.List{
	{
		Code: "upstream-unknown", Severity: diag.Error, Path: "apis.echo.routes.default.backends.ehco",
		Position: at("environments/api.cue", 4, 12),
		Message:  `route "default" sends requests to upstream "ehco", which does not exist`,
		Hint:     "write \"echo\", or define it:\n\n  upstreams: ehco: endpoints: main: {\n    host: ...\n  }",
	},
	{ // The same again.
		Code: "upstream-unknown", Severity: diag.Error, Path: "apis.echo.routes.default.backends.ehco",
		Position: at("environments/api.cue", 4, 12),
		Message:  `route "default" sends requests to upstream "ehco", which does not exist`,
	},
	{
		Code: "rewrite-unused", Severity: diag.Warning, Path: "apis.echo.routes.default.rewrite",
		Position: at("environments/api.cue", 5, 11),
		Message:  "50% of <it>: a, b & c\n  on two lines",
		Related: []diag.Related{
			{Position: at("environments/dev/my api:1,2.cue", 1, 2), Message: "the other\nplace"},
			{Path: "apis.echo", Message: "nowhere"},
			{Message: "at all"},
		},
	},
	{
		Code: "regex", Severity: diag.Error, Position: at("environments/api.cue", 6, 160), Message: "missing ): \"(\"",
	},
	{
		Code: "unused-consumer", Severity: diag.Info, Path: `consumers."a b"`, Message: "no position",
	},
	{
		Code: "load", Severity: diag.Error, Position: diag.Position{File: "/outside/x.cue"}, Message: "no line",
	},
	{
		Code: "hostile", Severity: diag.Warning, Position: at("a\x1b]0;x\x07.cue", 1, 1),
		Message: "\x1b[31mred\x1b[0m \u009b31m \u202eevil\u200b \x00 \xff \r\n::error::injected ]]> <b>",
		Hint:    "\x07bell\n::error::injected",
	},
}

func TestWrite(t *testing.T) {
	lists := map[string]diag.List{"findings": findings, "none": nil}
	options := map[string]diag.Options{
		"":        {Version: "1.2.3"},
		"-source": {Source: source},
		"-color":  {Source: source, Color: true},
	}
	for name, l := range lists {
		for suffix, o := range options {
			for _, format := range diag.Formats() {
				if suffix != "" && (format != "text" || name == "none") {
					continue
				}
				golden := name + suffix + "." + format
				t.Run(golden, func(t *testing.T) {
					var b strings.Builder
					if err := diag.Write(&b, format, l, o); err != nil {
						t.Fatal(err)
					}
					compare(t, filepath.Join("testdata", golden), b.String())
				})
			}
		}
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestWriteRefusesUnknownFormats(t *testing.T) {
	err := diag.Write(io.Discard, "yaml", nil, diag.Options{})
	if want := `format "yaml": want one of text, json, sarif, github, gitlab, junit`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriteReportsAFullDisk(t *testing.T) {
	for _, format := range diag.Formats() {
		if err := diag.Write(full{}, format, findings, diag.Options{}); err == nil ||
			!strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("%s: error %v", format, err)
		}
	}
}
