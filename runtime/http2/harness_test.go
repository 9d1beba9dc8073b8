package http2_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// handle makes a handler of a function. It answers refusals with their reason.
type handle func(s *http2.Stream, x *exchange.Exchange)

func (h handle) ServeExchange(s *http2.Stream, x *exchange.Exchange) { h(s, x) }
func (h handle) Refuse(_ *http2.Stream, x *exchange.Exchange, e *http1.Error) {
	x.Answer(e.Status, "text/plain", e.Reason)
}

// pass returns a handler that sends every request to one endpoint.
func pass(e *http2.Endpoint, o http1.CallOptions) handle {
	return func(s *http2.Stream, x *exchange.Exchange) {
		o := o
		o.Client, o.Trailers, o.Announce, o.Trailer = s, s.Meta().Trailers, s.Meta().Trailer, s
		call, err := e.Call(x, o)
		if err != nil {
			x.Fail(502, "failed", err.Error())
			_ = s.Respond(x, nil)
			return
		}
		defer call.Close()
		if err := s.Respond(x, call); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serve serves h on plain connections and returns the server and its address.
func serve(t testing.TB, h http2.Handler, o http2.Options) (*http2.Server, string) {
	t.Helper()
	if o.Panic == nil {
		o.Panic = func(value any) {
			if value != http.ErrAbortHandler { //nolint:errorlint // it is panicked with as it is
				t.Errorf("the handler panics: %v", value)
			}
		}
	}
	s, ln := http2.NewServer(h, o), listen(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.Serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(ctx)
		all.Wait()
	})
	return s, ln.Addr().String()
}

// backend serves h with net/http, over cleartext HTTP/2.
func backend(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// secured is backend over TLS.
func secured(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// endpoint returns the endpoint of an address.
func endpoint(t testing.TB, address string) *http2.Endpoint {
	t.Helper()
	e := http2.NewEndpoint(http2.EndpointOptions{Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}})
	t.Cleanup(e.Close)
	return e
}

// endpointTLS returns the endpoint of a TLS server.
func endpointTLS(t testing.TB, s *httptest.Server) *http2.Endpoint {
	t.Helper()
	transport, ok := s.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the server's client is another one")
	}
	config := transport.TLSClientConfig.Clone()
	config.NextProtos = []string{"h2"}
	config.ServerName = "example.com"
	e := http2.NewEndpoint(http2.EndpointOptions{TLS: true, Dial: func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}})
	t.Cleanup(e.Close)
	return e
}

// browser returns net/http's client, over cleartext HTTP/2.
func browser(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: &http.Protocols{}, DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// get returns what an address answers to GET: its status and body.
func get(t testing.TB, c *http.Client, url string) (int, string) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// request returns an exchange as a server would hand it over.
func request(t testing.TB, method, path string, body io.Reader, length int64) *exchange.Exchange {
	t.Helper()
	return &exchange.Exchange{
		Context: t.Context(),
		Request: exchange.Request{Method: method, Authority: "api.example.com", Path: path, Body: body, Length: length},
	}
}

// await fails the test if what it waits for does not come.
func await[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(15 * time.Second):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func callError(t testing.TB, err error) *http1.CallError {
	t.Helper()
	failed, ok := errors.AsType[*http1.CallError](err)
	if !ok {
		t.Fatalf("the error is %T: %v", err, err)
	}
	return failed
}
