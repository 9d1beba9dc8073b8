package upstream_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

// A chooser is an endpoint over TLS that speaks what it wants to at the moment, of what it is offered.
type chooser struct {
	*httptest.Server
	opened atomic.Int32 // connections

	mu      sync.Mutex
	speaks  []string   // in ALPN
	offered [][]string // by the connections
}

func newChooser(t *testing.T, h http.HandlerFunc, speaks ...string) *chooser {
	c := &chooser{Server: httptest.NewUnstartedServer(h), speaks: speaks}
	c.EnableHTTP2 = true
	c.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.opened.Add(1)
		}
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: c.choose}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

func (c *chooser) choose(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offered = append(c.offered, hello.SupportedProtos)
	return &tls.Config{Certificates: c.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: c.speaks}, nil
}

func (c *chooser) speak(protocols ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.speaks = protocols
}

// route returns a route to c, over a protocol of the schema.
func (c *chooser) route(t *testing.T, protocol string) *upstream.Route {
	t.Helper()
	g := speaking(overTLS(one(endpoint(t, c.URL, 1)), schema.UpstreamTLS{CA: "secret"}), protocol)
	return build(t, upstream.NewPool(upstream.Options{}), g, certificate(c.Server)).Route(toUp, nil, &counted{})
}

// speaking says what a model's endpoints speak.
func speaking(g *schema.Gateway, protocol string) *schema.Gateway {
	up := g.Upstreams["up"]
	up.Protocol = protocol
	g.Upstreams["up"] = up
	return g
}

// proto answers with the request's version.
func proto(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }

func TestTheVersionIsAgreedOn(t *testing.T) {
	both, first, second := []string{"h2", "http/1.1"}, []string{"http/1.1"}, []string{"h2"}
	type outcome struct {
		Answers []string // to two calls: the version, or why there is none
		Offered [][]string
	}
	over1 := func(offered []string) outcome { return outcome{[]string{"HTTP/1.1", "HTTP/1.1"}, [][]string{offered}} }
	over2 := func(offered []string) outcome { return outcome{[]string{"HTTP/2.0", "HTTP/2.0"}, [][]string{offered}} }
	never := outcome{[]string{upstream.TLS, upstream.TLS}, [][]string{second, second}}
	for name, test := range map[string]struct {
		protocol string
		speaks   []string
		want     outcome
	}{
		"the endpoint may choose and prefers HTTP/2": {"auto", both, over2(both)},
		"it knows nothing else":                      {"auto", second, over2(both)},
		"it does not know it":                        {"auto", first, over1(both)},
		"it knows nothing of choices":                {"auto", nil, over1(both)},
		"nothing is said of it":                      {"", both, over2(both)},
		"only HTTP/1.1":                              {"http1", both, over1(first)},
		"only HTTP/2":                                {"http2", both, over2(second)},
		"only HTTP/2, to one that does not know it":  {"http2", first, never},
		"only HTTP/2, to one that says nothing":      {"http2", nil, never},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChooser(t, proto, test.speaks...)
			c.Config.ErrorLog = quiet
			route, got := c.route(t, test.protocol), outcome{}
			for range test.want.Answers {
				_, body, reason := fetch(route, get(t.Context()), &upstream.Request{})
				got.Answers = append(got.Answers, body+reason)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			got.Offered = c.offered
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEndpointMayChooseAnew(t *testing.T) {
	c := newChooser(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close") // of which HTTP/2 makes a GOAWAY
		proto(w, r)
	})
	route := c.route(t, "auto")
	want := []string{"HTTP/1.1", "HTTP/2.0", "HTTP/2.0", "HTTP/1.1", "HTTP/1.1", "HTTP/2.0", "HTTP/1.1"}
	var got []string
	for _, version := range want {
		if version == "HTTP/2.0" {
			c.speak("h2", "http/1.1")
		} else {
			c.speak("http/1.1")
		}
		_, body, reason := fetch(route, get(t.Context()), &upstream.Request{})
		got = append(got, body+reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if opened := int(c.opened.Load()); opened != len(want) {
		t.Errorf("%d connections for %d answers that each ended theirs", opened, len(want))
	}
}

func TestManyCallsMeetAnEndpointThatChoosesAnew(t *testing.T) {
	c := newChooser(t, proto, "h2", "http/1.1")
	route := c.route(t, "auto")
	for range 5 {
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
					t.Error(status, reason)
				}
			})
		}
		callers.Wait()
		c.speak("http/1.1")
	}
}

