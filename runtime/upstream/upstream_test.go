package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

func TestSharesAreExact(t *testing.T) {
	var seen [4]atomic.Int32
	g := &schema.Gateway{Upstreams: map[string]schema.Upstream{}}
	names, weights := []string{"big", "off", "small", "tiny"}, []int{90, 0, 9, 1}
	var backends []upstream.Backend
	for i, name := range names {
		at := serve(t, func(http.ResponseWriter, *http.Request) { seen[i].Add(1) })
		g.Upstreams[name] = schema.Upstream{Endpoints: map[string]schema.Endpoint{"main": endpoint(t, at, 1)}}
		backends = append(backends, upstream.Backend{Upstream: name, Weight: weights[i]})
	}
	pool := upstream.NewPool(upstream.Options{Rand: func() uint64 { return 17 }})
	route := build(t, pool, g, nil).Route(backends, nil, &counted{})
	longest, run := 0, 0 // of requests without one for "small"
	for range 300 {
		before := seen[2].Load()
		if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
			t.Fatal(status, reason)
		}
		if run++; seen[2].Load() > before {
			run = 0
		}
		longest = max(longest, run)
	}
	got := map[string]int32{}
	for i, name := range names {
		got[name] = seen[i].Load()
	}
	if diff := cmp.Diff(map[string]int32{"big": 270, "off": 0, "small": 27, "tiny": 3}, got); diff != "" {
		t.Errorf("requests by backend (-want +got):\n%s", diff)
	}
	if longest > 25 {
		t.Errorf("%d requests in a row missed a backend whose share is 9%%", longest)
	}
}

func TestEndpointsTakeTurns(t *testing.T) {
	var first, second atomic.Int32
	a := serve(t, func(http.ResponseWriter, *http.Request) { first.Add(1) })
	b := serve(t, func(http.ResponseWriter, *http.Request) { second.Add(1) })
	route := only(t, one(endpoint(t, a, 3), endpoint(t, b, 1)), nil, &counted{})
	for range 40 {
		if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
			t.Fatal(status, reason)
		}
	}
	if first.Load() != 30 || second.Load() != 10 {
		t.Errorf("requests: %d and %d, want 30 and 10", first.Load(), second.Load())
	}
}

func TestTheAnswerNamesWhoGaveIt(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "4")
	})
	route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
	x, a := get(t.Context()), upstream.Answer{}
	if failure := route.Do(x, &upstream.Request{}, &a); failure != nil {
		t.Fatal(failure)
	}
	defer a.Close()
	if _, err := io.Copy(io.Discard, x.Response.Body); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Upstream, Endpoint, Announced string
		Trailer                       exchange.Header
		Tunnel                        bool
	}
	want := answer{"up", at[len("http://"):], "X-Sum", exchange.Header{{Name: "X-Sum", Value: "4"}}, false}
	if diff := cmp.Diff(want, answer{a.Upstream, a.Endpoint, a.Announced(), a.Trailer(), a.Tunnel() != nil}); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
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
	for weight := 1; weight <= 5; weight++ { // a weight is not what a connection depends on
		route := build(t, pool, one(endpoint(t, server.URL, weight)), nil).Route(toUp, nil, &counted{})
		if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
			t.Fatal(status, reason)
		}
	}
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections over five tables, want 1", got)
	}
	build(t, pool, &schema.Gateway{}, nil)
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the connection to an upstream that is gone stays open")
	}
}

func TestACallUnderWayOutlivesItsTable(t *testing.T) {
	proceed, closed := make(chan struct{}), make(chan struct{})
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
		<-proceed
		_, _ = io.WriteString(c, "late")
		if readHead(r) == "" {
			close(closed)
		}
	})
	pool := upstream.NewPool(upstream.Options{})
	route := build(t, pool, one(endpoint(t, at, 1)), nil).Route(toUp, nil, &counted{})
	x, a := get(t.Context()), upstream.Answer{}
	if failure := route.Do(x, &upstream.Request{}, &a); failure != nil {
		t.Fatal(failure)
	}
	build(t, pool, &schema.Gateway{}, nil)
	close(proceed)
	if body, err := io.ReadAll(x.Response.Body); string(body) != "late" || err != nil {
		t.Errorf("%q %v", body, err)
	}
	a.Close()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the connection to an upstream that is gone stays open after its call")
	}
}

func TestTheRequestGoesOutAsItStands(t *testing.T) {
	heads := make(chan string, 1)
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for head := readHead(r); head != ""; head = readHead(r) {
			heads <- head
			_, _ = io.WriteString(c, empty)
		}
	})
	route := only(t, one(endpoint(t, at, 1)), nil, &counted{})
	for name, test := range map[string]struct {
		request exchange.Request
		in      upstream.Request
		want    string
	}{
		"bytes are kept": {
			request: exchange.Request{
				Method: "GET", Path: "/a%2Fb/%C3%A4;v=1", Query: "q=%zz&r", Authority: "example.com",
				Header: exchange.Header{{Name: "x-twice", Value: "1"}, {Name: "X-Twice", Value: "2"}},
			},
			want: "GET /a%2Fb/%C3%A4;v=1?q=%zz&r HTTP/1.1\r\nHost: example.com\r\nx-twice: 1\r\nX-Twice: 2\r\n\r\n",
		},
		"fields of one connection are not passed on": {
			request: exchange.Request{Method: "GET", Path: "/", Authority: "example.com", Header: exchange.Header{
				{Name: "Expect", Value: "100-continue"}, {Name: "Connection", Value: "close"}, {Name: "Host", Value: "other"},
				{Name: "Upgrade", Value: "h2c"}, {Name: "TE", Value: "gzip"}, {Name: "Content-Length", Value: "5"},
			}},
			want: "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
		"trailers are taken": {
			request: exchange.Request{Method: "GET", Path: "/", Authority: "example.com"}, in: upstream.Request{Trailers: true},
			want: "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: TE\r\nTE: trailers\r\n\r\n",
		},
		"a request without a host is the endpoint's": {
			request: exchange.Request{Method: "GET", Path: "/"}, want: "GET / HTTP/1.1\r\nHost: " + at + "\r\n\r\n",
		},
		"a path does not read as an authority": {
			request: exchange.Request{Method: "GET", Path: "///other.example/a//b", Authority: "example.com"},
			want:    "GET /other.example/a//b HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
		"a path does not read as an absolute URI": {
			request: exchange.Request{Method: "GET", Path: "http://other.example/", Authority: "example.com"},
			want:    "GET /http://other.example/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
		"slashes alone": {
			request: exchange.Request{Method: "GET", Path: "//", Authority: "example.com"},
			want:    "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
		"no path": {
			request: exchange.Request{Method: "GET", Authority: "example.com"},
			want:    "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
		"the whole server": {
			request: exchange.Request{Method: "OPTIONS", Path: "*", Authority: "example.com"},
			want:    "OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := &exchange.Exchange{Context: t.Context(), Request: test.request}
			if _, _, reason := fetch(route, x, &test.in); reason != "" {
				t.Fatal(reason)
			}
			if diff := cmp.Diff(test.want, <-heads); diff != "" {
				t.Errorf("head (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.request, x.Request); diff != "" {
				t.Errorf("the exchange's request has changed (-before +after):\n%s", diff)
			}
		})
	}
}
