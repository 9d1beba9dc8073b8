package behaviour_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/compiler/space"
	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/schema"
)

var (
	observedPairs    = flag.Int("observedpairs", 5, "how many random pairs of gateways are served and compared by their answers")
	observedRequests = flag.Int("observedrequests", 400, "how many random requests are sent to both of each")
)

// Whatever two running gateways answer otherwise, with whatever credentials, origin or body, lies in a class of the report. No
// reading of the model has a say in this: answers are compared, and what backends have seen.
func TestWhatIsAnsweredOtherwiseIsInAClass(t *testing.T) {
	people := newPeople(t)
	diverged := 0
	for n := range uint64(*observedPairs) {
		r := rand.New(rand.NewPCG(*seed+n, 17))
		old := sample.Gateway(r)
		new := sample.Edited(r, old)
		if r.IntN(5) == 0 {
			new = sample.Gateway(r)
		}
		old, new = people.observable(old), people.observable(new)
		diverged += people.observe(t, fmt.Sprintf("seed %d", *seed+n), r, old, new)
		if t.Failed() {
			a, _ := old.Encode()
			b, _ := new.Encode()
			t.Logf("old: %snew: %s", a, b)
			return
		}
	}
	t.Logf("%d of %d requests were answered otherwise", diverged, *observedPairs**observedRequests)
	if diverged == 0 {
		t.Error("no request was answered otherwise")
	}
}

// People are who may call: by tokens of issuers, and by keys that gateways know the digests of.
type people struct {
	tokens  []string
	jwks    schema.JSON
	servers map[string]string // stand-ins by the host and port that they are for
}

func newPeople(t *testing.T) *people {
	p := &people{servers: map[string]string{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	var sorted any // names in order, as models have them
	if err := json.Unmarshal(set, &sorted); err != nil {
		t.Fatal(err)
	}
	if p.jwks, err = json.Marshal(sorted); err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, issuer := range []string{"https://i1.test", "https://i2.test"} {
		for _, audience := range [][]string{{"a1"}, {"a2"}, {"a1", "a2"}, {"other"}} {
			for _, claims := range []map[string]any{
				{"level": 1}, {"scope": "read"}, {"scope": "write", "groups": []string{"gold"}}, {"scope": "read", "groups": []string{"free", "gold"}},
			} {
				for _, subject := range []string{"c0", "c1", "nobody"} {
					claims["iss"], claims["aud"], claims["sub"], claims["exp"] = issuer, audience, subject, time.Now().Add(time.Hour).Unix()
					token, err := jwt.Signed(signer).Claims(claims).Serialize()
					if err != nil {
						t.Fatal(err)
					}
					p.tokens = append(p.tokens, token)
				}
			}
		}
	}
	for _, host := range []string{"one.test", "two.test", "One.test"} {
		for _, port := range []int{80, 81} {
			at := net.JoinHostPort(host, strconv.Itoa(port))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { echo(w, r, strings.ToLower(at)) }))
			t.Cleanup(server.Close)
			p.servers[at] = server.Listener.Addr().String()
		}
	}
	return p
}

// own are fields in which answers and requests differ that are treated alike.
var own = []string{"Date", "X-Request-Id", "Traceparent", "Tracestate", "Ratelimit", "Gwproxy-Route", "Connection", "Keep-Alive"}

// echo answers with all that a backend sees.
func echo(w http.ResponseWriter, r *http.Request, at string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	for _, name := range own {
		r.Header.Del(name)
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"} { // the port that is listened at is chance
		r.Header.Del(name)
	}
	w.Header().Set("Server", "backend")
	w.Header().Set("X-A", "backend")
	fmt.Fprintln(w, at, r.Method, r.RequestURI, r.Host, len(body))
	if err := r.Header.Write(w); err != nil {
		return
	}
}

// observable returns a gateway without what chance decides, and with keys that people have: of each upstream one endpoint, of
// each route one backend, limits that nobody comes to, and no TLS.
func (p *people) observable(g *schema.Gateway) *schema.Gateway {
	g = sample.Copy(g)
	for name, l := range g.Listeners {
		l.TLS = nil
		g.Listeners[name] = l
	}
	for name, u := range g.Upstreams {
		u.TLS, u.Protocol = nil, ""
		first := slices.Min(slices.Collect(maps.Keys(u.Endpoints)))
		e := u.Endpoints[first]
		e.Weight = 1
		u.Endpoints = map[string]schema.Endpoint{first: e}
		g.Upstreams[name] = u
	}
	for name, c := range g.Consumers {
		for id, k := range c.APIKeys {
			digest := sha256.Sum256([]byte("key " + strings.TrimLeft(k.SHA256, "0")))
			k.SHA256 = hex.EncodeToString(digest[:])
			c.APIKeys[id] = k
		}
		g.Consumers[name] = c
	}
	p.filters(&g.Filters)
	for name, api := range g.APIs {
		p.filters(&api.Filters)
		for id, r := range api.Routes {
			p.filters(&r.Filters)
			for b, backend := range schema.Sorted(r.Backends) {
				if backend.Weight > 0 {
					r.Backends = map[string]schema.Backend{b: {Weight: 1}}
					break
				}
			}
			api.Routes[id] = r
		}
		g.APIs[name] = api
	}
	return g
}

