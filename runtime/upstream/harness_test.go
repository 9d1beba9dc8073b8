package upstream_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/secret"
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

// patient is a client whose request's body, if it has one, comes through a pipe. It knows when it was unblocked.
type patient struct {
	interrupt http1.Interrupt
	body      *io.PipeReader
	unblocked chan struct{}
}

func (p *patient) Interrupt() *http1.Interrupt     { return &p.interrupt }
func (p *patient) Inform(*exchange.Response) error { return nil }
func (p *patient) Stream()                         {}
func (p *patient) Unblock() {
	p.body.CloseWithError(http1.ErrInterrupted)
	close(p.unblocked)
}

func endpoint(t testing.TB, address string, weight int) schema.Endpoint {
	t.Helper()
	at, err := netip.ParseAddrPort(strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Endpoint{Host: at.Addr().String(), Port: int(at.Port()), Weight: weight}
}

// one returns a model of one upstream "up" with the given endpoints.
func one(endpoints ...schema.Endpoint) *schema.Gateway {
	up := schema.Upstream{Endpoints: map[string]schema.Endpoint{}, ConnectTimeout: schema.Duration(20 * time.Second)}
	for i, e := range endpoints {
		up.Endpoints[string(rune('a'+i))] = e
	}
	return &schema.Gateway{Upstreams: map[string]schema.Upstream{"up": up}}
}

// certificates is a secret source that has one.
type certificates []byte

func (c certificates) Resolve(string) ([]byte, error) { return c, nil }

// overTLS says that a model's endpoints speak TLS.
func overTLS(g *schema.Gateway, tls schema.UpstreamTLS) *schema.Gateway {
	up := g.Upstreams["up"]
	up.TLS = &tls
	g.Upstreams["up"] = up
	return g
}

// certificate returns the secret by which a server is verified.
func certificate(s *httptest.Server) certificates {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func build(t testing.TB, pool *upstream.Pool, g *schema.Gateway, secrets certificates) *upstream.Set {
	t.Helper()
	set, problems := pool.Build(g, secret.New(secret.Options{Source: secrets}).Stage())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	pool.Use(set)
	t.Cleanup(pool.Close)
	return set
}

// only returns a route to the upstream of a model that has one.
func only(t testing.TB, g *schema.Gateway, retry *schema.Retry, o upstream.Observer) *upstream.Route {
	t.Helper()
	return build(t, upstream.NewPool(upstream.Options{}), g, nil).Route(toUp, retry, o)
}

var toUp = []upstream.Backend{{Upstream: "up", Weight: 1}}

func get(ctx context.Context) *exchange.Exchange {
	x := &exchange.Exchange{Context: ctx}
	x.Request = exchange.Request{Method: "GET", Path: "/", Authority: "example.com"}
	return x
}

// post returns a request with a body that comes through a pipe.
func post(ctx context.Context, length int64) (*exchange.Exchange, *patient, *io.PipeWriter) {
	x := get(ctx)
	r, w := io.Pipe()
	x.Request.Method, x.Request.Body, x.Request.Length = "POST", r, length
	return x, &patient{body: r, unblocked: make(chan struct{})}, w
}

// fetch makes a call and reads the answer: its status and body, or the reason why there is none, or not all of it.
func fetch(route *upstream.Route, x *exchange.Exchange, in *upstream.Request) (status int, body, reason string) {
	var a upstream.Answer
	defer a.Close()
	if failure := route.Do(x, in, &a); failure != nil {
		return x.Response.Status, "", failure.Reason
	}
	if x.Response.Body == nil {
		return x.Response.Status, "", ""
	}
	all, err := io.ReadAll(x.Response.Body)
	if err != nil {
		reason = a.Failure(&http1.SourceError{Err: err}).Reason
	}
	return x.Response.Status, string(all), reason
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// closedPort returns an address where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	ln := listen(t)
	ln.Close()
	return ln.Addr().String()
}

// serve serves with net/http.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// scripted is an endpoint that does as told with each of its connections.
func scripted(t testing.TB, do func(n int, c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	ln := listen(t)
	var serving sync.WaitGroup
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	serving.Go(func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { c.Close() })
			serving.Go(func() {
				defer stop()
				defer c.Close()
				do(n, c, bufio.NewReader(c))
			})
		}
	})
	return ln.Addr().String()
}

// readHead reads a head, as text; it is empty at the connection's end.
func readHead(r *bufio.Reader) string {
	var out strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		out.WriteString(line)
		if line == "\r\n" {
			return out.String()
		}
	}
}

// quiet is where servers log what tests make them meet.
var quiet = log.New(io.Discard, "", 0)

// empty is an answer without a body.
const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
