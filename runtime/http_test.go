package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gwc.dev/schema"
)

func TestTheBackendSeesTheRequest(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := p.do("GET", "/a%2Fb/c?q=1&q=%20", "Host: API.example.com:8080", "X-Request-Id: given-1", "X-Twice: a", "X-Twice: b",
		"Connection: X-Hop", "X-Hop: 1", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "Forwarded: for=6.6.6.6",
		"X_Forwarded_For: 6.6.6.6", "X-Real-Ip: 6.6.6.6", "Te: trailers", "Via: 1.0 fred", "Client-Cert: :AA==:", "Client_Cert: :AA==:",
		"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").echoed(t)
	want := echoed{
		Name: "one", Method: "GET", Target: "/a%2Fb/c?q=1&q=%20", Host: "API.example.com:8080",
		Header: http.Header{
			"Accept-Encoding": {"gzip"}, "User-Agent": {"Go-http-client/1.1"}, "X-Twice": {"a", "b"}, "Te": {"trailers"}, "Connection": {"TE"},
			"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"API.example.com:8080"},
			"Forwarded": {`for=127.0.0.1;host="API.example.com:8080";proto=http`}, "Via": {"1.0 fred", "1.1 gwproxy"},
			"X-Request-Id": {"given-1"}, "Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreMapEntries(func(k string, _ []string) bool { return k == "Accept-Encoding" })); diff != "" {
		t.Errorf("request at the backend (-want +got):\n%s", diff)
	}
}

func TestTrustedProxiesAreBelievedAsFarAsTheyGo(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
		g.TrustedProxies = []string{"127.0.0.1", "10.0.0.0/8"}
	}))
	tests := map[string]struct {
		chain  []string
		client string
		sent   string
	}{
		"none":                     {nil, "127.0.0.1", "127.0.0.1"},
		"one":                      {[]string{"203.0.113.9"}, "203.0.113.9", "203.0.113.9, 127.0.0.1"},
		"behind a trusted one":     {[]string{"203.0.113.9, 10.1.1.1"}, "203.0.113.9", "203.0.113.9, 10.1.1.1, 127.0.0.1"},
		"with a lie on the left":   {[]string{"10.9.9.9, 203.0.113.9, 10.1.1.1"}, "203.0.113.9", "10.9.9.9, 203.0.113.9, 10.1.1.1, 127.0.0.1"},
		"over two lines":           {[]string{"203.0.113.9", "10.1.1.1"}, "203.0.113.9", "203.0.113.9, 10.1.1.1, 127.0.0.1"},
		"with what is no address":  {[]string{"unknown, 10.1.1.1"}, "10.1.1.1", "unknown, 10.1.1.1, 127.0.0.1"},
		"with a port":              {[]string{"[2001:db8::1]:99"}, "2001:db8::1", "[2001:db8::1]:99, 127.0.0.1"},
		"trusted ones all the way": {[]string{"10.1.1.2, 10.1.1.1"}, "10.1.1.2", "10.1.1.2, 10.1.1.1, 127.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			id := strings.ReplaceAll(name, " ", "-")
			fields := []string{"X-Request-Id: " + id, "X-Forwarded-Proto: https"}
			for _, line := range test.chain {
				fields = append(fields, "X-Forwarded-For: "+line)
			}
			got := p.do("GET", "/", fields...).echoed(t)
			if want := test.sent; got.Header.Get("X-Forwarded-For") != want {
				t.Errorf("the backend was told %q, want %q", got.Header.Get("X-Forwarded-For"), want)
			}
			if got.Header.Get("X-Forwarded-Proto") != "https" {
				t.Errorf("the backend was told the scheme %q", got.Header.Get("X-Forwarded-Proto"))
			}
			if r := p.record(id); r["client"] != test.client {
				t.Errorf("client %v, want %v", r["client"], test.client)
			}
		})
	}
}