func (p *people) filters(f *schema.Filters) {
	if f.Auth != nil && f.Auth.JWT != nil {
		f.Auth.JWT.JWKS = schema.JWKS{Inline: p.jwks}
	}
	if f.RateLimit != nil {
		for name, w := range f.RateLimit.Windows {
			w.Requests *= 100_000
			w.Burst *= 100_000
			f.RateLimit.Windows[name] = w
		}
	}
}

// observe sends random requests to both gateways, and returns how many were answered otherwise.
func (p *people) observe(t *testing.T, name string, r *rand.Rand, old, new *schema.Gateway) (diverged int) {
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	at := places(old, new)
	said := map[string]bool{}
	everywhere := map[string]bool{}
	for _, c := range withAlike(report.Classes) {
		for _, listener := range c.Listeners {
			if c.Request == nil {
				everywhere[listener] = true
			}
			said[pairAt(listener, c.Old.String(), c.New.String())] = true
		}
	}
	before, after := p.serve(t, old), p.serve(t, new)
	for range *observedRequests {
		request := p.request(r)
		for listener, was := range at {
			a, b := request.send(t, before[was]), request.send(t, after[listener])
			if a.text == b.text {
				continue
			}
			diverged++
			if !said[pairAt(listener, a.route, b.route)] && !everywhere[listener] {
				t.Errorf("%s: %.400s\nis answered otherwise at %s by %s and %s, and no class says so:\n%s\n%s", name, request.text, listener, a.route, b.route, a.text, b.text)
				return diverged
			}
		}
	}
	return diverged
}

// serve serves a gateway before the stand-ins and returns where its listeners are.
func (p *people) serve(t *testing.T, g *schema.Gateway) map[string]string {
	return runtimetest.Serve(t, g.Resolve(), runtime.Options{RevealRoute: true, Upstream: func(upstream, endpoint string) string {
		e := g.Upstreams[upstream].Endpoints[endpoint]
		return p.servers[net.JoinHostPort(e.Host, strconv.Itoa(e.Port))]
	}})
}

// A sent is a request as it goes over the wire.
type sent struct{ method, text string }

func (p *people) request(r *rand.Rand) *sent {
	q := sample.Request(r)
	var b strings.Builder
	target := q.Path
	query := q.RawQuery()
	one := func(n int) bool { return r.IntN(n) == 0 }
	key := fmt.Sprint("key ", []int{0, 1, 10, 11, 20, 100, 101, 110, 119}[r.IntN(9)])
	if one(8) {
		query = strings.TrimPrefix(query+"&key="+strings.ReplaceAll(key, " ", "%20"), "&")
	}
	if query != "" {
		target += "?" + query
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", q.Method, target, q.Host)
	for _, f := range q.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(q.Header, func(f space.Field) bool { return f.Name == name })
	}
	field := func(name string, values ...string) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[r.IntN(len(values))])
	}
	if one(3) {
		field([]string{"apikey", "X-Key", "X-API-Key"}[r.IntN(3)], key)
	}
	if one(3) {
		field([]string{"Authorization", "Authorization", "X-Token"}[r.IntN(3)], "Bearer "+p.tokens[r.IntN(len(p.tokens))])
	}
	if !has("origin") && one(4) {
		field("Origin", "https://a.test", "https://x.b.test", "https://evil.test", "null")
	}
	if has("access-control-request-method") && one(2) {
		field("Access-Control-Request-Headers", "x-a", "x-a, x-b", "x-c")
	}
	for _, name := range []string{"X-A", "X-B", "X-User", "X-Forwarded-For"} {
		if one(6) {
			field(name, "client", "10.1.2.3")
		}
	}
	size := 0
	if q.Method == "POST" || q.Method == "PUT" {
		size = []int{0, 500, 1500, 2500}[r.IntN(4)]
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", size, strings.Repeat("a", size))
	return &sent{q.Method, b.String()}
}

// names are of the request, and of what may have any name.
var names = regexp.MustCompile(`urn:request:[0-9a-f]*|realm="[^"]*"`)

// A seen is an answer in one form for what is treated alike.
type seen struct{ route, text string }

func (s *sent) send(t *testing.T, address string) seen {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, s.text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: s.method})
	if err != nil {
		t.Fatalf("%s: %v", s.text, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", s.text, err)
	}
	out := seen{route: resp.Header.Get("Gwproxy-Route")}
	if out.route == "" {
		out.route = "none"
	}
	for _, name := range own {
		resp.Header.Del(name)
	}
	var b strings.Builder
	fmt.Fprintln(&b, resp.StatusCode)
	if err := resp.Header.Write(&b); err != nil {
		t.Fatal(err)
	}
	out.text = names.ReplaceAllString(b.String()+string(body), "")
	return out
}
