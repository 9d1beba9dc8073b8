package http1_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// serveTLS serves h over TLS and returns the address.
func serveTLS(t *testing.T, h http1.Handler, o http1.Options) string {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate
	lent.Close()
	ln := tls.NewListener(listen(t), &tls.Config{Certificates: lent.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
	s := http1.NewServer(h, o)
	go s.Serve(ln) //nolint:errcheck // ends with ErrServerClosed
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(ctx)
	})
	return ln.Addr().String()
}

func dialTLS(t *testing.T, address string, protocols ...string) *client {
	t.Helper()
	plain := dial(t, address)
	c := tls.Client(plain.Conn, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}) //nolint:gosec // a test's own server
	t.Cleanup(func() { c.Close() })
	return &client{c, t, bufio.NewReader(c)}
}

func TestTLS(t *testing.T) {
	address := serveTLS(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Answer(200, "text/plain", tls.VersionName(c.TLS().Version))
		_ = c.Respond(x, nil)
	}), http1.Options{})
	c := dialTLS(t, address, "http/1.1")
	for range 3 {
		c.send("GET /" + head + "\r\n")
		if _, body := c.answer("GET"); body != "TLS 1.3" {
			t.Errorf("%q", body)
		}
	}
}

func TestHTTP2OverTLSIsHandedOver(t *testing.T) {
	address := serveTLS(t, echo, http1.Options{HTTP2: func(c net.Conn) {
		if c.(*tls.Conn).ConnectionState().NegotiatedProtocol == "h2" {
			_, _ = io.WriteString(c, "frames")
		}
	}})
	c := dialTLS(t, address, "h2")
	if got, err := io.ReadAll(c); string(got) != "frames" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func TestTLSClientThatIsGoneEndsTheExchange(t *testing.T) {
	ended := make(chan error, 1)
	stuck := scripted(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	address := serveTLS(t, &proxy{endpoint: endpoint(t, stuck), ended: ended}, http1.Options{})
	c := dialTLS(t, address)
	c.send("GET /" + head + "\r\n")
	time.Sleep(50 * time.Millisecond)
	c.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, http1.ErrInterrupted) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("nobody noticed")
	}
}

func TestPlainClientOfATLSListenerIsDropped(t *testing.T) {
	address := serveTLS(t, echo, http1.Options{})
	c := dial(t, address)
	c.send("GET /" + head + "\r\n")
	if rest, _ := io.ReadAll(c.r); len(rest) > 7 { // an alert at most
		t.Errorf("%q", rest)
	}
}
