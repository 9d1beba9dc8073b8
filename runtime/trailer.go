package runtime

import (
	"maps"
	"slices"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/forward"
	"gwc.dev/schema"
)

// A requestTrailer is the fields after a request's body. Backends may merge them with the header's, so only those are
// passed on that were announced and that say nothing again which the header says: what filters have set or
// checked there, nobody restates behind their back.
type requestTrailer struct {
	carrier   carrier
	names     []string
	announced string // the names as a list
}

// begin takes over what a request announces, given its route and the header as it goes out.
func (t *requestTrailer) begin(c carrier, route *schema.Route, header exchange.Header) {
	t.carrier = c
	for name := range strings.SplitSeq(c.Meta().Trailer, ",") {
		name = strings.TrimSpace(name)
		alike := func(other string) bool { return exchange.Alike(name, other) }
		restated := slices.ContainsFunc(header, func(f exchange.Field) bool { return alike(f.Name) })
		if name == "" || restated || slices.ContainsFunc(ruled(route), alike) || forward.AboutClient(name, false) {
			continue
		}
		t.names = append(t.names, name)
	}
	t.announced = strings.Join(t.names, ", ")
}

// ruled returns the names of the header fields that a route's match and filters look at, set or remove. One of them
// that does not go out is not to come in from behind.
func ruled(r *schema.Route) []string {
	var names []string
	if r.Match != nil {
		names = slices.AppendSeq(names, maps.Keys(r.Match.Headers))
	}
	if a := r.Auth; a != nil && a.APIKey != nil {
		names = append(names, a.APIKey.Header)
	}
	if a := r.Auth; a != nil && a.JWT != nil {
		names = slices.AppendSeq(append(names, a.JWT.Header), maps.Keys(a.JWT.ForwardClaims))
	}
	if h := r.Headers; h != nil && h.Request != nil {
		names = append(names, h.Request.Remove...)
		names = slices.AppendSeq(names, maps.Keys(h.Request.Set))
		names = slices.AppendSeq(names, maps.Keys(h.Request.Add))
	}
	return names
}

// Trailer implements [gwc.dev/runtime/http1.Trailer]: what came and is to be passed on.
func (t *requestTrailer) Trailer() exchange.Header {
	var out exchange.Header
	for _, f := range t.carrier.Trailer() {
		if slices.ContainsFunc(t.names, func(name string) bool { return exchange.EqualFold(name, f.Name) }) {
			out = append(out, f)
		}
	}
	return out
}
