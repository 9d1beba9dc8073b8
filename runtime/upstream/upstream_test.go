package upstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

// counted is an observer that keeps what it is told.
type counted struct {
	mu     sync.Mutex
	events []string
}

func (c *counted) Retried(up string)        { c.add("retry " + up) }
func (c *counted) Failed(up, reason string) { c.add(reason + " " + up) }
func (c *counted) add(e string)             { c.mu.Lock(); c.events = append(c.events, e); c.mu.Unlock() }

func endpoint(t *testing.T, address string, weight int) schema.Endpoint {
	t.Helper()
	at, err := netip.ParseAddrPort(strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Endpoint{Host: at.Addr().String(), Port: int(at.Port()), Weight: weight}
}

// one returns a model of one upstream "up" with the given endpoints.
func one(endpoints ...schema.Endpoint) *schema.Gateway {
	up := schema.Upstream{Endpoints: map[string]schema.Endpoint{}, ConnectTimeout: schema.Duration(time.Second)}
	for i, e := range endpoints {
		up.Endpoints[string(rune('a'+i))] = e
	}
	return &schema.Gateway{Upstreams: map[string]schema.Upstream{"up": up}}
}

func build(t *testing.T, pool *upstream.Pool, g *schema.Gateway) *upstream.Set {
	t.Helper()
	set, problems := pool.Build(g, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	pool.Use(set)
	t.Cleanup(pool.Close)
	return set
}

func get(ctx context.Context) *exchange.Exchange {
	x := &exchange.Exchange{Context: ctx}
	x.Request = exchange.Request{Method: "GET", Path: "/", Authority: "example.com"}
	return x
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestSharesAreExact(t *testing.T) {
	seen := map[string]int{}
	g := &schema.Gateway{Upstreams: map[string]schema.Upstream{}}
	weights := map[string]int{"big": 90, "small": 9, "tiny": 1, "off": 0}
	var backends []upstream.Backend
	for _, name := range []string{"big", "off", "small", "tiny"} {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen[name]++ }))
		t.Cleanup(server.Close)
		g.Upstreams[name] = schema.Upstream{Endpoints: map[string]schema.Endpoint{"main": endpoint(t, server.URL, 1)}}
		backends = append(backends, upstream.Backend{Upstream: name, Weight: weights[name]})
	}
	route := build(t, upstream.NewPool(upstream.Options{Rand: func() uint64 { return 17 }}), g).Route(backends, nil, &counted{})
	longest, run := 0, 0 // of requests without one for "small"
	for range 300 {
		before := seen["small"]
		x := get(t.Context())
		answer, err := route.Do(x, upstream.Request{})
		if err != nil {
			t.Fatal(err)
		}
		answer.Close()
		if run++; seen["small"] > before {
			run = 0
		}
		longest = max(longest, run)
	}
	if diff := cmp.Diff(map[string]int{"big": 270, "small": 27, "tiny": 3}, seen); diff != "" {
		t.Errorf("requests by backend (-want +got):\n%s", diff)
	}
	if longest > 25 {
		t.Errorf("%d requests in a row missed a backend whose share is 9%%", longest)
	}
}

func TestEndpointsTakeTurns(t *testing.T) {
	var first, second atomic.Int32
	a := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { first.Add(1) }))
	defer a.Close()
	b := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { second.Add(1) }))
	defer b.Close()
	set := build(t, upstream.NewPool(upstream.Options{}), one(endpoint(t, a.URL, 3), endpoint(t, b.URL, 1)))
	route := set.Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, nil, &counted{})
	for range 40 {
		answer, err := route.Do(get(t.Context()), upstream.Request{})
		if err != nil {
			t.Fatal(err)
		}
		answer.Close()
	}
	if first.Load() != 30 || second.Load() != 10 {
		t.Errorf("requests: %d and %d, want 30 and 10", first.Load(), second.Load())
	}
}

