package diff

import (
	"bufio"
	"fmt"
	"io"
)

// writeText prints a line for each change and, where there are any, the summary.
func writeText(w io.Writer, r *Report) error {
	b := bufio.NewWriter(w)
	for _, g := range groups(r.Changes) {
		fmt.Fprintf(b, "%s %s: %s  %s: %s\n", mark(g.Kind), g.place, values(g.Change), g.Class, g.Reason)
	}
	if len(r.Changes) > 0 {
		fmt.Fprintln(b, r.Summary())
	}
	return b.Flush()
}

func mark(k Kind) string { return [...]string{Added: "+", Removed: "-", Changed: "~"}[k] }

func values(c Change) string {
	switch c.Kind {
	case Added:
		return c.New
	case Removed:
		return c.Old
	default:
		return c.Old + " -> " + c.New
	}
}
