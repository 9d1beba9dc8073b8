package http1_test

import (
	"bufio"
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

func TestTimeoutOfACall(t *testing.T) {
	for name, request := range map[string]string{
		"plain":     "GET /" + head + "\r\n",
		"with body": "POST /" + head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			at := scripted(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
			_, address := serve(t, &proxy{endpoint: endpoint(t, at), timeout: 100 * time.Millisecond}, http1.Options{})
			c := dial(t, address)
			for range 2 {
				began := time.Now()
				c.send(request)
				if r, _ := c.answer("GET"); r.StatusCode != 504 || r.Close {
					t.Errorf("%d, close %v", r.StatusCode, r.Close)
				}
				if took := time.Since(began); took < 95*time.Millisecond || took > time.Second {
					t.Errorf("it took %v", took)
				}
			}
		})
	}
}

func TestTimeoutLeavesQuickCallsAlone(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for readHead(r) != "" {
			_, _ = io.WriteString(c, hello)
		}
	})
	_, address := serve(t, &proxy{endpoint: endpoint(t, at), timeout: 50 * time.Millisecond}, http1.Options{})
	c := dial(t, address)
	for range 10 {
		c.send("GET /" + head + "\r\n")
		if r, _ := c.answer("GET"); r.StatusCode != 200 {
			t.Error(r.Status)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestTimeoutBoundsTheAnswersBody(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_, _ = io.Copy(io.Discard, r)
	})
	_, address := serve(t, &proxy{endpoint: endpoint(t, at), timeout: 100 * time.Millisecond}, http1.Options{})
	c := dial(t, address)
	c.send("GET /" + head + "\r\n")
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(r.Body); string(body) != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q %v", body, err)
	}
}

func TestHeadTimeoutBoundsTheHeadOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		head, body time.Duration
		want       error
	}{
		"a slow head": {300 * time.Millisecond, 0, http1.ErrTimeout},
		"a slow body": {0, 300 * time.Millisecond, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := endpoint(t, scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
				for asked := readHead(r); asked != ""; asked = readHead(r) {
					if strings.Contains(asked, "Content-Length: 4") {
						_, _ = io.ReadFull(r, make([]byte, 4))
					}
					time.Sleep(tc.head)
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
					time.Sleep(tc.body)
					_, _ = io.WriteString(c, "hello")
				}
			}))
			for _, body := range []io.Reader{nil, strings.NewReader("body")} {
				x := exchange.Exchange{Context: t.Context(), Request: exchange.Request{Method: "PUT", Path: "/", Authority: "a", Body: body}}
				if body != nil {
					x.Request.Length = 4
				}
				call, err := e.Call(&x, http1.CallOptions{HeadTimeout: 100 * time.Millisecond, Timeout: 5 * time.Second})
				if !errors.Is(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				if err != nil {
					continue
				}
				if got, err := io.ReadAll(x.Response.Body); string(got) != "hello" || err != nil {
					t.Errorf("%q %v", got, err)
				}
				call.Close()
			}
		})
	}
}

func TestClientThatIsSlowButReadsIsWaitedFor(t *testing.T) {
	const size = 8 << 20
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Answer(200, "text/plain", strings.Repeat("x", size))
		_ = c.Respond(x, nil)
	}), http1.Options{StallTimeout: time.Second})
	c := dial(t, address)
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	c.send("GET /" + head + "\r\n")
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, buf := 0, make([]byte, 512<<10)
	for err == nil {
		var m int
		m, err = io.ReadFull(r.Body, buf)
		n += m
		time.Sleep(100 * time.Millisecond) // longer than StallTimeout in all
	}
	if n != size || !errors.Is(err, io.EOF) {
		t.Errorf("%d of %d bytes: %v", n, size, err)
	}
}

func TestClientThatReadsNothingIsGivenUp(t *testing.T) {
	gaveUp := make(chan error, 1)
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		x.Answer(200, "text/plain", strings.Repeat("x", 64<<20))
		gaveUp <- c.Respond(x, nil)
	}), http1.Options{StallTimeout: 100 * time.Millisecond})
	c := dial(t, address)
	c.send("GET /" + head + "\r\n")
	if err := <-gaveUp; !errors.Is(err, http1.ErrTimeout) {
		t.Error(err)
	}
}