func TestRetries(t *testing.T) {
	all := []string{"connect-failure", "reset", "timeout", "503"}
	safe := []string{"GET"}
	type outcome struct {
		Reason  string // of the failure; empty: there was an answer
		Status  int
		Retries int
		Events  []string
	}
	statuses := func(codes ...int) func(w http.ResponseWriter, n int) {
		return func(w http.ResponseWriter, n int) { w.WriteHeader(codes[min(n, len(codes)-1)]) }
	}
	lose := func(w http.ResponseWriter, _ int) { panic(http.ErrAbortHandler) }
	slow := func(w http.ResponseWriter, n int) {
		if n == 0 {
			time.Sleep(300 * time.Millisecond)
		}
	}
	tests := map[string]struct {
		method string
		body   string
		retry  *schema.Retry
		serve  func(w http.ResponseWriter, n int) // nil: nobody listens
		want   outcome
	}{
		"no retry configured": {
			serve: statuses(503), want: outcome{Status: 503},
		},
		"a status is tried again": {
			retry: &schema.Retry{Attempts: 2, On: all, Methods: safe}, serve: statuses(503, 503, 200),
			want: outcome{Status: 200, Retries: 2, Events: []string{"retry up", "retry up"}},
		},
		"the last answer stands": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(503),
			want: outcome{Status: 503, Retries: 1, Events: []string{"retry up"}},
		},
		"5xx means every server error": {
			retry: &schema.Retry{Attempts: 1, On: []string{"5xx"}, Methods: safe}, serve: statuses(507, 200),
			want: outcome{Status: 200, Retries: 1, Events: []string{"retry up"}},
		},
		"a status that is not named stands": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(500, 200), want: outcome{Status: 500},
		},
		"a method that is not named is not sent twice": {
			method: "POST", retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: statuses(503, 200),
			want: outcome{Status: 503},
		},
		"a lost connection is tried again": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe}, serve: lose,
			want: outcome{Reason: "reset", Retries: 1, Events: []string{"reset up", "retry up", "reset up"}},
		},
		"a slow try is tried again": {
			retry: &schema.Retry{Attempts: 1, On: all, Methods: safe, PerTryTimeout: schema.Duration(100 * time.Millisecond)},
			serve: slow, want: outcome{Status: 200, Retries: 1, Events: []string{"timeout up", "retry up"}},
		},
		"no connection: any method": {
			method: "POST", body: "hello", retry: &schema.Retry{Attempts: 2, On: all, Methods: safe},
			want: outcome{Reason: "connect-failure", Retries: 2, Events: []string{
				"connect-failure up", "retry up", "connect-failure up", "retry up", "connect-failure up",
			}},
		},
		"a body that was sent is not sent again": {
			method: "PUT", body: "hello", retry: &schema.Retry{Attempts: 2, On: all, Methods: []string{"PUT"}},
			serve: statuses(503, 200), want: outcome{Status: 503},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := ""
			if test.serve == nil {
				address = closedPort(t)
			} else {
				var n atomic.Int32
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					test.serve(w, int(n.Add(1)-1))
				}))
				defer server.Close()
				address = server.URL
			}
			watch := &counted{}
			set := build(t, upstream.NewPool(upstream.Options{}), one(endpoint(t, address, 1)))
			route := set.Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, test.retry, watch)
			x := get(t.Context())
			if test.method != "" {
				x.Request.Method = test.method
			}
			if test.body != "" {
				x.Request.Body, x.Request.Length = strings.NewReader(test.body), int64(len(test.body))
			}
			answer, err := route.Do(x, upstream.Request{})
			answer.Close()
			got := outcome{Status: x.Response.Status, Retries: answer.Retries, Events: watch.events}
			var failure *upstream.Failure
			if errors.As(err, &failure) {
				got.Reason = failure.Reason
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARetryGoesToAnotherEndpoint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	set := build(t, upstream.NewPool(upstream.Options{}), one(endpoint(t, server.URL, 1), endpoint(t, closedPort(t), 1)))
	retry := &schema.Retry{Attempts: 1, On: []string{"connect-failure"}}
	route := set.Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, retry, &counted{})
	for range 10 {
		x := get(t.Context())
		answer, err := route.Do(x, upstream.Request{})
		answer.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFailuresHaveReasons(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer secure.Close()
	secure.Config.ErrorLog = nil
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1024))
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n\r\n")
			c.Close()
		}
	}()

	gone, leave := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, leave)
	late, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(upstream.ErrTimeout) })
	withTLS := one(endpoint(t, secure.URL, 1))
	def := withTLS.Upstreams["up"]
	def.TLS = &schema.UpstreamTLS{}
	withTLS.Upstreams["up"] = def

	tests := map[string]struct {
		ctx   context.Context
		model *schema.Gateway
		want  string
	}{
		"nobody listens":       {t.Context(), one(endpoint(t, closedPort(t), 1)), upstream.ConnectFailure},
		"untrusted":            {t.Context(), withTLS, upstream.TLS},
		"no answer":            {late, one(endpoint(t, silent.URL, 1)), upstream.Timeout},
		"the client goes":      {gone, one(endpoint(t, silent.URL, 1)), upstream.ClientGone},
		"not HTTP":             {t.Context(), one(endpoint(t, garbage.Addr().String(), 1)), upstream.Other},
		"all weights are zero": {t.Context(), one(endpoint(t, plain.URL, 0)), upstream.NoEndpoint},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set := build(t, upstream.NewPool(upstream.Options{}), test.model)
			route := set.Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, nil, &counted{})
			answer, err := route.Do(get(test.ctx), upstream.Request{})
			if err == nil {
				answer.Close()
			}
			var failure *upstream.Failure
			if !errors.As(err, &failure) || failure.Reason != test.want {
				t.Errorf("error %v, want the reason %q", err, test.want)
			}
		})
	}
}

