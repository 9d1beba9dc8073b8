package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"gwc.dev/compiler/diag"
)

// An explanation says what becomes of a request.
type explanation struct {
	Method string `json:"method"`
	URL    string `json:"url"` // with the path in normal form
	Ways   []*way `json:"ways"`
}

// A way is what becomes of it at some listeners.
type way struct {
	Listeners []string         `json:"listeners"`
	Route     string           `json:"route,omitempty"` // "api/route"
	Position  string           `json:"position,omitempty"`
	Announced bool             `json:"announced,omitempty"` // told apart by the method that a preflight announces
	Others    []other          `json:"others,omitempty"`
	Filters   []step           `json:"filters,omitempty"`
	Answer    string           `json:"answer,omitempty"` // of the gateway's own; empty: a backend's
	Backends  []backend        `json:"backends,omitempty"`
	Upstream  *upstreamRequest `json:"upstream,omitempty"`
	Timeout   string           `json:"timeout,omitempty"`
	Retry     string           `json:"retry,omitempty"`
}

// An other is a route that lost.
type other struct {
	Route    string `json:"route"`
	Position string `json:"position"`
	Lost     string `json:"lost"`
}

// A step is a filter on the way.
type step struct {
	Filter string `json:"filter"`
	Does   string `json:"does"`
}

// A backend is where some of such requests go.
type backend struct {
	Upstream  string   `json:"upstream"`
	Percent   float64  `json:"percent"`
	Endpoints []string `json:"endpoints"`
}

// An upstreamRequest is what of the request the backend sees changed.
type upstreamRequest struct {
	Path string `json:"path"`
	Host string `json:"host"`
}

// taken reports whether the request goes somewhere, or is answered, at every listener.
func (e *explanation) taken() bool {
	for _, w := range e.Ways {
		if w.Route == "" && !strings.HasPrefix(w.Answer, "the listener redirects") {
			return false
		}
	}
	return true
}

// add adds what happens at a listener to what is known.
func (e *explanation) add(listener string, w *way) {
	for _, known := range e.Ways {
		w.Listeners = known.Listeners
		if reflect.DeepEqual(known, w) {
			known.Listeners = append(known.Listeners, listener)
			return
		}
	}
	w.Listeners = []string{listener}
	e.Ways = append(e.Ways, w)
}

// write prints the explanation.
func (e *explanation) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return diag.EncodeJSON(w, e)
	case "text":
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s\n", e.Method, e.URL)
		for _, way := range e.Ways {
			way.text(&b)
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	return fmt.Errorf("format %q: want text or json", format)
}

// maxOthers bounds the routes that are shown beside the one that wins.
const maxOthers = 20

func (w *way) text(b *strings.Builder) {
	fmt.Fprintf(b, "\nat listener %s\n", strings.Join(w.Listeners, ", "))
	if w.Route != "" {
		fmt.Fprintf(b, "  route %s  %s\n", w.Route, w.Position)
	}
	if w.Announced {
		b.WriteString("    as the preflight of the method that it announces\n")
	}
	for _, s := range w.Filters {
		fmt.Fprintf(b, "  %-16s %s\n", s.Filter, s.Does)
	}
	if w.Answer != "" {
		fmt.Fprintf(b, "  %s\n", w.Answer)
	}
	for _, backend := range w.Backends {
		fmt.Fprintf(b, "  %-16s %s %.4g %%: %s\n", "backend", backend.Upstream, backend.Percent, strings.Join(backend.Endpoints, ", "))
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
