package diag

import (
	"fmt"
	"io"
	"strings"
)

// Options says how findings are printed. The zero value prints without colour and without source lines.
type Options struct {
	// Source returns the text of a file that positions name. With it, the text format draws the line that a
	// finding is about, with a caret below the column. A file that cannot be read is not drawn.
	Source func(file string) ([]byte, error)
	// Color makes the text format use the terminal's colours.
	Color bool
	// Version is gwc's own, for SARIF.
	Version string
}

// Formats returns the names of the formats that [Write] knows.
func Formats() []string { return []string{"text", "json", "sarif", "github", "gitlab", "junit"} }

// Write prints findings, sorted and each once:
//
//	text    for people: file:line:col: severity: message [code], then the source line, the help and the related places
//	json    for programs: {"findings": [...], "summary": {"error": 1, "warning": 0, "info": 0}}
//	sarif   for code scanning: SARIF 2.1.0
//	github  for GitHub Actions: workflow commands that annotate a pull request
//	gitlab  for GitLab: a Code Quality report
//	junit   for CI servers: JUnit XML, in which errors are failures
//
// Whatever the findings quote, no format lets it speak to a terminal or to a CI server: control characters and the
// beginnings of commands are printed as escapes.
func Write(w io.Writer, format string, l List, o Options) error {
	write := map[string]func(io.Writer, List, Options) error{
		"text": writeText, "json": writeJSON, "sarif": writeSARIF, "github": writeGitHub, "gitlab": writeGitLab, "junit": writeJUnit,
	}[format]
	if write == nil {
		return fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	if err := write(w, l.Sorted(), o); err != nil {
		return fmt.Errorf("printing findings as %s: %w", format, err)
	}
	return nil
}