func TestHTTP2WithoutTLS(t *testing.T) {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := httptest.NewUnstartedServer(http.HandlerFunc(proto))
	server.Config.Protocols = &protocols
	server.Start()
	t.Cleanup(server.Close)
	for protocol, want := range map[string]string{
		"": "HTTP/1.1", "auto": "HTTP/1.1", "http1": "HTTP/1.1", "http2": "HTTP/2.0",
	} {
		t.Run(protocol, func(t *testing.T) {
			route := only(t, speaking(one(endpoint(t, server.URL, 1)), protocol), nil, &counted{})
			for range 2 {
				if _, got, reason := fetch(route, get(t.Context()), &upstream.Request{}); got != want {
					t.Errorf("the endpoint was spoken to in %q, want %q (%s)", got, want, reason)
				}
			}
		})
	}
}

func TestAnotherProtocolIsAnotherConnection(t *testing.T) {
	c := newChooser(t, proto, "h2", "http/1.1")
	pool := upstream.NewPool(upstream.Options{})
	var got []string
	for _, protocol := range []string{"auto", "http1", "http2", "auto"} {
		g := speaking(overTLS(one(endpoint(t, c.URL, 1)), schema.UpstreamTLS{CA: "secret"}), protocol)
		route := build(t, pool, g, certificate(c.Server)).Route(toUp, nil, &counted{})
		_, body, reason := fetch(route, get(t.Context()), &upstream.Request{})
		got = append(got, body+reason)
	}
	if diff := cmp.Diff([]string{"HTTP/2.0", "HTTP/1.1", "HTTP/2.0", "HTTP/2.0"}, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

// TestUpgradesAreOfHTTP1 asks endpoints that would rather speak HTTP/2 to change to another protocol.
func TestUpgradesAreOfHTTP1(t *testing.T) {
	shout := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "shout" {
			proto(w, r)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
		_, _ = io.Copy(io.Discard, bufio.NewReader(buffered))
	}
	c := newChooser(t, shout, "h2", "http/1.1")
	for _, protocol := range []string{"auto", "http1", "http2"} {
		t.Run(protocol, func(t *testing.T) {
			route := c.route(t, protocol)
			for range 2 {
				if status, _, reason := fetch(route, get(t.Context()), &upstream.Request{}); status != 200 {
					t.Fatal(status, reason)
				}
				x, a := get(t.Context()), upstream.Answer{}
				if failure := route.Do(x, &upstream.Request{Upgrade: "shout"}, &a); failure != nil {
					t.Fatal(failure)
				}
				if x.Response.Status != 101 || a.Tunnel() == nil || a.Tunnel().Meta().Upgrade != "shout" {
					t.Error(x.Response.Status, a.Tunnel())
				}
				a.Close()
			}
		})
	}
}

func TestOutcomesOverHTTP2(t *testing.T) {
	c := newChooser(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			_, _ = io.Copy(w, r.Body)
		case "/lost":
			panic(http.ErrAbortHandler)
		case "/cut":
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		default:
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
	}, "h2")
	gone, leave := context.WithCancel(t.Context())
	time.AfterFunc(shortly, leave)
	type outcome struct {
		Status       int
		Body, Reason string
	}
	for name, test := range map[string]struct {
		path string
		body io.Reader
		ctx  context.Context
		in   upstream.Request
		want outcome
	}{
		"a body there and back": {path: "/echo", body: strings.NewReader("hello"), want: outcome{200, "hello", ""}},
		"a broken body": {
			path: "/echo", body: iotest.ErrReader(io.ErrUnexpectedEOF), want: outcome{Reason: upstream.BodyBroken},
		},
		"a body that stalls": {
			path: "/echo", body: iotest.ErrReader(http1.ErrTimeout), want: outcome{Reason: upstream.BodyTimeout},
		},
		"lost before the answer": {path: "/lost", want: outcome{Reason: upstream.Reset}},
		"lost within the answer": {path: "/cut", want: outcome{200, "begun", upstream.Reset}},
		"no answer": {
			path: "/silent", in: upstream.Request{Timeout: shortly}, want: outcome{Reason: upstream.Timeout},
		},
		"the client goes": {path: "/silent", ctx: gone, want: outcome{Reason: upstream.ClientGone}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			x := get(test.ctx)
			x.Request.Path = test.path
			if test.body != nil {
				x.Request.Method, x.Request.Body, x.Request.Length = "POST", test.body, 5
			}
			status, body, reason := fetch(c.route(t, "http2"), x, &test.in)
			if diff := cmp.Diff(test.want, outcome{status, body, reason}); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}
