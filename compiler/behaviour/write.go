package behaviour

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"gwc.dev/compiler/diff"
)

// Formats returns the names of the formats that [Write] knows.
func Formats() []string { return []string{"text", "markdown", "json"} }

// Write prints what requests meet, and then what is written differently:
//
//	text      a paragraph for each class, the worst first, and a line for each place
//	markdown  a comment for a pull request of less than 65,000 bytes: the summary, the classes, the places folded
//	json      {"behaviour": {"classes": [...], "summary": {...}}, "changes": [...], "summary": {...}}
func Write(w io.Writer, format string, r *Report, places *diff.Report) error {
	write := map[string]func(io.Writer, *Report, *diff.Report) error{
		"text": writeText, "markdown": writeMarkdown, "json": writeJSON,
	}[format]
	if write == nil {
		return fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	if err := write(w, r, places); err != nil {
		return fmt.Errorf("printing changes as %s: %w", format, err)
	}
	return nil
}

// summary counts the classes: "3 behavioural changes: 1 breaking, 2 safe".
func (r *Report) summary() string {
	if len(r.Classes) == 0 {
		return "no behavioural change"
	}
	n := r.count()
	var parts []string
	for c := diff.Breaking; c >= diff.Safe; c-- {
		if n[c] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[c], c))
		}
	}
	plural := "s"
	if len(r.Classes) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d behavioural change%s: %s", len(r.Classes), plural, strings.Join(parts, ", "))
}

func (r *Report) count() (n [diff.Breaking + 1]int) {
	for _, c := range r.Classes {
		n[c.Severity]++
	}
	return n
}

// writeText prints nothing where nothing has changed at all.
func writeText(w io.Writer, r *Report, places *diff.Report) error {
	if len(r.Classes)+len(places.Changes) == 0 {
		return nil
	}
	b := bufio.NewWriter(w)
	for _, c := range r.Classes {
		fmt.Fprintf(b, "%s: %s [%s]\n    %s\n", c.Severity, c.title(), c.ID(), c.request())
		if c.Old != nil || c.New != nil {
			fmt.Fprintf(b, "    route %s\n", c.pair())
		}
		for _, change := range c.Changes {
			fmt.Fprintf(b, "    %s\n", line(change))
		}
		if len(c.Alike) > 0 {
			fmt.Fprintf(b, "    likewise %s\n", few(c.Alike))
		}
		if c.Approved != "" {
			fmt.Fprintf(b, "    approved %s\n", c.Approved)
		}
	}
	fmt.Fprintln(b, r.summary())
	if len(places.Changes) > 0 {
		fmt.Fprintln(b)
		if err := b.Flush(); err != nil {
			return err
		}
		return diff.Write(w, "text", places)
	}
	return b.Flush()
}

func (c *Class) title() string {
	if c.Undecided {
		return c.Reason + ", perhaps: it was not found out within bounds whether there is such a request"
	}
	return c.Reason
}

// request says which requests are meant.
func (c *Class) request() string {
	at := "at listener " + c.Listeners[0]
	if len(c.Listeners) > 1 {
		at = "at listeners " + strings.Join(c.Listeners, ", ")
	}
	if c.Request == nil && c.Undecided {
		return "requests " + at
	}
	if c.Request == nil {
		return "all requests " + at
	}
	return c.Request.String() + " " + at
}

// line shows what differs at a place.
func line(c diff.Change) string {
	switch c.Kind {
	case diff.Added:
		return fmt.Sprintf("+ %s: %s", c.Path, c.New)
	case diff.Removed:
		return fmt.Sprintf("- %s: %s", c.Path, c.Old)
	}
	return fmt.Sprintf("~ %s: %s -> %s", c.Path, c.Old, c.New)
}

// few lists the routes of some classes, and counts the others.
func few(classes []*Class) string {
	const most = 8
	var names []string
	for _, c := range classes {
		names = append(names, c.pair())
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
