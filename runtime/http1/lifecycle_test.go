package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

func TestTimeouts(t *testing.T) {
	_, address := serve(t, echo, http1.Options{
		HeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond, StallTimeout: 100 * time.Millisecond,
	})
	for name, tc := range map[string]struct{ request, want string }{
		"nothing":     {"", ""},
		"slow header": {"GET / HTTP/1.1\r\n", "408 header-timeout"},
		"idle":        {"GET /" + head + "\r\n", "200 GET /"},
		"slow body":   {"POST /" + head + "Content-Length: 2\r\n\r\nx", "200 POST / the peer took too long x"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, address)
			began := time.Now()
			c.send(tc.request)
			if tc.want != "" {
				r, body := c.answer("GET")
				if got := r.Status[:4] + body; got != tc.want {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			}
			c.closed()
			if took := time.Since(began); took < 90*time.Millisecond || took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestHandlerThatPanicsOrIsSilentEndsTheConnectionOnly(t *testing.T) {
	panics := make(chan any, 1)
	_, address := serve(t, handle(func(_ *http1.Conn, x *exchange.Exchange) {
		if x.Request.Path == "/panic" {
			panic("oh")
		}
	}), http1.Options{Panic: func(value any) { panics <- value }})
	for _, path := range []string{"/panic", "/silent"} {
		c := dial(t, address)
		c.send("GET " + path + head + "\r\n")
		c.closed()
	}
	if got := <-panics; got != "oh" {
		t.Error(got)
	}
}

func TestConnectionsOfAnAddressAreLimited(t *testing.T) {
	seats := make(chan struct{}, 1)
	_, address := serve(t, echo, http1.Options{
		Admit: func(a netip.Addr) bool {
			select {
			case seats <- struct{}{}:
				return a.IsLoopback()
			default:
				return false
			}
		},
		Leave: func(netip.Addr) { <-seats },
	})
	first := dial(t, address)
	first.send("GET /" + head + "\r\n")
	first.answer("GET")
	second := dial(t, address)
	if r, body := second.answer("GET"); r.StatusCode != 503 || body != "connection-limit" {
		t.Errorf("%d %q", r.StatusCode, body)
	}
	first.Close()
	for len(seats) > 0 {
		time.Sleep(time.Millisecond)
	}
	third := dial(t, address)
	third.send("GET /" + head + "\r\n")
	if r, _ := third.answer("GET"); r.StatusCode != 200 {
		t.Error(r.Status)
	}
}

func TestHTTP2IsHandedOver(t *testing.T) {
	const begin = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes"
	_, address := serve(t, echo, http1.Options{HTTP2: func(c net.Conn) {
		got := make([]byte, len(begin))
		_, _ = io.ReadFull(c, got)
		_, _ = c.Write(bytes.ToUpper(got))
	}})
	c := dial(t, address)
	for _, piece := range strings.SplitAfter(begin, "\n") {
		c.send(piece)
		time.Sleep(time.Millisecond)
	}
	if got, _ := io.ReadAll(c); string(got) != strings.ToUpper(begin) {
		t.Errorf("%q", got)
	}
	other := dial(t, address)
	other.send("PRIVATE /" + head + "\r\n")
	if r, _ := other.answer("GET"); r.StatusCode != 200 {
		t.Error(r.Status)
	}
}

func TestClientThatIsGoneEndsTheExchange(t *testing.T) {
	ended := make(chan error, 1)
	stuck := scripted(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	_, address := serve(t, &proxy{endpoint: endpoint(t, stuck), ended: ended}, http1.Options{})
	c := dial(t, address)
	c.send("GET /" + head + "\r\n")
	select {
	case err := <-ended:
		t.Fatalf("ended before the client went: %v", err)
	case <-time.After(700 * time.Millisecond):
	}
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

func TestShutdown(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	s, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		if x.Request.Path == "/slow" {
			arrived <- struct{}{}
			<-leave
		}
		x.Answer(200, "text/plain", "done")
		_ = c.Respond(x, nil)
	}), http1.Options{})
	idle, active := dial(t, address), dial(t, address)
	idle.send("GET /" + head + "\r\n")
	idle.answer("GET")
	active.send("GET /slow" + head + "\r\n")
	<-arrived
	cut := make(chan int)
	go func() { cut <- s.Shutdown(context.Background()) }()
	idle.closed()
	if late, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
		late.Close()
		t.Error("connections are still taken")
	}
	close(leave)
	if r, body := active.answer("GET"); !r.Close || body != "done" {
		t.Errorf("close %v, %q", r.Close, body)
	}
	active.closed()
	if n := <-cut; n != 0 {
		t.Errorf("%d connections cut", n)
	}
}

func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	arrived := make(chan struct{})
	s, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		if x.Request.Path == "/quick" {
			echo.ServeExchange(c, x)
			return
		}
		arrived <- struct{}{}
		<-x.Context.Done()
	}), http1.Options{})
	first, later := dial(t, address), dial(t, address)
	first.send("GET /" + head + "\r\n")
	later.send("GET /quick" + head + "\r\n")
	later.answer("GET")
	later.send("GET /" + head + "\r\n")
	<-arrived
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if n := s.Shutdown(ctx); n != 2 {
		t.Errorf("%d connections cut", n)
	}
	first.closed()
	later.closed()
}
