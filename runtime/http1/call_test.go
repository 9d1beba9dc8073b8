package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestConnectionsAreUsedAgain(t *testing.T) {
	var conns atomic.Int32
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		conns.Add(1)
		for readHead(r) != "" {
			_, _ = io.WriteString(c, hello)
		}
	})
	c := dial(t, front(t, at))
	for range 20 {
		c.send("GET /" + head + "\r\n")
		if _, body := c.answer("GET"); body != "hello" {
			t.Fatal(body)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections to the backend", n)
	}
}

func TestConnectionsAreNotUsedAgainAfter(t *testing.T) {
	for name, answer := range map[string]string{
		"close":          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.0":       "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"too much":       hello + "more",
		"a second head":  hello + hello,
		"204 and a body": "HTTP/1.1 204 No Content\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			at := scripted(t, func(n int, c net.Conn, r *bufio.Reader) {
				for i := 0; readHead(r) != ""; i++ {
					if i > 0 {
						t.Error("used again")
					}
					_, _ = io.WriteString(c, answer)
				}
			})
			address := front(t, at)
			for range 2 {
				c := dial(t, address)
				c.send("GET /" + head + "\r\n")
				if _, body := c.answer("GET"); body != "hello" && body != "" {
					t.Fatalf("%q", body)
				}
			}
		})
	}
}

func TestStaleConnectionIsTriedAgainWhereSafe(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			at := scripted(t, func(n int, c net.Conn, r *bufio.Reader) { // the second request of a connection fails
				readHead(r)
				_, _ = io.WriteString(c, hello)
				readHead(r)
			})
			c := dial(t, front(t, at))
			got := []int{}
			for range 2 {
				c.send(method + " /" + head + "Content-Length: 0\r\n\r\n")
				r, _ := c.answer(method)
				got = append(got, r.StatusCode)
			}
			want := map[string]int{"GET": 200, "POST": 502}[method]
			if got[1] != want {
				t.Errorf("got %v, want the second %d", got, want)
			}
		})
	}
}

func TestConnectionThatEndedWhileIdleIsNotUsed(t *testing.T) {
	ended := make(chan struct{}, 2)
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, hello)
		c.Close()
		ended <- struct{}{}
	})
	c := dial(t, front(t, at))
	for range 2 {
		c.send("POST /" + head + "Content-Length: 0\r\n\r\n")
		if r, _ := c.answer("POST"); r.StatusCode != 200 {
			t.Error(r.Status)
		}
		<-ended
		time.Sleep(5 * time.Millisecond)
	}
}

func TestInterimResponses(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for readHead(r) != "" {
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+hello)
		}
	})
	c := dial(t, front(t, at))
	c.send("GET /" + head + "\r\nGET / HTTP/1.0\r\n\r\n")
	if got := readHead(c.r); got != "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" {
		t.Errorf("%q", got)
	}
	for range 2 {
		if r, body := c.answer("GET"); r.StatusCode != 200 || body != "hello" {
			t.Errorf("%d %q", r.StatusCode, body)
		}
	}
}

func TestAnswersThatCannotBePassedOn(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":            "",
		"half a head":        "HTTP/1.1 200 OK\r\nContent-",
		"garbage":            "hello\r\n\r\n",
		"two lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"bare LF":            "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
		"length and coding":  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"101 nobody wanted":  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n",
		"endless 1xx":        strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100),
		"endless header":     "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 300<<10),
		"something of HTTP2": "HTTP/2 200\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readHead(r)
				_, _ = io.WriteString(c, answer)
			})
			c := dial(t, front(t, at))
			c.send("GET /" + head + "\r\n")
			r, _ := c.answer("GET")
			for r.StatusCode == 103 {
				r, _ = c.answer("GET")
			}
			if r.StatusCode != 502 {
				t.Error(r.Status)
			}
		})
	}
}

func TestAnswersWithoutBodyPassThrough(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for asked := readHead(r); asked != ""; asked = readHead(r) {
			status := map[byte]string{'H': "200 OK", 'G': "304 Not Modified", 'D': "204 No Content"}[asked[0]]
			_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n")
		}
	})
	c := dial(t, front(t, at))
	c.send("HEAD /" + head + "\r\nGET /" + head + "\r\nDELETE /" + head + "\r\nHEAD /" + head + "\r\n")
	got := []string{}
	for _, method := range []string{"HEAD", "GET", "DELETE", "HEAD"} {
		r, body := c.answer(method)
		got = append(got, r.Status+" "+r.Header.Get("Content-Length")+" "+r.Header.Get("ETag")+body)
	}
	want := []string{`200 OK 5 "a"`, `304 Not Modified  "a"`, `204 No Content  "a"`, `200 OK 5 "a"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// call sends a plain request to e and reads the answer.
func call(t *testing.T, e *http1.Endpoint) {
	t.Helper()
	x := exchange.Exchange{Context: t.Context(), Request: exchange.Request{Method: "GET", Path: "/", Authority: "a"}}
	c, err := e.Call(&x, http1.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if body, err := io.ReadAll(x.Response.Body); string(body) != "hello" || err != nil {
		t.Errorf("%q %v", body, err)
	}
}

func TestIdleConnectionsEndWithTheEndpoint(t *testing.T) {
	ended := make(chan struct{})
	e := endpoint(t, scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, hello)
		readHead(r)
		close(ended)
	}))
	call(t, e)
	if n := e.Idle(); n != 1 {
		t.Errorf("%d idle", n)
	}
	e.Close()
	if n := e.Idle(); n != 0 {
		t.Errorf("%d idle", n)
	}
	<-ended
}

func TestIdleConnectionsThatEndAreSwept(t *testing.T) {
	e := endpoint(t, scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, hello)
	}))
	call(t, e)
	for began := time.Now(); e.Idle() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the connection is still kept")
		}
	}
}

func TestEndpointThatCannotBeDialled(t *testing.T) {
	refused := errors.New("refused")
	e := http1.NewEndpoint(http1.EndpointOptions{Dial: func(context.Context) (net.Conn, error) { return nil, refused }})
	x := exchange.Exchange{Context: t.Context(), Request: exchange.Request{Method: "GET", Path: "/"}}
	_, err := e.Call(&x, http1.CallOptions{})
	failed, ok := errors.AsType[*http1.CallError](err)
	if !ok || failed.Dialled || failed.Stale || !errors.Is(err, refused) {
		t.Errorf("%#v", err)
	}
}
