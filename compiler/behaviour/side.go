package behaviour

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// A side is one of the two models.
type side struct {
	gateway    *schema.Gateway
	table      *routing.Table
	treatments map[*schema.Route]*treatment
	callers    map[string]string // who may call, by the way that is asked
	upstreams  map[string]string // by name
	schemes    []string          // that requests come by, on this side or the other
	routes     map[string]bool   // names of them, and what they do with which paths
	redirects  bool              // some route does, to the scheme of the request perhaps
}

// A counter gives equal texts one number.
type counter map[string]int

func (c counter) of(text string) int {
	n, ok := c[text]
	if !ok {
		n = len(c) + 1
		c[text] = n
	}
	return n
}

func layOut(s *space.Space, g *schema.Gateway, schemes []string, alike counter) (*side, error) {
	table, err := routing.Of(s, g)
	if err != nil {
		return nil, err
	}
	out := &side{
		gateway: g, table: table, treatments: map[*schema.Route]*treatment{}, callers: map[string]string{}, upstreams: map[string]string{},
		schemes: schemes, routes: map[string]bool{},
	}
	for _, e := range table.Entries {
		if out.treatments[e.Route] == nil {
			t := out.treat(e)
			if t.alike = alike.of(compact(t.texts) + t.names); t.upstream != (pathChange{}) || t.location != (pathChange{}) {
				t.alike = 0
			}
			out.treatments[e.Route] = t
			out.redirects = out.redirects || e.Route.Redirect != nil
			out.routes[e.String()], out.routes[effectOf(e, t)] = true, true
		}
	}
	return out, nil
}

// knew reports whether the side has a route that the other has as well: of the same name, or one that does the same with the
// same paths, whatever its hosts and methods.
func (s *side) knew(other *side, e *routing.Entry) bool {
	return s.routes[e.String()] || s.routes[effectOf(e, other.of(e))]
}

// effectOf returns what a route does, and with which paths.
func effectOf(e *routing.Entry, t *treatment) string {
	path := schema.PathMatch{}
	if m := e.Route.Match; m != nil && m.Path != nil {
		path = *m.Path
	}
	return compact(path) + t.whole()
}

// of returns how an entry's requests are treated; nil: they are not.
func (s *side) of(e *routing.Entry) *treatment {
	if e == nil {
		return nil
	}
	return s.treatments[e.Route]
}

// A served is a side as one listener has it.
type served struct {
	*side
	listener string // "": there is none
	hosts    routing.Patterns
	entries  []*routing.Entry
	byKey    map[string]*routing.Entry // the first of each key
	keys     map[*routing.Entry]string
	met      map[*space.Match][]*routing.Entry
	around   map[*space.Match][]*routing.Entry // what meets a set of any method
	kept     int                               // how many entries are in both
}

// at returns the side at a listener.
func (s *side) at(listener string) *served {
	out := &served{side: s, listener: listener, hosts: routing.PatternsOf(s.gateway.Listeners[listener].Hosts), byKey: map[string]*routing.Entry{}, keys: map[*routing.Entry]string{}, met: map[*space.Match][]*routing.Entry{}, around: map[*space.Match][]*routing.Entry{}}
	for _, e := range s.table.Entries {
		if out.has(e) {
			out.entries = append(out.entries, e)
			k := key(e)
			out.keys[e] = k
			if out.byKey[k] == nil {
				out.byKey[k] = e
			}
		}
	}
	return out
}

// hostNames returns the listener's hosts in one form.
func (s *served) hostNames() []string { return sorted(lower(s.gateway.Listeners[s.listener].Hosts)) }

// schemesAt returns what requests of the listener come by.
func (s *served) schemesAt() []string { return schemesAt(s.gateway, s.gateway.Listeners[s.listener]) }

// has reports whether the listener serves an entry.
func (s *served) has(e *routing.Entry) bool { return slices.Contains(e.Listeners, s.listener) }

// maxKept bounds what is kept of who meets whom.
const maxKept = 4_000_000