func TestForwardedIsBelievedWhereItStandsAlone(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(g *schema.Gateway, _ *schema.Route) {
		g.TrustedProxies = []string{"127.0.0.1", "10.0.0.0/8"}
	}))
	tests := map[string]struct {
		said             []string
		client           string
		forwarded, chain string
	}{
		"one": {
			[]string{"Forwarded: for=203.0.113.9;proto=https;host=shop.example.com"}, "203.0.113.9",
			"for=203.0.113.9, for=127.0.0.1;host=shop.example.com;proto=https", "203.0.113.9, 127.0.0.1",
		},
		"in any case, quoted, with a port": {
			[]string{`Forwarded: Proto=https; For="[2001:db8::1]:4711"`}, "2001:db8::1",
			`for="[2001:db8::1]", for=127.0.0.1;host=a;proto=https`, "2001:db8::1, 127.0.0.1",
		},
		"behind a trusted one, with a lie on the left": {
			[]string{"Forwarded: for=6.6.6.6;proto=https, for=203.0.113.9;proto=http", "Forwarded: for=10.1.1.1;proto=https"},
			"203.0.113.9", "for=6.6.6.6, for=203.0.113.9, for=10.1.1.1, for=127.0.0.1;host=a;proto=http",
			"6.6.6.6, 203.0.113.9, 10.1.1.1, 127.0.0.1",
		},
		"hidden": {
			[]string{"Forwarded: for=_gazonk"}, "127.0.0.1", "for=unknown, for=127.0.0.1;host=a;proto=http", "unknown, 127.0.0.1",
		},
		"a separator in quotes": {
			[]string{`Forwarded: for="6.6.6.6, for=10.1.1.1";by="a;b"`}, "127.0.0.1",
			"for=unknown, for=127.0.0.1;host=a;proto=http", "unknown, 127.0.0.1",
		},
		"beside X-Forwarded-For it is not": {
			[]string{"Forwarded: for=6.6.6.6;proto=https", "X-Forwarded-For: 203.0.113.9"}, "203.0.113.9",
			"for=203.0.113.9, for=127.0.0.1;host=a;proto=http", "203.0.113.9, 127.0.0.1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			id := strings.NewReplacer(" ", "-", ",", "").Replace(name)
			got := p.do("GET", "/", append([]string{"Host: a", "X-Request-Id: " + id}, test.said...)...).echoed(t)
			want := []string{test.forwarded, test.chain}
			told := []string{strings.Join(got.Header["Forwarded"], "|"), strings.Join(got.Header["X-Forwarded-For"], "|")}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("Forwarded and X-Forwarded-For at the backend (-want +got):\n%s", diff)
			}
			if r := p.record(id); r["client"] != test.client {
				t.Errorf("client %v, want %v", r["client"], test.client)
			}
		})
	}
}

func TestRequestIDsAreKeptOrMade(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL))
	for _, bad := range []string{"", "a b", "a\"b", strings.Repeat("a", 129), "ä"} {
		a := p.do("GET", "/", "X-Request-Id: "+bad)
		id := a.Header.Get("X-Request-Id")
		if len(id) != 32 || id == bad {
			t.Errorf("for %q the id is %q, want a new one", bad, id)
		}
		if got := a.echoed(t).Header["X-Request-Id"]; len(got) != 1 || got[0] != id {
			t.Errorf("the backend saw the ids %q, the client %q", got, id)
		}
	}
}

// raw sends bytes and returns the answers' bytes until the server closes.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWhatIsNotPlainlyARequestIsRefused(t *testing.T) {
	var reached atomic.Bool
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/chunk" { // its head is well-formed and may be on its way already
			reached.Store(true)
		}
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	const rest = "Host: a\r\nConnection: close\r\n\r\n"
	tests := map[string]struct {
		request string
		status  int
	}{
		"broken escape":             {"GET /a%zz HTTP/1.1\r\n" + rest, 400},
		"fragment":                  {"GET /a#b HTTP/1.1\r\n" + rest, 400},
		"asterisk":                  {"OPTIONS * HTTP/1.1\r\n" + rest, 400},
		"tunnel":                    {"CONNECT a:443 HTTP/1.1\r\n" + rest, 405},
		"user name in the host":     {"GET / HTTP/1.1\r\nHost: u@a\r\nConnection: close\r\n\r\n", 400},
		"path in the host":          {"GET / HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n", 400},
		"port and no host":          {"GET / HTTP/1.1\r\nHost: :80\r\nConnection: close\r\n\r\n", 400},
		"address that is empty":     {"GET / HTTP/1.1\r\nHost: []\r\nConnection: close\r\n\r\n", 400},
		"label that is empty":       {"GET / HTTP/1.1\r\nHost: a..b\r\nConnection: close\r\n\r\n", 400},
		"dot twice at the end":      {"GET / HTTP/1.1\r\nHost: a..\r\nConnection: close\r\n\r\n", 400},
		"dot and no host":           {"GET / HTTP/1.1\r\nHost: .\r\nConnection: close\r\n\r\n", 400},
		"port that is none":         {"GET / HTTP/1.1\r\nHost: a:b\r\nConnection: close\r\n\r\n", 400},
		"two hosts":                 {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400},
		"no host":                   {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400},
		"two lengths":               {"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n" + rest + "abcd", 400},
		"length with a sign":        {"POST / HTTP/1.1\r\nContent-Length: +3\r\n" + rest + "abc", 400},
		"space before the colon":    {"GET / HTTP/1.1\r\nX-A : 1\r\n" + rest, 400},
		"unknown transfer coding":   {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + rest + "0\r\n\r\n", 501},
		"chunk size that is none":   {"POST /chunk HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + rest + "zz\r\nabc\r\n0\r\n\r\n", 400},
		"header that is too large":  {"GET / HTTP/1.1\r\nX-A: " + strings.Repeat("a", 80<<10) + "\r\n" + rest, 431},
		"version that is not there": {"GET / HTTP/3.0\r\n" + rest, 505},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reached.Store(false)
			got := raw(t, p.address("http"), test.request)
			if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", test.status)) {
				t.Errorf("answer %q, want status %d", got, test.status)
			}
			if reached.Load() {
				t.Error("the backend was asked")
			}
		})
	}
}

