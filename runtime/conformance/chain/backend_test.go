package chain_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// malformed begins the note of a request that could not be read.
const malformed = "malformed: "

// A backend answers requests, and keeps what it read.
type backend struct {
	address string
	mu      sync.Mutex
	answer  []byte   // to requests for /first, in place of its own; the connection ends after "close"
	seen    []string // requests, or how one was malformed
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	b := &backend{address: ln.Addr().String()}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return // the test is over
			}
			go b.serve(conn)
		}
	}()
	return b
}

// serve answers what comes in on a connection until the end, or until it is malformed.
func (b *backend) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		got, err := readRequest(r, func() { _, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n") })
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), isReset(err):
			return // nothing whole came
		case err != nil:
			b.note(malformed + err.Error())
			return
		}
		answer, last := b.take(got)
		if _, err := conn.Write(answer); err != nil || last || got.last {
			return
		}
	}
}

func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}

func (b *backend) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, what)
}

// take records a request and returns what to answer, and whether the connection ends after that.
func (b *backend) take(r request) (answer []byte, last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.target != syncTarget {
		b.seen = append(b.seen, r.String())
	}
	if b.answer != nil && strings.HasPrefix(r.target, "/first") {
		return b.answer, true
	}
	body := fmt.Sprintf("%s %s\n", r.method, r.target)
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nSeen: %d\r\nContent-Length: %d\r\n\r\n", len(b.seen), len(body))
	if r.method == "HEAD" {
		body = ""
	}
	return []byte(head + body), false
}

// begin forgets what was seen, and sets the answer to the first request of a case; nil: as to any.
func (b *backend) begin(answer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.answer = nil, answer
}

func (b *backend) record() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.seen...)
}
