package http1_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

func TestBodiesStreamBothWays(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
		for { // a chunk for each chunk, at once
			size, _ := r.ReadString('\n')
			if strings.Trim(size, "0\r\n") == "" {
				break
			}
			data, _ := r.ReadString('\n')
			_, _ = io.WriteString(c, size+data)
		}
		readHead(r)
		_, _ = io.WriteString(c, "0\r\n\r\n")
	})
	address := front(t, at)
	for range 2 {
		c := dial(t, address) // an answer that begins before the request ends is the connection's last
		c.send("POST /" + head + "Transfer-Encoding: chunked\r\n\r\n")
		r, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"one", "two", "three"} {
			c.send(fmt.Sprintf("%x\r\n%s\r\n", len(word), word))
			got := make([]byte, len(word))
			if _, err := io.ReadFull(r.Body, got); err != nil || string(got) != word {
				t.Fatalf("%q %v", got, err)
			}
		}
		c.send("0\r\n\r\n")
		if rest, err := io.ReadAll(r.Body); err != nil || len(rest) > 0 {
			t.Fatalf("%q %v", rest, err)
		}
	}
}

// Who sends a body on may still be at it when the answer is over. If the body was whole by the time that the answer began, the
// client was not told that the connection ends, and it does not.
func TestAConnectionStaysWhoseBodyWasWhole(t *testing.T) {
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		read := make(chan error)
		c.Stream()
		go func() {
			_, err := io.Copy(io.Discard, x.Request.Body)
			read <- err
		}()
		if err := <-read; err != nil {
			t.Error(err)
		}
		x.Answer(200, "text/plain", "done")
		if err := c.Respond(x, nil); err != nil {
			t.Error(err)
		}
		c.Unblock()
	}), http1.Options{})
	c := dial(t, address)
	for range 2 {
		c.send("POST /" + head + "Transfer-Encoding: chunked\r\n\r\n")
		c.send("5\r\nhello\r\n0\r\n\r\n")
		if r, body := c.answer("POST"); r.StatusCode != 200 || r.Close || body != "done" {
			t.Fatalf("%d, close %v, %q", r.StatusCode, r.Close, body)
		}
	}
}

func TestEarlyAnswerReachesTheClient(t *testing.T) {
	big := strings.Repeat("x", 8<<20)
	for name, answer := range map[string]string{
		"short": "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno",
		"long":  fmt.Sprintf("HTTP/1.1 413 Content Too Large\r\nContent-Length: %d\r\n\r\n%s", len(big), big),
	} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan struct{})
			defer close(arrived)
			at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) { // reads nothing but the head
				readHead(r)
				_, _ = io.WriteString(c, answer)
				<-arrived // closed before, with a body unread, the connection would be reset and the answer lost
			})
			c := dial(t, front(t, at))
			c.send("POST /" + head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(big)))
			go func() { _, _ = io.WriteString(c, big) }()
			r, body := c.answer("POST")
			if r.StatusCode != 413 || !r.Close || !strings.HasSuffix(answer, body) || body == "" {
				t.Errorf("%d, close %v, %d bytes", r.StatusCode, r.Close, len(body))
			}
		})
	}
}

func TestEarlyAnswerWhileTheClientSendsNothing(t *testing.T) {
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, r)
	})
	c := dial(t, front(t, at))
	c.send("POST /" + head + "Content-Length: 5\r\n\r\n")
	if r, _ := c.answer("POST"); r.StatusCode != 401 || !r.Close {
		t.Errorf("%d, close %v", r.StatusCode, r.Close)
	}
}

func TestAnswerThatEndsEarlyIsNotTakenForWhole(t *testing.T) {
	for name, answer := range map[string]string{
		"length":     "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
		"chunks":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"bad chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhellox\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
				readHead(r)
				_, _ = io.WriteString(c, answer)
			})
			c := dial(t, front(t, at))
			c.send("GET /" + head + "\r\n")
			r, err := http.ReadResponse(c.r, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if string(body) != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q %v", body, err)
			}
		})
	}
}