// meeting returns the entries that may have requests in common with a set, by precedence. The list is for reading.
func (s *served) meeting(m *space.Match) []*routing.Entry { return s.listed(s.met, m, m) }

// whatever returns the entries that may have requests in common with a set but for their methods: those that its preflights
// can go to, by their own method or by the one that they announce.
func (s *served) whatever(m *space.Match) []*routing.Entry {
	return s.listed(s.around, m, s.table.Space.AnyMethod(m))
}

// listed returns the entries that meet a set, which are kept under a key.
func (s *served) listed(kept map[*space.Match][]*routing.Entry, key, m *space.Match) []*routing.Entry {
	list, ok := kept[key]
	if !ok {
		list = slices.DeleteFunc(s.table.Meeting(m), func(e *routing.Entry) bool { return !s.has(e) })
		if s.kept += len(list); s.kept <= maxKept {
			kept[key] = list
		}
	}
	return list
}

// above returns those of some entries that win over e; of none, which has no requests, all do.
func above(e *routing.Entry, of []*routing.Entry) []*routing.Entry {
	var out []*routing.Entry
	for _, r := range of {
		if e == nil || r.Before(e) {
			out = append(out, r)
		}
	}
	return out
}

// key is the same for entries that take the same requests, as far as that is plain to see.
func key(e *routing.Entry) string {
	m := schema.Match{}
	if e.Route.Match != nil {
		m = *e.Route.Match
	}
	m.Methods = slices.Compact(slices.Sorted(slices.Values(m.Methods)))
	if p := m.Path; p != nil && p.Prefix != "" {
		if prefix, ok := schema.NormalizePath(p.Prefix); ok {
			m.Path = &schema.PathMatch{Prefix: strings.TrimSuffix(prefix, "/") + "/"}
		}
	}
	headers := map[string]schema.ValueMatch{}
	for name, v := range m.Headers {
		headers[strings.ToLower(name)] = v
	}
	m.Headers = headers
	return e.Host + "\n" + compact(m)
}

// compact returns a part of the model as JSON. Nothing in a model fails to be written.
func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(b)
}

// A group is listeners of both models at which the same happens.
type group struct {
	old, new string   // one of them; "": there is none on that side
	names    []string // all, as people know them
}

// groups pairs the listeners by their ports, which is what clients know them by, or by their names where a port is another one,
// and puts those together that serve the same. A listener that redirects everything, or is there on one side only, is no
// matter of routes.
func groups(before, after *side) []group {
	olds := map[string]string{}
	for old, now := range nowCalled(before.gateway, after.gateway) {
		olds[now] = old
	}
	var out []group
	places := map[string]int{}
	for name, l := range schema.Sorted(after.gateway.Listeners) {
		old, both := olds[name]
		if !both || l.Redirect != nil || before.gateway.Listeners[old].Redirect != nil {
			continue
		}
		serves := before.serves(old) + "\n\n" + after.serves(name)
		at, ok := places[serves]
		if !ok {
			at = len(out)
			places[serves] = at
			out = append(out, group{old: old, new: name})
		}
		out[at].names = append(out[at].names, name)
	}
	return out
}

// serves returns a text that is the same for listeners that serve the same, and whose requests come by one scheme and are told
// the same about clients, as far as a route looks at it.
func (s *side) serves(listener string) string {
	var b strings.Builder
	l := s.gateway.Listeners[listener]
	for _, host := range l.Hosts {
		b.WriteString(host + "\n")
	}
	told := routing.ToldAt(s.gateway, l)
	b.WriteString(compact(told) + "\n")
	if _, asked := told["x-forwarded-proto"]; asked || s.redirects {
		b.WriteString(compact(l.TLS != nil) + "\n")
	}
	for name, a := range schema.Sorted(s.gateway.APIs) {
		if len(a.Listeners) == 0 || slices.Contains(a.Listeners, listener) {
			b.WriteString("/" + name + "\n")
		}
	}
	return b.String()
}
