package websocket_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// A recorder keeps what is read from a connection.
type recorder struct {
	net.Conn
	mu   sync.Mutex
	read bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read.Write(p[:n])
	return n, err
}

// messages returns what followed the handshake's answer.
func (r *recorder) messages() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, after, _ := bytes.Cut(r.read.Bytes(), []byte("\r\n\r\n"))
	return bytes.Clone(after)
}

// connect opens a WebSocket by the library, along a path.
func (s *site) connect(t testing.TB, p path, o *websocket.DialOptions) (*websocket.Conn, *recorder, *http.Response) {
	t.Helper()
	r := &recorder{Conn: s.dial(t, p)}
	o.Host = p.host
	o.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return r, nil // TLS is spoken already
	}}}
	c, answer, err := websocket.Dial(t.Context(), "ws://"+p.host+"/socket", o)
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	t.Cleanup(func() { c.CloseNow() }) //nolint:errcheck // closed, or not
	c.SetReadLimit(-1)
	return c, r, answer
}

// converse sends messages of growing sizes, text and binary in turns, requires that they come back, and ends the
// connection. It returns what was agreed on, and the bytes of all that the server said.
func (s *site) converse(t *testing.T, p path, o websocket.DialOptions) (agreed, said string) {
	t.Helper()
	c, r, answer := s.connect(t, p, &o)
	for i, size := range []int{0, 1, 100, 1 << 10, 10_000, 1 << 16, 1 << 20} {
		kind := websocket.MessageType(i%2 + 1)
		want := []byte(strings.Repeat("what repeats is compressed; ", size/28+1)[:size])
		if err := c.Write(t.Context(), kind, want); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		gotKind, got, err := c.Read(t.Context())
		if err != nil || gotKind != kind || !bytes.Equal(got, want) {
			t.Fatalf("%s: of %d bytes of %s there came %d of %s back: %v", p, size, kind, len(got), gotKind, err)
		}
	}
	if err := c.Close(4321, "that was all"); err != nil {
		t.Fatalf("%s: closing: %v", p, err)
	}
	return answer.Header.Get("Sec-Websocket-Extensions") + " " + answer.Header.Get("Sec-Websocket-Protocol"), string(r.messages())
}

func TestClientsAndServersNegotiateEndToEnd(t *testing.T) {
	s := start(t, http.HandlerFunc(echo))
	for name, o := range map[string]websocket.DialOptions{
		"no compression":              {},
		"compression, kept context":   {CompressionMode: websocket.CompressionContextTakeover},
		"compression, no context":     {CompressionMode: websocket.CompressionNoContextTakeover},
		"a subprotocol":               {Subprotocols: []string{"unknown", "echo"}},
		"a subprotocol nobody speaks": {Subprotocols: []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantAgreed, wantSaid := s.converse(t, path{"", hosts[0]}, o)
			for _, p := range paths() {
				agreed, said := s.converse(t, p, o)
				if diff := cmp.Diff(wantAgreed, agreed); diff != "" {
					t.Errorf("%s (-direct +through):\n%s", p, diff)
				}
				if said != wantSaid {
					t.Errorf("%s (-direct +through):\n%s", p, cmp.Diff(readMessages([]byte(wantSaid)), readMessages([]byte(said))))
				}
			}
		})
	}
}
