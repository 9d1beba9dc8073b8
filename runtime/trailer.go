package runtime

import (
	"maps"
	"net/http"
	"slices"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

// A trailer is the fields after a request's body. Backends may merge them with the header's, so only those are
// passed on that were announced and that say nothing again which the header says: what filters have set or
// checked there, nobody restates behind their back. A nil trailer has no fields.
type trailer struct {
	fields    http.Header // net/http adds the values while the body is read
	announced []string
}

// newTrailer takes over what a request announces, given its route and the header as it goes out.
func newTrailer(fields http.Header, route *schema.Route, header exchange.Header) *trailer {
	if len(fields) == 0 {
		return nil
	}
	t := &trailer{fields: fields}
	for name := range fields {
		alike := func(other string) bool { return exchange.Alike(name, other) }
		restated := slices.ContainsFunc(header, func(f exchange.Field) bool { return alike(f.Name) })
		if restated || slices.ContainsFunc(ruled(route), alike) || upstream.Framing(name) || aboutClient(name, false) {
			delete(fields, name)
			continue
		}
		t.announced = append(t.announced, name)
	}
	return t
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

// prune removes what came and is not to be passed on. It is called when the body has ended, by whoever reads it.
func (t *trailer) prune() {
	if t == nil {
		return
	}
	for name := range t.fields {
		if !slices.Contains(t.announced, name) {
			delete(t.fields, name)
		}
	}
}

// header returns the fields for a transport to send once it has read the body.
func (t *trailer) header() http.Header {
	if t == nil {
		return nil
	}
	return t.fields
}
