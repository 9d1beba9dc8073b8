package websocket_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// takeOver returns a handler that agrees to WebSocket and leaves what follows to f, and closes the connection after it.
func takeOver(f func(net.Conn, *bufio.Reader)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		const agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
		if _, err := io.WriteString(conn, agreed); err == nil {
			f(conn, buffered.Reader)
		}
	}
}

func closeWrite(conn net.Conn) error { return conn.(interface{ CloseWrite() error }).CloseWrite() }

// A client that has said everything still gets the answer, which is made of all it said.
func TestTheClientMayEndFirst(t *testing.T) {
	s := start(t, takeOver(func(conn net.Conn, r *bufio.Reader) {
		said, err := io.ReadAll(r)
		fmt.Fprintf(conn, "%s, %v", said, err)
	}))
	for _, p := range paths() {
		c := s.open(t, p, "")
		if _, err := io.WriteString(c, "all"); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); err != nil || string(got) != "all, <nil>" {
			t.Errorf("%s: %q, %v", p, got, err)
		}
	}
}

// A server that has said everything still hears the client.
func TestTheServerMayEndFirst(t *testing.T) {
	heard := make(chan string)
	s := start(t, takeOver(func(conn net.Conn, r *bufio.Reader) {
		_, _ = io.WriteString(conn, "all")
		_ = closeWrite(conn)
		said, err := io.ReadAll(r)
		heard <- fmt.Sprintf("%s, %v", said, err)
	}))
	for _, p := range paths() {
		c := s.open(t, p, "")
		if got, err := io.ReadAll(c); err != nil || string(got) != "all" {
			t.Errorf("%s: %q, %v", p, got, err)
		}
		if _, err := io.WriteString(c, "still here"); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-heard:
			if got != "still here, <nil>" {
				t.Errorf("%s: the server heard %s", p, got)
			}
		case <-time.After(patience):
			t.Fatalf("%s: the server heard no end", p)
		}
	}
}

// A server that fails a connection says why and closes it, while the client goes on sending. What it said arrives.
func TestLastWordsArriveAtAClientThatStillSends(t *testing.T) {
	s := start(t, takeOver(func(conn net.Conn, r *bufio.Reader) {
		if _, err := r.Peek(1); err == nil {
			_, _ = io.WriteString(conn, "last words")
		}
	}))
	for _, p := range paths() {
		for range 25 {
			c := s.open(t, p, "")
			pieces := make([][]byte, 20)
			for i := range pieces {
				pieces[i] = []byte("more")
			}
			if got := c.exchange(pieces); string(got) != "last words" {
				t.Fatalf("%s: %q", p, got)
			}
		}
	}
}

// The first bytes of either side may come in one piece with what changed the protocol.
func TestBytesRightAfterTheHandshakeAreNotLost(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		const early = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly, "
		_, _ = io.WriteString(conn, early)
		_, _ = io.Copy(conn, buffered)
	}))
	for _, p := range paths() {
		c := s.dial(t, p)
		_, err := io.WriteString(c, "GET /socket HTTP/1.1\r\nHost: "+p.host+"\r\nConnection: Upgrade\r\n"+
			"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\nand early too")
		if err != nil {
			t.Fatal(err)
		}
		if err := closeWrite(c); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(c)
		if _, got, _ := bytes.Cut(all, []byte("\r\n\r\n")); err != nil || string(got) != "early, and early too" {
			t.Errorf("%s: %q, %v", p, all, err)
		}
	}
}

// A server that does not want WebSocket answers as to any request, and the connection serves on.
func TestARefusalPassesAsItIs(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Upgrade", r.Header.Get("Upgrade"))
		http.Error(w, "no WebSocket here", http.StatusForbidden)
	}))
	for _, p := range paths() {
		c := s.open(t, p, "")
		body, err := io.ReadAll(c.answer.Body)
		if c.answer.StatusCode != http.StatusForbidden || string(body) != "no WebSocket here\n" || err != nil {
			t.Errorf("%s: %s %q, %v", p, c.answer.Status, body, err)
		}
		if got := c.answer.Header.Get("X-Upgrade"); got != "websocket" {
			t.Errorf("%s: the server was asked for %q", p, got)
		}
		if _, err := io.WriteString(c.Conn, "GET / HTTP/1.1\r\nHost: "+p.host+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		next, err := http.ReadResponse(c.reader, nil)
		if err != nil || next.StatusCode != http.StatusForbidden || next.Header.Get("X-Upgrade") != "" {
			t.Errorf("%s: the next request: %+v, %v", p, next, err)
		}
	}
}
