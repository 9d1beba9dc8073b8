package websocket_test

import (
	"bytes"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// echo returns every message, and fails a connection on text that is not UTF-8.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 64, Subprotocols: []string{"echo"},
	})
	if err != nil {
		return // it has been answered
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if kind == websocket.MessageText && !utf8.Valid(message) {
			_ = c.Close(websocket.StatusInvalidFramePayloadData, "not UTF-8") // the client has been told, or is gone
			return
		}
		if err := c.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

func TestEveryCaseIsTheSameThroughTheGateway(t *testing.T) {
	s := start(t, http.HandlerFunc(echo))
	for _, c := range readCases(t) {
		t.Run(c.name, func(t *testing.T) {
			direct := s.open(t, path{"", hosts[0]}, c.fields)
			want := direct.exchange(c.pieces)
			if diff := cmp.Diff(c.want, readMessages(want)); diff != "" {
				t.Fatalf("without the gateway (-want +got):\n%s", diff)
			}
			for _, p := range paths() {
				through := s.open(t, p, c.fields)
				if diff := cmp.Diff(direct.agreed(), through.agreed()); diff != "" {
					t.Errorf("%s: handshake (-direct +through):\n%s", p, diff)
				}
				if got := through.exchange(c.pieces); !bytes.Equal(want, got) {
					t.Errorf("%s: messages (-direct +through):\n%s", p, cmp.Diff(readMessages(want), readMessages(got)))
				}
			}
		})
	}
}
