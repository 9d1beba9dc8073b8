package check

import (
	"fmt"
	"strings"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// request returns an example as it is sent to a listener of a view.
func (p *pass) request(v *routing.View, r *space.Request) *diag.Request { return p.sent(v.Listener, r) }

// sent returns an example as it is sent to a listener. It names the port where clients cannot know it.
func (p *pass) sent(listener string, r *space.Request) *diag.Request {
	if r == nil {
		return nil
	}
	scheme := "http"
	l := p.Listeners[listener]
	if l.TLS != nil {
		scheme = "https"
	}
	sent := *r
	for _, other := range p.Listeners {
		if other.Port != l.Port && (other.TLS != nil) == (l.TLS != nil) && other.Redirect == nil {
			sent.Host = fmt.Sprintf("%s:%d", r.Host, l.Port)
		}
	}
	out := &diag.Request{Method: r.Method, URL: sent.URL(scheme), Without: r.Without}
	for _, f := range r.Header {
		if f.Name == "x-forwarded-proto" && f.Value == scheme { // which the gateway writes
			continue
		}
		out.Headers = append(out.Headers, diag.Field(f))
	}
	return out
}

// any returns a request that a route matches on a host of its API, as it is written there; nil: none is known.
func (p *pass) any(api, host string) *space.Request {
	p.assume(nil)
	for name := range schema.Sorted(p.APIs[api].Routes) {
		for _, e := range p.entries[schema.NewPath("apis", api, "routes", name)] {
			if host != "" && !strings.EqualFold(e.Host, host) {
				continue
			}
			if found := p.table.Space.Find([]*space.Match{e.Match}, nil); found.Verdict == space.Found {
				return found.Request
			}
		}
	}
	return nil
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
	for _, e := range t.Entries {
		out[e.Path()] = append(out[e.Path()], e)
	}
	return out
}
