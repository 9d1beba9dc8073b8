package behaviour

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// A Comparison is what is different about an environment.
type Comparison struct {
	Environment string // the directory, as the user names it
	Old, New    *schema.Gateway
	Behaviour   *Report
	Places      *diff.Report
}

// Formats returns the names of the formats that [Write] knows.
func Formats() []string { return []string{"text", "markdown", "json"} }

// Write prints for each environment what requests meet, and then what is written differently:
//
//	text      a paragraph for each class, the worst first, and a line for each place
//	markdown  a comment for a pull request of less than 65,000 bytes: the summary, the classes, the places folded
//	json      {"environments": [{"environment": ..., "behaviour": {"classes": [...], "summary": {...}}, "changes": [...], "summary": {...}}]}
//
// Text and Markdown have headings where there are several environments.
func Write(w io.Writer, format string, all []Comparison) error {
	write := map[string]func(io.Writer, []Comparison) error{
		"text": writeText, "markdown": writeMarkdown, "json": writeJSON,
	}[format]
	if write == nil {
		return fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	if err := write(w, all); err != nil {
		return fmt.Errorf("printing changes as %s: %w", format, err)
	}
	return nil
}

// Summary counts the classes: "3 behavioural changes: 1 breaking, 2 safe".
func (r *Report) Summary() string {
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
func writeText(w io.Writer, all []Comparison) error {
	b := bufio.NewWriter(w)
	blank := ""
	for _, c := range all {
		if len(c.Behaviour.Classes)+len(c.Places.Changes) == 0 {
			continue
		}
		if len(all) > 1 {
			fmt.Fprintf(b, "%s# %s\n\n", blank, c.Environment)
			blank = "\n"
		}
		if err := c.text(b); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (c Comparison) text(w io.Writer) error {
	for _, class := range c.Behaviour.Classes {
		class.text(w)
	}
	fmt.Fprintln(w, c.Behaviour.Summary())
	if len(c.Places.Changes) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return diff.WriteText(w, c.Places)
}

func (c *Class) text(w io.Writer) {
	fmt.Fprintf(w, "%s: %s [%s]\n    %s\n", c.Severity, c.Title(), c.ID(), c.Example())
	if c.Old != nil || c.New != nil {
		fmt.Fprintf(w, "    route %s\n", c.Routes())
	}
	for _, change := range c.Changes {
		fmt.Fprintf(w, "    %s\n", line(change))
	}
	if len(c.Alike) > 0 {
		fmt.Fprintf(w, "    likewise %s\n", c.likewise())
	}
	if c.Approved != "" {
		fmt.Fprintf(w, "    approved %s\n", c.Approved)
	}
}

// Title says in a few words what differs.
func (c *Class) Title() string {
	if c.Undecided {
		return c.Reason + ", perhaps: it was not found out within bounds whether there is such a request"
	}
	return c.Reason
}

// Example is a request of the class, and the listeners that are meant.
func (c *Class) Example() string {
	at := c.at()
	if c.Request == nil && c.Undecided {
		return "requests " + at
	}
	if c.Request == nil {
		return "all requests " + at
	}
	return c.Request.String() + " " + at + c.toldText()
}

// at names the listeners.
func (c *Class) at() string {
	if len(c.Listeners) == 1 {
		return "at listener " + c.Listeners[0]
	}
	return "at listeners " + strings.Join(c.Listeners, ", ")
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

// likewise lists the other routes of which the same holds, and counts those that are too many.
func (c *Class) likewise() string {
	const most = 8
	var names []string
	for _, other := range c.Alike {
		name := other.Routes()
		if other.Request != nil && other.Request.Preflight() {
			name += " (preflights)"
		}
		if !slices.Equal(other.Listeners, c.Listeners) {
			name += " " + other.at()
		}
		names = append(names, name)
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
