package routing

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A View is what listeners serve that take the same hosts and serve the same APIs, and whose requests are told the same
// about clients.
type View struct {
	Listener string                       // the first of them, by name
	Told     map[string]schema.ValueMatch // what fields about clients can be there, as [ToldAt] has it

	table *Table
	hosts Patterns
}

// views are the views of the listeners that serve routes, by their names.
type views struct {
	named map[string]*View
	none  *View // stands for a listener that is still to be defined
}

// of returns the views of an API that these listeners serve, each once. An API that names one which is not defined, as one
// does by mistake, is looked at as if some other listener took everything.
func (v *views) of(g *schema.Gateway, a *schema.API, listeners []string) []*View {
	var out []*View
	for _, name := range listeners {
		if view := v.named[name]; !slices.Contains(out, view) {
			out = append(out, view)
		}
	}
	undefined := func(name string) bool { _, ok := g.Listeners[name]; return !ok }
	if len(g.Listeners) == 0 || slices.ContainsFunc(a.Listeners, undefined) {
		out = append(out, v.none)
	}
	return out
}

func (t *Table) viewsOf(g *schema.Gateway) *views {
	named := map[string]*strings.Builder{} // the APIs that name a listener
	for name, l := range g.Listeners {
		if l.Redirect == nil {
			named[name] = &strings.Builder{}
		}
	}
	for api, a := range schema.Sorted(g.APIs) {
		for _, l := range a.Listeners {
			if b := named[l]; b != nil {
				b.WriteString(api + "\n")
			}
		}
	}
	known, out := map[string]*View{}, map[string]*View{}
	for name, l := range schema.Sorted(g.Listeners) {
		if l.Redirect != nil {
			continue
		}
		hosts := lower(l.Hosts)
		slices.Sort(hosts)
		told := ToldAt(g, l)
		key := strings.Join(hosts, " ") + "\n" + named[name].String() + "\n" + textOf(told)
		if known[key] == nil {
			known[key] = &View{Listener: name, Told: told, table: t, hosts: PatternsOf(hosts)}
		}
		out[name] = known[key]
	}
	return &views{out, &View{table: t, Told: ToldAt(g, slices.Collect(maps.Values(g.Listeners))...)}}
}

// textOf is the same for equal matches only.
func textOf(headers map[string]schema.ValueMatch) string {
	text, _ := json.Marshal(headers) // plain data
	return string(text)
}

// Serves reports whether the listeners of v serve an entry's API.
func (v *View) Serves(e *Entry) bool { return slices.Contains(e.Views, v) }

// Hosts yields the host patterns on which the listeners of v have requests for an entry's host.
func (v *View) Hosts(e *Entry) iter.Seq[string] { return v.hosts.On(e.Host) }

// Parts yields what of an entry's requests comes in at the listeners of v: a set for each of the hosts.
func (v *View) Parts(e *Entry) iter.Seq[*space.Match] {
	return func(yield func(*space.Match) bool) {
		for host := range v.Hosts(e) {
			if m := e.on(host, v.table.Space); !yield(m) {
				return
			}
		}
	}
}

// Own returns the set of an entry's requests on a host of its own: one that no pattern of the table is more specific
// for. Where there is such a host, the entry has requests if it has any on that one. False: none was found.
func (v *View) Own(e *Entry) (*space.Match, bool) {
	if e.Host != "" && !strings.HasPrefix(e.Host, "*.") {
		return nil, false
	}
	tried := 0
	for pattern := range v.Hosts(e) {
		host := pattern
		if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
			host = "www." + suffix
		} else if pattern == "" {
			host = "example.com"
		}
		if v.table.patterns.closest(host) == e.Host {
			return e.on(host, v.table.Space), true
		}
		if tried++; tried == 8 {
			break
		}
	}
	return nil, false
}

// on returns the entry's requests on a host, which is its own or is part of that.
func (e *Entry) on(host string, s *space.Space) *space.Match {
	if host == e.Host {
		return e.Match
	}
	m, err := s.Match(e.Route.Match, host)
	if err != nil { // it was made before
		panic(err)
	}
	return m
}
