package check_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
)

// A world makes gateways of so few words that all kinds of requests there can be are a few thousand: of each part one text
// for each set of conditions that it fulfils.
type world struct {
	*rand.Rand
	narrow         bool     // that routes have one of few paths
	headers, query []string // names that matches ask for
	expressions    map[string]*regexp.Regexp
}

func pick[T any](w *world, from ...T) T { return from[w.IntN(len(from))] }

func (w *world) some(n int, from ...string) []string {
	var out []string
	for range w.IntN(n + 1) {
		if s := pick(w, from...); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var (
	worldHosts  = []string{"a.test", "b.a.test", "c.b.a.test", "d.a.test", "d.test", "other.example"}
	worldValues = []string{"", "1", "2", "12", "2x", "v1", "V1", "vé", "3", "34", "a", "1, 2", "https://a.test", "https://page.example", "GET", "POST", "PUT", "OPTIONS", "http", "https"}
	worldPaths  = func() []string {
		out := []string{"/"}
		level := []string{""}
		for range 3 {
			var next []string
			for _, p := range level {
				for _, segment := range []string{"a", "b", "ab", "1", "12", "A", "B", "aa", "v1", "v2", "v3", "a-b", "%C3%A9"} {
					out = append(out, p+"/"+segment, p+"/"+segment+"/")
					next = append(next, p+"/"+segment)
				}
			}
			level = next
		}
		return out
	}()
)

func (w *world) path() *schema.PathMatch {
	if w.narrow {
		return pick(w, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Prefix: "/a"}, &schema.PathMatch{Prefix: "/"}, &schema.PathMatch{Regex: "/a(/.*)?"})
	}
	switch w.IntN(4) {
	case 0:
		return &schema.PathMatch{Exact: pick(w, "/a", "/b", "/a/b", "/a/", "/v1/a", "/%c3%a9")}
	case 1, 2:
		return &schema.PathMatch{Prefix: pick(w, "/", "/a", "/a/", "/a/b", "/b", "/v1")}
	}
	return &schema.PathMatch{Regex: pick(w, "/a|/b", "/[ab]", "/a(/a)?", "/(a|b)/[0-9]+", "/.*", "/a.*", "(?i)/A/B", "/(a|b|ab)(/.*)?", `/a/\d{1,2}`,
		"/[^/]+", "/[^/]+/b", "/(?:a/)*b", "^/a/b$", "/v[12]/.*", `/\w+`, `/a\b.*`, "/(a|b){2}", "/a//b", "a/.*", "/%C3%A9", "/é", ".*[^/]", "/(?:)")}
}

func (w *world) value() schema.ValueMatch {
	switch w.IntN(3) {
	case 0:
		return schema.ValueMatch{Exact: new(pick(w, "1", "1", "2", "v1", "", " 1", "GET", "http", "https"))}
	case 1:
		return schema.ValueMatch{Regex: pick(w, "[12]", "1|2x", "v.*", ".+", "(?i)V1", "[^1]*", `\d+`, "[34]+", "v[[:alpha:]]|vé", "x^", "https?")}
	}
	return schema.ValueMatch{Present: new(w.IntN(2) == 0)}
}

func (w *world) match() *schema.Match {
	m := &schema.Match{}
	if w.IntN(8) > 0 {
		m.Path = w.path()
	}
	if w.IntN(3) == 0 {
		m.Methods = w.some(2, "GET", "POST", "OPTIONS")
	}
	for _, name := range w.headers {
		if w.IntN(3) == 0 {
			if m.Headers == nil {
				m.Headers = map[string]schema.ValueMatch{}
			}
			m.Headers[name] = w.value()
		}
	}
	for _, name := range w.query {
		if w.IntN(3) == 0 {
			m.Query = map[string]schema.ValueMatch{name: w.value()}
		}
	}
	return m
}

func (w *world) gateway() *schema.Gateway {
	w.narrow = w.IntN(2) == 0
	w.headers = pick(w, nil, []string{"x-one"}, []string{"x-one"}, []string{"X-One", "x-two"}, []string{"x-one", "Origin"}, []string{"access-control-request-method", "Authorization"}, []string{"connection"}, []string{"X-Forwarded-Proto"}, []string{"x-one", "x-forwarded-proto"})
	w.query = pick(w, nil, nil, []string{"q"}, []string{"page no"})
	hosts := []string{"a.test", "b.a.test", "*.a.test", "*.test", "*.b.a.test"}
	g := &schema.Gateway{
		Environment: "test",
		Listeners: map[string]schema.Listener{
			"http":     {Port: 80, Hosts: w.some(2, hosts...)},
			"redirect": {Port: 81, Redirect: &schema.ListenerRedirect{Listener: "http", Status: 308}},
		},
		APIs: map[string]schema.API{},
	}
	if w.IntN(2) == 0 {
		g.Listeners["inside"] = schema.Listener{Port: 8080, Hosts: w.some(w.IntN(3), hosts...)}
	}
	if w.IntN(2) == 0 {
		g.Listeners["secure"] = schema.Listener{
			Port: 443, Hosts: w.some(w.IntN(3), hosts...), TLS: &schema.ListenerTLS{Certificates: map[string]schema.Certificate{"main": {Secret: "main"}}},
		}
	}
	var names []string
	for name := range schema.Sorted(g.Listeners) {
		names = append(names, name)
	}
	for a := range 1 + w.IntN(3) {
		api := schema.API{Owner: pick(w, "", "team-a", "team-b", "team-c"), Hosts: w.some(w.IntN(3), hosts...), Routes: map[string]schema.Route{}}
		if w.IntN(3) == 0 {
			api.Listeners = w.some(2, names...)
		}
		for i := range 1 + w.IntN(5) {
			r := schema.Route{Match: w.match(), Respond: &schema.Respond{Status: 200}}
			if w.IntN(3) == 0 {
				r.CORS = &schema.CORS{Origins: []string{pick(w, "*", "https://a.test")}}
			}
			api.Routes[fmt.Sprintf("r%d", i)] = r
		}
		g.APIs[fmt.Sprintf("api%d", a)] = api
	}
	return g.Resolve()
}

// An entry is a route on one host pattern, as this reading of the rules has it.
type entry struct {
	api, name, host string
	route           schema.Route
	owner           string
	listeners       []string
	rank            []int
}

func (e *entry) String() string { return e.api + "/" + e.name }

func entriesOf(g *schema.Gateway) []*entry {
	var out []*entry
	for name, a := range schema.Sorted(g.APIs) {
		hosts := a.Hosts
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		var listeners []string
		for l, listener := range schema.Sorted(g.Listeners) {
			if listener.Redirect == nil && (len(a.Listeners) == 0 || slices.Contains(a.Listeners, l)) {
				listeners = append(listeners, l)
			}
		}
		for id, r := range schema.Sorted(a.Routes) {
			for _, h := range hosts {
				out = append(out, &entry{name, id, h, r, a.Owner, listeners, rankOf(h, r.Match)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *entry) int { return -slices.Compare(a.rank, b.rank) })
	return out
}

// rankOf is host, path, methods, header and query matches: the greater wins.
func rankOf(host string, m *schema.Match) []int {
	hostRank := len(host)
	if host != "" && host[0] != '*' {
		hostRank = 1000
	}
	pathRank := 0
	switch {
	case m.Path.Exact != "":
		pathRank = 1000
	case m.Path.Regex == "":
		prefix, _ := schema.NormalizePath(m.Path.Prefix)
		pathRank = 1 + len(strings.TrimSuffix(prefix, "/"))
	}
	return []int{hostRank, pathRank, min(1, len(m.Methods)), len(m.Headers), len(m.Query)}
}

func (w *world) whole(expr string) *regexp.Regexp {
	if w.expressions[expr] == nil {
		w.expressions[expr] = regexp.MustCompile(`\A(?:` + expr + `)\z`)
	}
	return w.expressions[expr]
}

func covers(pattern, host string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return pattern == "" || pattern == host
}

func (w *world) pathFits(m *schema.PathMatch, path string) bool {
	switch {
	case m.Exact != "":
		exact, _ := schema.NormalizePath(m.Exact)
		return path == exact
	case m.Regex != "":
		return w.whole(m.Regex).MatchString(path)
	}
	prefix, _ := schema.NormalizePath(m.Prefix)
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func (w *world) valueFits(v schema.ValueMatch, value string, there bool) bool {
	switch {
	case v.Exact != nil:
		return there && value == *v.Exact
	case v.Regex != "":
		return there && w.whole(v.Regex).MatchString(value)
	}
	return there == *v.Present
}

// takes reports whether a request with a method, in place of its own, is an entry's.
func (w *world) takes(e *entry, r *exchange.Request, method string) bool {
	m := e.route.Match
	if !covers(e.host, r.Host) || !w.pathFits(m.Path, r.Path) || len(m.Methods) > 0 && !slices.Contains(m.Methods, method) {
		return false
	}
	for name, v := range m.Headers {
		var values []string
		for _, f := range r.Header {
			if strings.EqualFold(f.Name, name) {
				values = append(values, f.Value)
			}
		}
		if !w.valueFits(v, strings.Join(values, ", "), len(values) > 0) {
			return false
		}
	}
	var query url.Values
	if len(m.Query) > 0 {
		query, _ = url.ParseQuery(r.Query)
	}
	for name, v := range m.Query {
		if !w.valueFits(v, query.Get(name), query.Has(name)) {
			return false
		}
	}
	return true
}

// classes returns one of the texts for each set of conditions that texts fulfil.
func classes(texts []string, conditions []func(string) bool) []string {
	var out []string
	seen := map[string]bool{}
	for _, text := range texts {
		key := make([]byte, len(conditions))
		for i, holds := range conditions {
			if holds(text) {
				key[i] = 1
			}
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, text)
		}
	}
	return out
}

const missing = "\x00" // the text of a field that is not there

// requests returns one request of each kind that there is.
func (w *world) requests(g *schema.Gateway, entries []*entry) []*exchange.Request {
	var onHost, onPath []func(string) bool
	for _, l := range g.Listeners {
		for _, h := range l.Hosts {
			onHost = append(onHost, func(text string) bool { return covers(h, text) })
		}
	}
	headers, query := map[string][]func(string) bool{"origin": nil, "access-control-request-method": nil}, map[string][]func(string) bool{}
	for _, e := range entries {
		onHost = append(onHost, func(text string) bool { return covers(e.host, text) })
		onPath = append(onPath, func(text string) bool { return w.pathFits(e.route.Match.Path, text) })
		add := func(to map[string][]func(string) bool, name string, v schema.ValueMatch) {
			to[name] = append(to[name], func(text string) bool { return w.valueFits(v, text, text != missing) })
		}
		for name, v := range e.route.Match.Headers {
			add(headers, strings.ToLower(name), v)
		}
		for name, v := range e.route.Match.Query {
			add(query, name, v)
		}
	}
	delete(headers, "connection") // no match ever sees it
	delete(headers, scheme)       // is the listener's
	var out []*exchange.Request
	for _, host := range classes(worldHosts, onHost) {
		for _, path := range classes(worldPaths, onPath) {
			for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
				out = append(out, &exchange.Request{Host: host, Path: path, Method: method})
			}
		}
	}
	for name, conditions := range schema.Sorted(headers) {
		conditions = append(conditions, func(text string) bool { return text == missing })
		if name == "access-control-request-method" {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				conditions = append(conditions, func(text string) bool { return text == method })
			}
		}
		values := classes(append([]string{missing}, worldValues...), conditions)
		all := out
		out = nil
		for _, r := range all {
			for _, value := range values {
				with := *r
				with.Header = slices.Clone(r.Header)
				if value != missing {
					with.Header.Add(name, value)
				}
				out = append(out, &with)
			}
		}
	}
	for name, conditions := range query {
		all := out
		out = nil
		for _, r := range all {
			for _, value := range classes(append([]string{missing, " 1"}, worldValues...), append(conditions, func(text string) bool { return text == missing })) {
				with := *r
				if value != missing {
					with.Query = url.Values{name: {value}}.Encode()
				}
				out = append(out, &with)
			}
		}
	}
	return out
}

// scheme is the field that says by which scheme a request came.
const scheme = "x-forwarded-proto"

// at returns a request as a listener gives it to the match table.
func at(l schema.Listener, r *exchange.Request) *exchange.Request {
	out := *r
	out.Header = append(slices.Clone(r.Header), exchange.Field{Name: scheme, Value: "http"})
	if l.TLS != nil {
		out.Header[len(r.Header)].Value = "https"
	}
	return &out
}

// A truth is what requests show: "code loser winner", or "code route".
type truth map[string]bool

func (w *world) truthOf(t *testing.T, g *schema.Gateway, table *route.Table) truth {
	out := truth{}
	entries := entriesOf(g)
	within := map[string]bool{}
	for _, sent := range w.requests(g, entries) {
		method, preflight := filter.Preflight(sent)
		for name, l := range g.Listeners {
			r := at(l, sent)
			if l.Redirect != nil || len(l.Hosts) > 0 && !slices.ContainsFunc(l.Hosts, func(h string) bool { return covers(h, r.Host) }) {
				continue
			}
			taking := func(r *exchange.Request, method string) (all []*entry) {
				for _, e := range entries {
					if slices.Contains(e.listeners, name) && w.takes(e, r, method) {
						all = append(all, e)
					}
				}
				return all
			}
			all := taking(r, r.Method)
			var winner *entry
			if preflight {
				if announced := taking(r, method); len(announced) > 0 && announced[0].route.CORS != nil {
					winner = announced[0]
				}
			}
			if winner == nil && len(all) > 0 {
				winner = all[0]
			}
			if found := table.Match(name, r); found == nil != (winner == nil) || found != nil && found.API+"/"+found.Name != winner.String() {
				t.Fatalf("%v: %v, and by the rules %v", r, found, winner)
			}
			if winner == nil {
				continue
			}
			out["reached "+winner.String()], out["reached "+winner.String()+" "+winner.host] = true, true
			if len(all) == 0 || winner != all[0] {
				continue // it was announced
			}
			for _, e := range all[1:] {
				w.contest(out, within, winner, e)
			}
			if preflight {
				continue
			}
			if winner.route.CORS != nil && r.Method != "OPTIONS" && (len(winner.route.Match.Methods) > 0 || r.Method != "PUT") {
				origin := strings.Replace(winner.route.CORS.Origins[0], "*", "https://page.example", 1)
				if own, _ := r.Header.Lookup("Origin"); own != "" && winner.route.CORS.Origins[0] == "*" && r.Header.Count("Origin") == 1 {
					origin = own
				}
				paged, p := *r, *r
				paged.Header = slices.Clone(r.Header)
				paged.Header.Set("Origin", origin) // by the page
				if to := table.Match(name, &paged); to == nil || to.API+"/"+to.Name != winner.String() {
					continue
				}
				p.Method, p.Header = "OPTIONS", nil
				p.Header.Add("Access-Control-Request-Method", r.Method)
				p.Header.Add("Origin", origin)
				p = *at(l, &p)
				if table.Match(name, &p) == nil {
					out["preflight-unanswered "+winner.String()] = true
				}
			}
		}
	}
	return out
}

// contest notes what a request shows that both entries match and the first takes.
func (w *world) contest(out truth, within map[string]bool, winner, e *entry) {
	if winner.host != e.host || winner.String() == e.String() {
		return
	}
	a, b := winner.route.Match, e.route.Match
	note := func(code string) { out[code+" "+e.String()+" "+winner.String()] = true }
	text := func(m *schema.Match) string {
		p := *m.Path
		if p.Exact, _ = schema.NormalizePath(p.Exact); p.Regex == "" && m.Path.Exact == "" {
			p.Prefix, _ = schema.NormalizePath(p.Prefix)
			p.Prefix = strings.TrimSuffix(p.Prefix, "/")
		}
		return fmt.Sprint(p)
	}
	values := func(m *schema.Match) string {
		var all []string
		for name, v := range m.Headers {
			all = append(all, fmt.Sprintf("h %s %v %s", strings.ToLower(name), v.Present != nil && *v.Present, v.Regex))
			if v.Exact != nil {
				all = append(all, fmt.Sprintf("h %s = %s", name, *v.Exact))
			}
		}
		for name, v := range m.Query {
			all = append(all, fmt.Sprintf("q %s %v %s", name, v.Present != nil && *v.Present, v.Regex))
			if v.Exact != nil {
				all = append(all, fmt.Sprintf("q %s = %s", name, *v.Exact))
			}
		}
		slices.Sort(all)
		return strings.Join(all, "\n")
	}
	samePath := text(a) == text(b)
	tied := slices.Equal(winner.rank, e.rank)
	switch {
	case tied && samePath && values(a) == values(b):
		note("route-conflict")
		return
	case tied:
		note("route-overlap")
	case samePath && len(a.Methods) > 0 && len(b.Methods) == 0 && len(a.Headers)+len(a.Query) < len(b.Headers)+len(b.Query):
		note("route-outranked")
	}
	if winner.owner == "" || e.owner == "" || winner.owner == e.owner {
		return
	}
	key := winner.String() + " " + e.String()
	nested, known := within[key]
	if !known {
		nested = !slices.ContainsFunc(worldPaths, func(p string) bool { return w.pathFits(a.Path, p) && !w.pathFits(b.Path, p) })
		within[key] = nested
	}
	everything := b.Path.Prefix == "/" || b.Path.Regex == "/.*"
	if winner.rank[1] == e.rank[1] || !nested || !everything {
		note("route-taken")
	}
}

// asked reads a finding's request, and says which listener it goes to.
func asked(t *testing.T, g *schema.Gateway, in *diag.Request) (string, *exchange.Request) {
	u, err := url.Parse(in.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &exchange.Request{Method: in.Method, Host: u.Hostname(), Path: u.EscapedPath(), Query: u.RawQuery}
	for _, f := range in.Headers {
		r.Header.Add(f.Name, f.Value)
	}
	for _, name := range in.Without {
		if r.Header.Count(name) > 0 {
			t.Errorf("%v: %s is there", in, name)
		}
	}
	var fitting []string
	for name, l := range schema.Sorted(g.Listeners) {
		if (l.TLS != nil) == (u.Scheme == "https") && l.Redirect == nil && (u.Port() == "" || u.Port() == strconv.Itoa(l.Port)) {
			fitting = append(fitting, name)
		}
	}
	if len(fitting) != 1 {
		t.Fatalf("%s goes to %v", in.URL, fitting)
	}
	if r.Header.Count(scheme) > 0 {
		t.Errorf("%v: nobody can send %s", in, scheme)
	}
	return fitting[0], at(g.Listeners[fitting[0]], r)
}

func routeOf(p schema.Path) string {
	names := p.Names()
	return names[1] + "/" + names[3]
}

// What is said of random gateways is what all kinds of requests show, and each example does what is said of it.
func FuzzFindingsAgreeWithAllRequests(f *testing.F) {
	for seed := range uint64(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { agree(t, seed, map[string]int{}) })
}

func TestFindingsAgreeWithAllRequests(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(worlds) {
		agree(t, seed, counts)
	}
	for _, code := range []string{"route-unreachable error", "canary-unsplit error", "route-conflict error", "route-overlap warning",
		"route-outranked warning", "route-taken warning", "route-taken info", "preflight-unanswered warning", "never reached"} {
		if counts[code] < 3 {
			t.Errorf("only %d of %s", counts[code], code)
		}
	}
}

func agree(t *testing.T, seed uint64, counts map[string]int) {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 21)), expressions: map[string]*regexp.Regexp{}}
	g := w.gateway()
	table, problems := route.Build(g, filter.Deps{})
	if len(problems) > 0 {
		t.Fatal(problems[0].Error())
	}
	real := w.truthOf(t, g, table)
	said := truth{}
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("seed %d: "+format, append([]any{seed}, args...)...)
	}
	for _, f := range check.Run(g) {
		switch f.Code {
		case "route-undecided":
			fail("%s", f.Message)
		case "route-unreachable", "canary-unsplit":
			r := routeOf(f.Path)
			if f.Severity != diag.Error {
				said["in part "+r] = true
				break
			}
			said["unreachable "+r] = true
			if real["reached "+r] {
				fail("%s is reached: %s", r, f.Message)
			}
		case "route-conflict", "route-overlap", "route-outranked", "route-taken":
			for _, related := range f.Related {
				key := f.Code + " " + routeOf(f.Path) + " " + routeOf(related.Path)
				said[key] = true
				if !real[key] {
					fail("nothing shows that %s: %s", key, f.Message)
				}
			}
		case "header-unseen":
			if f.Severity == diag.Error {
				said["unreachable "+routeOf(f.Path)] = true
			}
			continue
		case "preflight-unanswered":
			said[f.Code+" "+routeOf(f.Path)] = true
			if !real[f.Code+" "+routeOf(f.Path)] {
				fail("the preflight is answered: %s", f.Message)
			}
		default:
			continue
		}
		counts[f.Code+" "+f.Severity.String()]++
		if f.Request == nil {
			if f.Code != "route-unreachable" || len(f.Related) > 0 {
				fail("no example: %s", f.Message)
			}
			continue
		}
		listener, r := asked(t, g, f.Request)
		found := table.Match(listener, r)
		switch {
		case f.Code == "preflight-unanswered":
			if found != nil {
				fail("%v is answered by %s", f.Request, found.Name)
			}
		case found == nil || found.API+"/"+found.Name != routeOf(f.Related[0].Path):
			fail("%v goes to %v, not as said: %s", f.Request, found, f.Message)
		case !slices.ContainsFunc(entriesOf(g), func(e *entry) bool { return e.String() == routeOf(f.Path) && w.takes(e, r, r.Method) }):
			fail("%v is not %s's: %s", f.Request, routeOf(f.Path), f.Message)
		}
	}
	for name, a := range schema.Sorted(g.APIs) {
		for id := range schema.Sorted(a.Routes) {
			r := name + "/" + id
			if real["reached "+r] {
				continue
			}
			counts["never reached"]++
			conflict := slices.ContainsFunc(keys(said), func(key string) bool { return strings.HasPrefix(key, "route-conflict "+r+" ") })
			if !said["unreachable "+r] && !conflict && servedAnywhere(g, a) {
				fail("%s is not reached, and nothing says so", r)
			}
		}
	}
	for key := range real {
		code, rest, _ := strings.Cut(key, " ")
		loser, _, _ := strings.Cut(rest, " ")
		if code != "reached" && !said[key] && real["reached "+loser] && !said["in part "+loser] {
			fail("nothing says that %s", key)
		}
	}
}

const worlds = 200

func keys(m truth) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}

// servedAnywhere reports whether a listener takes a host of an API.
func servedAnywhere(g *schema.Gateway, a schema.API) bool {
	for name, l := range g.Listeners {
		if l.Redirect != nil || len(a.Listeners) > 0 && !slices.Contains(a.Listeners, name) {
			continue
		}
		for _, host := range worldHosts {
			if (len(l.Hosts) == 0 || slices.ContainsFunc(l.Hosts, func(h string) bool { return covers(h, host) })) &&
				(len(a.Hosts) == 0 || slices.ContainsFunc(a.Hosts, func(h string) bool { return covers(h, host) })) {
				return true
			}
		}
	}
	return false
}
