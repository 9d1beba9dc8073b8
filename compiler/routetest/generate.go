package routetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"gwc.dev/compiler/routing"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// Generate returns a test for each route that [Suite.Run] has seen no request reach: a request that the route takes, with
// the credentials that it asks for, and what the request meets now. It is for people to read and to correct. missed are
// the routes of which no such request is known, as "api/route".
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
	for _, p := range s.Coverage() {
		names := p.Path.Names()
		if p.Covered || len(names) != 4 {
			continue
		}
		route := names[1] + "/" + names[3]
		t, ok := s.example(table, entries[route])
		if !ok {
			missed = append(missed, route)
			continue
		}
		tests[unused(names[1]+"-"+names[3], taken)] = *t
	}
	return tests, missed, nil
}

// unused returns a name of a test that is not taken, and takes it.
func unused(name string, taken map[string]bool) string {
	const most = 60 // of 63, for a number
	name = name[:min(len(name), most)]
	out := name
	for n := 2; taken[out]; n++ {
		out = name + "-" + strconv.Itoa(n)
	}
	taken[out] = true
	return out
}

// example returns a test of a route, which stands in the table once for each of its hosts.
func (s *Suite) example(table *routing.Table, entries []*routing.Entry) (*schema.Test, bool) {
	for _, e := range entries {
		for _, listener := range e.Listeners {
			x := witness(table, e, listener, s.gateway.model.Listeners[listener].Hosts)
			if x == nil {
				continue
			}
			if t, ok := s.written(e, listener, x); ok {
				return t, true
			}
		}
	}
	return nil, false
}

// witness returns a request that a listener takes for a route and no route before it takes there.
func witness(table *routing.Table, e *routing.Entry, listener string, hosts []string) *space.Request {
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	above := slices.DeleteFunc(table.Above(e), func(other *routing.Entry) bool {
		return !slices.Contains(other.Listeners, listener)
	})
	for _, host := range hosts {
		served, err := table.Space.Match(nil, host)
		if err != nil {
			continue
		}
		if found := table.Space.Find([]*space.Match{e.Match, served}, routing.Matches(above)); found.Verdict == space.Found {
			return found.Request
		}
	}
	return nil
}

// written returns a test that sends a request. False: it cannot be written as a test, or is not the route's after all.
func (s *Suite) written(e *routing.Entry, listener string, x *space.Request) (*schema.Test, bool) {
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
	if len(c.findings) > 0 {
		return nil, false
	}
	got := s.gateway.serve(&r)
	t.Want = schema.TestWant{Route: got.Route, Status: got.Status}
	for _, b := range got.Backends {
		if t.Want.Backends == nil {
			t.Want.Backends = map[string]float64{}
		}
		t.Want.Backends[b.Upstream] = b.Percent
	}
	return t, got.Route == e.String()
}

// call gives a request a caller whom a route lets pass, as far as there is one.
func (s *Suite) call(t *schema.TestRequest, auth *schema.Auth) {
	if auth == nil {
		return
	}
	allow := auth.Allow
	if allow == nil {
		allow = &schema.Allow{}
	}
	everybody := len(allow.Consumers)+len(allow.Groups) == 0
	var admitted []string
	for name, consumer := range schema.Sorted(s.gateway.model.Consumers) {
		ofGroup := slices.ContainsFunc(consumer.Groups, func(g string) bool { return slices.Contains(allow.Groups, g) })
		if !everybody && !ofGroup && !slices.Contains(allow.Consumers, name) {
			continue
		}
		admitted = append(admitted, name)
		if auth.APIKey != nil && len(consumer.APIKeys) > 0 {
			t.Consumer = name
			return
		}
	}
	if auth.JWT != nil {
		if everybody {
			admitted = nil
		}
		t.Claims = claims(auth.JWT, admitted, allow.Groups)
	}
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
