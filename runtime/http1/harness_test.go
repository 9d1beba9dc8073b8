package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A proxy is the least handler there can be: every request goes to one endpoint.
type proxy struct {
	endpoint *http1.Endpoint
	timeout  time.Duration
	ended    chan error // what Call ended with, where somebody listens
}

func (p *proxy) ServeExchange(c *http1.Conn, x *exchange.Exchange) {
	o := http1.CallOptions{
		Client: c, Upgrade: c.Meta().Upgrade, Trailers: c.Meta().Trailers, Announce: c.Meta().Trailer, Timeout: p.timeout,
	}
	if body, ok := x.Request.Body.(*http1.Body); ok {
		o.Trailer = body
	}
	call, err := p.endpoint.Call(x, o)
	if failed, ok := errors.AsType[*http1.CallError](err); ok && failed.Stale {
		call, err = p.endpoint.Call(x, o)
	}
	if p.ended != nil {
		p.ended <- err
	}
	if err != nil {
		status := 502
		if errors.Is(err, http1.ErrTimeout) {
			status = 504
		}
		x.Fail(status, "failed", "")
		_ = c.Respond(x, nil)
		return
	}
	defer call.Close()
	if x.Response.Status == 101 {
		_, _, _ = c.Tunnel(x, call)
		return
	}
	_ = c.Respond(x, call)
}

func (p *proxy) Refuse(_ *http1.Conn, x *exchange.Exchange, e *http1.Error) {
	x.Fail(e.Status, e.Reason, e.Detail)
}

// handle makes a handler of a function.
type handle func(c *http1.Conn, x *exchange.Exchange)

func (h handle) ServeExchange(c *http1.Conn, x *exchange.Exchange) { h(c, x) }
func (h handle) Refuse(_ *http1.Conn, x *exchange.Exchange, e *http1.Error) {
	x.Answer(e.Status, "text/plain", e.Reason)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serve serves h and returns the server and its address.
func serve(t testing.TB, h http1.Handler, o http1.Options) (*http1.Server, string) {
	t.Helper()
	s, ln := http1.NewServer(h, o), listen(t)
	done := make(chan error)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(ctx)
		if err := <-done; !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, ln.Addr().String()
}

// endpoint returns the endpoint of an address.
func endpoint(t testing.TB, address string) *http1.Endpoint {
	t.Helper()
	e := http1.NewEndpoint(http1.EndpointOptions{Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}})
	t.Cleanup(e.Close)
	return e
}

// front starts a proxy before a backend and returns its address.
func front(t testing.TB, backend string) string {
	t.Helper()
	_, address := serve(t, &proxy{endpoint: endpoint(t, backend)}, http1.Options{})
	return address
}

// backend serves with net/http.
func backend(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	ln := listen(t)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go s.Serve(ln)                  //nolint:errcheck // ends with ErrServerClosed
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // a test's end
	return ln.Addr().String()
}

// scripted is a backend that does as told with each of its connections.
func scripted(t testing.TB, do func(n int, c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	ln := listen(t)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				do(n, c, bufio.NewReader(c))
			}()
		}
	}()
	return ln.Addr().String()
}

// readHead reads a head, as text.
func readHead(r *bufio.Reader) string {
	var out strings.Builder
	for {
		line, err := r.ReadString('\n')
		out.WriteString(line)
		if err != nil || line == "\r\n" {
			return out.String()
		}
	}
}

// A client is a connection that a test writes to and reads from as it likes.
type client struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{c, t, bufio.NewReader(c)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer reads one response: its status, and its body.
func (c *client) answer(method string) (*http.Response, string) {
	c.t.Helper()
	r, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatalf("%d, after %d bytes: %v", r.StatusCode, len(body), err)
	}
	return r, string(body)
}

// closed holds that the other side has ended the connection.
func (c *client) closed() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); len(rest) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		c.t.Fatalf("the connection goes on: %q %v", rest, err)
	}
}
