package diff

import (
	"fmt"
	"io"
	"strings"
)

// Formats returns the names of the formats that [Write] knows.
func Formats() []string { return []string{"text", "markdown", "json"} }

// Write prints a report:
//
//	text      a line for each change, by path: ~ apis.echo.routes.default.timeout: 10s -> 30s  risky: timeout raised
//	markdown  a comment for a pull request, the breaking changes first, of less than 65,000 bytes
//	json      {"changes": [...], "summary": {"breaking": 1, "risky": 0, "safe": 0}}
//
// Text and markdown show a change that is the same at several routes of an API once, with the names of the routes in
// braces.
func Write(w io.Writer, format string, r *Report) error {
	write := map[string]func(io.Writer, *Report) error{
		"text": writeText, "markdown": writeMarkdown, "json": writeJSON,
	}[format]
	if write == nil {
		return fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	if err := write(w, r); err != nil {
		return fmt.Errorf("printing changes as %s: %w", format, err)
	}
	return nil
}

// Summary counts the changes: "3 changes: 1 breaking, 2 safe".
func (r *Report) Summary() string {
	if len(r.Changes) == 0 {
		return "no changes"
	}
	n := r.Count()
	var parts []string
	for c := Breaking; c >= Safe; c-- {
		if n[c] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[c], c))
		}
	}
	return number(len(r.Changes), "change") + ": " + strings.Join(parts, ", ")
}