func TestRequestThatEndsEarlyIsNotPassedOnAsWhole(t *testing.T) {
	for name, body := range map[string]string{
		"length":     "Content-Length: 10\r\n\r\nhello",
		"chunks":     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"bad chunks": "Transfer-Encoding: chunked\r\n\r\n5\r\nhellox\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			at := scripted(t, func(_ int, _ net.Conn, r *bufio.Reader) {
				readHead(r)
				rest, _ := io.ReadAll(r)
				got <- string(rest)
			})
			c := dial(t, front(t, at))
			c.send("POST /" + head + body)
			_ = c.Conn.(*net.TCPConn).CloseWrite()
			if r, _ := c.answer("POST"); r.StatusCode != 502 {
				t.Error(r.Status)
			}
			if rest := <-got; !strings.Contains(rest, "hello") || strings.HasSuffix(rest, "0\r\n\r\n") {
				t.Errorf("%q", rest)
			}
		})
	}
}

func TestUpgradeIsATunnelBothWaysWithHalfClose(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		if got := readHead(r); !strings.Contains(got, "Connection: Upgrade\r\nUpgrade: echo\r\n") {
			t.Errorf("%q", got)
		}
		_, _ = io.WriteString(c, switching+"first,")
		all, _ := io.ReadAll(r) // up to the client's half-close
		_, _ = io.WriteString(c, strings.ToUpper(string(all)))
	})
	c := dial(t, front(t, at))
	c.send("GET /" + head + "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nsent ahead,")
	if got := readHead(c.r); got != switching {
		t.Fatalf("%q", got)
	}
	long := strings.Repeat("and much more,", 1<<16)
	c.send(long)
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c.r)
	if want := "first," + strings.ToUpper("sent ahead,"+long); err != nil || string(got) != want {
		t.Errorf("%d bytes, want %d: %v", len(got), len(want), err)
	}
}

func TestTrailersPassBothWays(t *testing.T) {
	got := make(chan string, 1)
	at := scripted(t, func(_ int, c net.Conn, r *bufio.Reader) {
		asked := readHead(r)
		for line := ""; line != "0\r\n"; {
			line, _ = r.ReadString('\n')
		}
		got <- asked + readHead(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTrailer: C\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\nC: d\r\n\r\n")
	})
	c := dial(t, front(t, at))
	c.send("POST /" + head + "TE: trailers\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n")
	r, body := c.answer("POST")
	if body != "ho" || r.Trailer.Get("C") != "d" {
		t.Errorf("%q %v", body, r.Trailer)
	}
	asked := <-got
	for _, want := range []string{"\r\nTE: trailers\r\n", "\r\nTrailer: A\r\n", "\r\n\r\nA: b\r\n\r\n"} {
		if !strings.Contains(asked, want) {
			t.Errorf("no %q in %q", want, asked)
		}
	}
}

func TestLargeBodiesOnManyConnectionsArriveAsTheyWere(t *testing.T) {
	at := backend(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		_, _ = w.Write(body)
	})
	address := front(t, at)
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 12 {
				data := bytes.Repeat([]byte{byte(i), byte(n), 'x', '\r', '\n'}, 1<<(n+i))
				var src io.Reader = bytes.NewReader(data)
				if n%2 == 1 {
					src = io.MultiReader(src) // of unknown length: chunks
				}
				path := []string{"/length", "/chunks"}[n/2%2]
				r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, src)
				resp, err := transport.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
					t.Errorf("%d of %d bytes: %v", len(got), len(data), err)
				}
			}
		})
	}
	all.Wait()
}

func TestAConnectionTellsWhatWasReceivedAndSent(t *testing.T) {
	type told struct{ Received, Sent int64 }
	got := make(chan told, 1)
	_, address := serve(t, handle(func(c *http1.Conn, x *exchange.Exchange) {
		if body := c.Body(); body != nil {
			_, _ = io.Copy(io.Discard, body)
		}
		x.Answer(200, "text/plain", "hello")
		_ = c.Respond(x, nil)
		if !c.Remote().Addr().IsLoopback() {
			t.Errorf("remote %v", c.Remote())
		}
		got <- told{c.Received(), c.Sent()}
	}), http1.Options{})
	c := dial(t, address)
	for _, tc := range []struct {
		request string
		want    told
	}{
		{"GET /" + head + "\r\n", told{0, 5}},
		{"POST /" + head + "Content-Length: 3\r\n\r\nabc", told{3, 5}},
		{"POST /" + head + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", told{4, 5}},
	} {
		c.send(tc.request)
		c.answer("GET")
		if diff := cmp.Diff(tc.want, <-got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.request, diff)
		}
	}
}
