package routetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// Generate returns tests that reach the places that [Suite.Run] has seen no request reach: each a request with the
// credentials that its route asks for, and what the request meets now. They are for people to read and to correct. missed
// are the places of which no such request is known, by their texts.
func (s *Suite) Generate() (tests map[string]schema.Test, missed []string, err error) {
	table, err := routing.Of(space.New(0), s.gateway.model)
	if err != nil {
		return nil, nil, fmt.Errorf("laying out the routes: %w", err)
	}
	entries := map[string][]*routing.Entry{}
	for _, e := range table.Entries {
		entries[e.String()] = append(entries[e.String()], e)
	}
	taken := maps.Clone(s.names)
	tests = map[string]schema.Test{}
	reached := *s.coverage // and what the new tests reach
	reached.places = slices.Clone(s.coverage.places)
	untaken := ""
	for i := range reached.places {
		p := &reached.places[i]
		route := p.sample.api + "/" + p.sample.route
		if p.Covered || route == untaken {
			continue
		}
		for _, e := range entries[route] {
			if t := s.example(table, e, p, &reached); t != nil {
				tests[unused(p.sample.name, taken)] = *t
				break
			}
		}
		if !p.Covered {
			missed = append(missed, p.Text)
			if len(p.Path.Names()) == 4 { // the route itself
				untaken = route
			}
		}
	}
	return tests, missed, nil
}

