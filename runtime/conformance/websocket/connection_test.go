package websocket_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// patience is how long a connection may take for all that a case does. Only a case that fails takes so long.
const patience = 60 * time.Second

// dial opens a connection along a path.
func (s *site) dial(t testing.TB, p path) net.Conn {
	t.Helper()
	address, encrypted := "", p.listener == "https"
	switch {
	case p.listener != "":
		address = s.Address(p.listener)
	case p.host == "tls.example.com":
		address, encrypted = s.tls.Listener.Addr().String(), true
	default:
		address = s.plain.Listener.Addr().String()
	}
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if encrypted {
		conn = tls.Client(conn, s.client)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// A peer is a client's connection after the server has agreed to WebSocket, or has not.
type peer struct {
	net.Conn
	reader *bufio.Reader
	answer *http.Response
}

// Read reads what came after the answer's header.
func (p *peer) Read(b []byte) (int, error) { return p.reader.Read(b) }

// CloseWrite ends the client's own direction.
func (p *peer) CloseWrite() error {
	return p.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// open asks for WebSocket along a path, with further header fields, each a line.
func (s *site) open(t testing.TB, p path, fields string) *peer {
	t.Helper()
	conn := s.dial(t, p)
	_, err := io.WriteString(conn, "GET /socket HTTP/1.1\r\nHost: "+p.host+"\r\n"+
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"+fields+"\r\n")
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return &peer{conn, reader, answer}
}

// agreed returns what a server answered that a WebSocket client goes by.
func (p *peer) agreed() map[string]string {
	out := map[string]string{"": p.answer.Proto + " " + p.answer.Status}
	for _, name := range []string{
		"Upgrade", "Connection", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
	} {
		for _, value := range p.answer.Header.Values(name) {
			out[name] += value + "\n"
		}
	}
	return out
}

// exchange sends pieces, returns all that the server said until it ended the connection, and ends it too. That the
// server ends it before it has read everything is no mistake here.
func (p *peer) exchange(pieces [][]byte) []byte {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, piece := range pieces {
			if _, err := p.Write(piece); err != nil {
				return
			}
		}
	}()
	received, _ := io.ReadAll(p)
	<-done
	p.Close()
	return received
}