// What one server reads as one path and another as two is how requests get past the filters of a route.
func TestAPathOfTwoReadingsIsRefused(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(g *schema.Gateway, r *schema.Route) {
		admin := *r
		admin.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/admin"}}
		admin.Auth = &schema.Auth{APIKey: &schema.APIKeyAuth{}}
		g.APIs = map[string]schema.API{"echo": {Routes: map[string]schema.Route{"admin": admin}}}
	}))
	for path, want := range map[string]int{
		"/admin/users": 401, "/%61dmin/users": 401, "//admin": 401, "/x/..//admin": 401,
		"/admin%2fusers": 400, "/admin%5Cusers": 400, "/admin;x/users": 400, "/;/admin": 400, "/%2Fadmin": 400,
		"/a%2Fb": 200, "/a;b/c": 200,
	} {
		got := raw(t, p.address("http"), "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", want)) {
			t.Errorf("%s: %.40q, want status %d", path, got, want)
		}
	}
}

func TestAbsoluteFormNamesTheHost(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := raw(t, p.address("http"), "GET http://real.example.com/a?b HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
	if !strings.Contains(got, `"Target":"/a?b","Host":"real.example.com"`) {
		t.Errorf("answer %s", got)
	}
}

func TestLengthAndChunksTogetherSmuggleNothing(t *testing.T) {
	var seen []string
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+r.RequestURI+" "+string(body))
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := raw(t, p.address("http"), "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("one request was answered by %q", got)
	}
	if len(seen) > 0 {
		t.Errorf("the backend was asked %q", seen)
	}
}

func TestErrorsAreProblemDocuments(t *testing.T) {
	p := start(t)
	p.publish(gateway(t, "http://"+closedPort(t), func(g *schema.Gateway, r *schema.Route) {
		r.Match = &schema.Match{Path: &schema.PathMatch{Prefix: "/down"}}
	}))
	tests := map[string]struct {
		status int
		title  string
		reason string
	}{
		"/nowhere": {404, "Not Found", "no-route"},
		"/down":    {502, "Bad Gateway", "connect-failure"},
	}
	for path, test := range tests {
		a := p.do("GET", path, "X-Request-Id: id"+strings.ReplaceAll(path, "/", "-"))
		var problem struct {
			Type, Title, Instance string
			Status                int
		}
		if err := json.Unmarshal([]byte(a.Body), &problem); err != nil {
			t.Fatal(err)
		}
		id := "id" + strings.ReplaceAll(path, "/", "-")
		if a.Status != test.status || problem.Status != test.status || problem.Title != test.title || problem.Type != "about:blank" ||
			problem.Instance != "urn:request:"+id || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: status %d, problem %+v, type %q", path, a.Status, problem, a.Header.Get("Content-Type"))
		}
		if r := p.record(id); r["reason"] != test.reason || r["status"] != float64(test.status) {
			t.Errorf("%s: access log %v", path, r)
		}
		if strings.Contains(a.Body, "127.0.0.1") {
			t.Errorf("%s: the body gives an address away: %s", path, a.Body)
		}
	}
}

func TestASlowBackendIsATimeout(t *testing.T) {
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) { r.Timeout = schema.Duration(100 * time.Millisecond) }))
	if a := p.do("GET", "/"); a.Status != 504 {
		t.Errorf("status %d, want 504", a.Status)
	}
	// The time runs from the request's last byte: a slow sender has its own.
	reader, writer := io.Pipe()
	go func() {
		for range 4 {
			time.Sleep(50 * time.Millisecond)
			_, _ = writer.Write([]byte("x"))
		}
		writer.Close()
	}()
	began := time.Now()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url()+"/", reader)
	if err != nil {
		t.Fatal(err)
	}
	a := send(t, client(t), r)
	if took := time.Since(began); a.Status != 504 || took < 250*time.Millisecond {
		t.Errorf("status %d after %v, want 504 after 0.3 s", a.Status, took)
	}
}

func TestATimeoutInTheMiddleOfTheAnswerCutsIt(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half of")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) { r.Timeout = schema.Duration(100 * time.Millisecond) }))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Request-Id", "cut")
	response, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if data, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("the client took %q for the whole answer", data)
	}
	if r := p.record("cut"); r["reason"] != "timeout" || r["status"] != 200.0 {
		t.Errorf("access log %v", r)
	}
}

func TestAClientThatLeavesEndsTheCall(t *testing.T) {
	ended := make(chan struct{})
	asked := make(chan struct{})
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(ended)
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Request-Id", "gone")
	go func() { <-asked; leave() }()
	if response, err := client(t).Do(r); err == nil {
		response.Body.Close()
		t.Fatal("there is an answer")
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the backend is still asked")
	}
	if r := p.record("gone"); r["status"] != 499.0 || r["reason"] != "client-gone" {
		t.Errorf("access log %v", r)
	}
}

func TestHeadHasTheLengthAndNoBody(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1234") })
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := raw(t, p.address("http"), "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.Contains(got, "Content-Length: 1234\r\n") || !strings.HasSuffix(got, "\r\n\r\n") || strings.Contains(got, "Content-Type") {
		t.Errorf("answer %q", got)
	}
}

func TestWebSocketRefusedByTheBackendIsAnAnswer(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := raw(t, p.address("http"), "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("answer %s", got)
	}
}
