package check

import (
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// request returns an example as it is sent to a listener that serves an entry.
func (p *pass) request(e *routing.Entry, r *space.Request) *diag.Request {
	if r == nil {
		return nil
	}
	scheme := "http"
	if len(e.Listeners) > 0 && p.Listeners[e.Listeners[0]].TLS != nil {
		scheme = "https"
	}
	out := &diag.Request{Method: r.Method, URL: r.URL(scheme), Without: r.Without}
	for _, f := range r.Header {
		out.Headers = append(out.Headers, diag.Field(f))
	}
	return out
}

// both returns a request that two routes match, given by where they stand, and one of the entries that it is of; nil:
// none is known.
func (p *pass) both(a, b schema.Path) (*routing.Entry, *space.Request) {
	for _, e := range p.entries[a] {
		for _, other := range p.entries[b] {
			if !e.Meets(other) {
				continue
			}
			if found := p.table.Space.Find([]*space.Match{e.Match, other.Match}, nil); found.Verdict == space.Found {
				return e, found.Request
			}
		}
	}
	return nil, nil
}

// any returns a request that a route matches on a host of its API, as it is written there; nil: none is known.
func (p *pass) any(api, host string) (*routing.Entry, *space.Request) {
	for name := range schema.Sorted(p.APIs[api].Routes) {
		for _, e := range p.entries[schema.NewPath("apis", api, "routes", name)] {
			if host != "" && !strings.EqualFold(e.Host, host) {
				continue
			}
			if found := p.table.Space.Find([]*space.Match{e.Match}, nil); found.Verdict == space.Found {
				return e, found.Request
			}
		}
	}
	return nil, nil
}

// instance says what the example is, behind a message.
func instance(r *space.Request) string {
	if r == nil {
		return ""
	}
	return ", for instance " + r.String()
}

// entriesOf returns the entries of each route by where it stands.
func entriesOf(t *routing.Table) map[schema.Path][]*routing.Entry {
	out := map[schema.Path][]*routing.Entry{}
	if t != nil {
		for _, e := range t.Entries {
			out[e.Path()] = append(out[e.Path()], e)
		}
	}
	return out
}
