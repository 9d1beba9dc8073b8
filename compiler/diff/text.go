package diff

import (
	"bufio"
	"fmt"
	"io"
)

// WriteText prints a line for each change, by path, and, where there are any, the summary:
//
//	~ apis.echo.routes.default.timeout: 10s -> 30s  risky: timeout raised
//
// A change that is the same at several routes of an API is shown once, with the names of the routes in braces.
func WriteText(w io.Writer, r *Report) error {
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
