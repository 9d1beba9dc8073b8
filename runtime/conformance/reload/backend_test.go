package reload_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// answer is the body of any request's answer but a stream's.
var answer = strings.Repeat("answer, ", 128)

// A backend answers requests, sends streams and returns what comes over a WebSocket.
type backend struct {
	server   *httptest.Server
	accepted atomic.Int64  // connections
	over     chan struct{} // closed when streams are to end
}

// tick is the time between two lines of a stream.
const tick = 20 * time.Millisecond

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{over: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, answer) // the client notices
	})
	mux.HandleFunc("/stream", b.stream)
	mux.HandleFunc("/socket", echo)
	b.server = httptest.NewUnstartedServer(mux)
	b.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			b.accepted.Add(1)
		}
	}
	b.server.Start()
	t.Cleanup(b.server.Close)
	return b
}

// stream counts until the streams are to end, and ends with a line that says so.
func (b *backend) stream(w http.ResponseWriter, r *http.Request) {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for n := 0; ; n++ {
		select {
		case <-b.over:
			_, _ = io.WriteString(w, "over\n") // the client notices
			return
		case <-r.Context().Done():
			return
		case <-clock.C:
			_, _ = fmt.Fprintln(w, n) // as above
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has been answered
	}
	defer c.CloseNow() //nolint:errcheck // closed, or not
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}