func TestConnectionsOutliveTables(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	closed := make(chan struct{}, 10)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	pool := upstream.NewPool(upstream.Options{})
	call := func(g *schema.Gateway) {
		t.Helper()
		route := build(t, pool, g).Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, nil, &counted{})
		answer, err := route.Do(get(t.Context()), upstream.Request{})
		answer.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	for weight := 1; weight <= 5; weight++ { // a weight is not what a connection depends on
		call(one(endpoint(t, server.URL, weight)))
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections over five tables, want 1", got)
	}
	build(t, pool, &schema.Gateway{})
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("the connection to an upstream that is gone stays open")
	}
}

func TestFieldsOfOneConnectionStayThere(t *testing.T) {
	in := http.Header{
		"Connection": {"keep-alive, X-Hop", "x-other"}, "Keep-Alive": {"1"}, "X-Hop": {"1"}, "X-Other": {"1"}, "Te": {"gzip"},
		"Proxy-Authorization": {"secret"}, "Upgrade": {"h2c"}, "Transfer-Encoding": {"chunked"}, "Content-Length": {"5"}, "X-End": {"1", "2"},
	}
	want := exchange.Header{{Name: "X-End", Value: "1"}, {Name: "X-End", Value: "2"}}
	if diff := cmp.Diff(want, upstream.AppendFields(nil, in)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestTheRequestGoesOutAsItStands(t *testing.T) {
	type seen struct{ Target, Host, Agent, Fields string }
	var got seen
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = seen{r.RequestURI, r.Host, strings.Join(r.Header["User-Agent"], ","), strings.Join(r.Header["X-Twice"], ",")}
	}))
	defer server.Close()
	route := build(t, upstream.NewPool(upstream.Options{}), one(endpoint(t, server.URL, 1))).
		Route([]upstream.Backend{{Upstream: "up", Weight: 1}}, nil, &counted{})
	x := get(t.Context())
	x.Request.Path, x.Request.Query = "/a%2Fb/%C3%A4;v=1", "q=%zz&r"
	x.Request.Header = exchange.Header{{Name: "x-twice", Value: "1"}, {Name: "X-Twice", Value: "2"}}
	answer, err := route.Do(x, upstream.Request{})
	answer.Close()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seen{"/a%2Fb/%C3%A4;v=1?q=%zz&r", "example.com", "", "1,2"}, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}
