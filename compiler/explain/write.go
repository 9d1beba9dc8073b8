package explain

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"strings"

	"gwc.dev/compiler/diag"
)

// Write prints the explanation as text or json.
func (e *Explanation) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		return diag.EncodeJSON(w, e)
	case "text":
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s\n", e.Method, e.URL)
		for _, way := range e.Ways {
			way.text(&b)
		}
		for line := range strings.Lines(b.String()) {
			if _, err := fmt.Fprintln(w, diag.Plain(strings.TrimSuffix(line, "\n"))); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("format %q: want text or json", format)
}

// maxOthers bounds the routes that are shown beside the one that wins.
const maxOthers = 20

func (w *Way) text(b *strings.Builder) {
	fmt.Fprintf(b, "\nat listener %s\n", strings.Join(w.Listeners, ", "))
	if w.Route != "" {
		fmt.Fprintf(b, "  route %s  %s\n", w.Route, w.Position)
	}
	if w.Announced {
		b.WriteString("    as the preflight of the method that it announces\n")
	}
	if w.MaxBody > 0 {
		fmt.Fprintf(b, "  %-16s takes at most %d bytes\n", "body", w.MaxBody)
	}
	for _, s := range w.Filters {
		fmt.Fprintf(b, "  %-16s %s\n", s.Filter, s.Does)
	}
	if w.Answer != "" {
		fmt.Fprintf(b, "  %s\n", w.Answer)
	}
	for _, backend := range w.Backends {
		to := strings.Join(backend.Endpoints, ", ")
		fmt.Fprintf(b, "  %-16s %s %.4g %%: %s\n", "backend", backend.Upstream, backend.Percent, cmp.Or(to, "no endpoint in use: 503"))
	}
	if w.Upstream != nil {
		fmt.Fprintf(b, "  %-16s %s, host %s\n", "request", w.Upstream.Path, w.Upstream.Host)
	}
	if w.Timeout != "" {
		fmt.Fprintf(b, "  %-16s %s\n", "timeout", w.Timeout)
	}
	if w.Retry != "" {
		fmt.Fprintf(b, "  %-16s %s\n", "retries", w.Retry)
	}
	for i, o := range w.Others {
		if i == maxOthers {
			fmt.Fprintf(b, "  and %d more routes that its host and path fit\n", len(w.Others)-i)
			break
		}
		fmt.Fprintf(b, "  not %s  %s\n    %s\n", o.Route, o.Position, o.Lost)
	}
}

// same reports whether two listeners do the same with a request.
func (w *Way) same(other *Way) bool {
	a, b := *w, *other
	a.Listeners, b.Listeners = nil, nil
	return reflect.DeepEqual(a, b)
}