// unused returns a name of a test that is not taken, and takes it.
func unused(name string, taken map[string]bool) string {
	const most = 60              // of 63, for a number
	plain := func(r rune) rune { // fields and parameters have names that tests cannot have
		if r < utf8.RuneSelf && (r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '-'
	}
	name = strings.Map(plain, name)
	name = strings.TrimRight(name[:min(len(name), most)], "-_")
	out := name
	for n := 2; taken[out]; n++ {
		out = name + "-" + strconv.Itoa(n)
	}
	taken[out] = true
	return out
}

// example returns a test that reaches a place of a route, which stands in the table once for each of its hosts. It notes
// what the test reaches.
func (s *Suite) example(table *routing.Table, e *routing.Entry, p *Place, reached *coverage) *schema.Test {
	for _, listener := range e.Listeners {
		x := witness(table, e, &p.sample, listener, s.gateway.model.Listeners[listener].Hosts)
		if x == nil {
			continue
		}
		t, r, ok := s.written(e, listener, x)
		if !ok {
			continue
		}
		got := s.gateway.serve(r)
		if got.matched && p.reached(reached.trace(r, got)) { // else it is no test, and what it reaches does not count
			reached.record(r, got)
			t.Want = wantOf(got)
			return t
		}
	}
	return nil
}

// witness returns a request of a sample at a listener.
func witness(table *routing.Table, e *routing.Entry, of *sample, listener string, hosts []string) *space.Request {
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	match, err := table.Space.Match(of.match, e.Host)
	if err != nil {
		return nil
	}
	var others []*space.Match
	if of.not != nil {
		not, err := table.Space.Match(of.not, "")
		if err != nil {
			return nil
		}
		others = append(others, not)
	} else {
		others = routing.Matches(slices.DeleteFunc(table.Above(e), func(other *routing.Entry) bool {
			return !slices.Contains(other.Listeners, listener)
		}))
	}
	for _, host := range hosts {
		served, err := table.Space.Match(nil, host)
		if err != nil {
			continue
		}
		if found := table.Space.Find([]*space.Match{match, served}, others); found.Verdict == space.Found {
			return found.Request
		}
	}
	return nil
}

// written returns a test that sends a request, and the request. False: it cannot be written as a test.
func (s *Suite) written(e *routing.Entry, listener string, x *space.Request) (*schema.Test, *request, bool) {
	l := s.gateway.model.Listeners[listener]
	scheme := "http"
	if l.TLS != nil {
		scheme = "https"
	}
	target := x.Path
	if len(x.Query) > 0 {
		target += "?" + x.RawQuery()
	}
	t := &schema.Test{Request: schema.TestRequest{URL: scheme + "://" + x.Host + target}}
	if x.Method != "GET" {
		t.Request.Method = x.Method
	}
	for _, f := range x.Header {
		if header.KindOf(f.Name) != header.EndToEnd { // the gateway writes what it likes
			continue
		}
		if t.Request.Headers == nil {
			t.Request.Headers = map[string]string{}
		}
		if before, ok := t.Request.Headers[f.Name]; ok { // lines of one field (RFC 9110, section 5.3)
			f.Value = before + ", " + f.Value
		}
		t.Request.Headers[f.Name] = f.Value
	}
	s.call(&t.Request, e.Route.Auth)
	c := &checker{gateway: s.gateway}
	r := c.request("", &t.Request)
	if r.listener != listener {
		t.Request.URL = scheme + "://" + x.Host + ":" + strconv.Itoa(l.Port) + target
		c = &checker{gateway: s.gateway}
		r = c.request("", &t.Request)
	}
	return t, &r, len(c.findings) == 0
}

// wantOf wants what came.
func wantOf(got *Outcome) schema.TestWant {
	want := schema.TestWant{Route: got.Route, None: got.Route == "", Status: got.Status}
	for _, b := range got.Backends {
		if want.Backends == nil {
			want.Backends = map[string]float64{}
		}
		want.Backends[b.Upstream] = b.Percent
	}
	return want
}

// call gives a request a caller whom a route lets pass, as far as there is one.
func (s *Suite) call(t *schema.TestRequest, auth *schema.Auth) {
	c := s.gateway.admitted(auth, func(schema.Consumer) bool { return true })
	t.Consumer, t.Claims = c.Consumer, c.Claims
}

// admitted returns a caller whom a route lets pass, as far as there is one: of the consumers with API keys, one that is fit.
func (g *gateway) admitted(auth *schema.Auth, fit func(schema.Consumer) bool) Caller {
	if auth == nil {
		return Caller{}
	}
	allow := auth.Allow
	if allow == nil {
		allow = &schema.Allow{}
	}
	everybody := len(allow.Consumers)+len(allow.Groups) == 0
	var admitted []string
	for name, consumer := range schema.Sorted(g.model.Consumers) {
		ofGroup := slices.ContainsFunc(consumer.Groups, func(g string) bool { return slices.Contains(allow.Groups, g) })
		if !everybody && !ofGroup && !slices.Contains(allow.Consumers, name) {
			continue
		}
		admitted = append(admitted, name)
		if auth.APIKey != nil && len(consumer.APIKeys) > 0 && fit(consumer) {
			return Caller{Consumer: name}
		}
	}
	if auth.JWT == nil {
		return Caller{}
	}
	if everybody {
		admitted = nil
	}
	return Caller{Claims: claims(auth.JWT, admitted, allow.Groups)}
}

// claims returns what a token says that passes: of one of the consumers, and of one of the groups where tokens tell them.
func claims(jwt *schema.JWTAuth, consumers, groups []string) map[string]schema.JSON {
	out := map[string]schema.JSON{jwt.ConsumerClaim: quoted("somebody")}
	if len(consumers) > 0 {
		out[jwt.ConsumerClaim] = quoted(consumers[0])
	}
	if jwt.GroupsClaim != "" && len(groups) > 0 {
		out[jwt.GroupsClaim] = schema.JSON("[" + string(quoted(groups[0])) + "]")
	}
	for _, claim := range jwt.ForwardClaims {
		if _, ok := out[claim]; !ok {
			out[claim] = quoted("somebody")
		}
	}
	for name, value := range jwt.RequiredClaims {
		out[name] = value
	}
	return out
}

// quoted returns a name as JSON. Names need no escapes, and what else people name groups is escaped as JSON does.
func quoted(s string) schema.JSON {
	data, _ := json.Marshal(s) // a string can always be encoded
	return data
}
