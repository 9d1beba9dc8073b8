package runtime

import (
	"net/http"
	"slices"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
)

// A trailer is the fields after a request's body. Backends may merge them with the header's, so only those are
// passed on that were announced and that say nothing again which the header says: what filters have set or
// checked there, nobody restates behind their back. A nil trailer has no fields.
type trailer struct {
	fields    http.Header // net/http adds the values while the body is read
	announced []string
}

// newTrailer takes over what a request announces, given the header as it goes out.
func newTrailer(fields http.Header, header exchange.Header) *trailer {
	if len(fields) == 0 {
		return nil
	}
	t := &trailer{fields: fields}
	for name := range fields {
		_, restated := header.Lookup(name)
		if restated || upstream.Framing(name) || aboutClient(name, false) {
			delete(fields, name)
			continue
		}
		t.announced = append(t.announced, name)
	}
	return t
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
