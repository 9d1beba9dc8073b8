package websocket_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// say sends a message and requires that it comes back.
func say(t *testing.T, c *websocket.Conn, message string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatalf("%s: %v", message, err)
	}
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != message {
		t.Fatalf("%s: %q, %v", message, got, err)
	}
}

// openEverywhere opens a WebSocket along each path through the gateway, and says something.
func (s *site) openEverywhere(t *testing.T) []*websocket.Conn {
	t.Helper()
	var all []*websocket.Conn
	for _, p := range paths() {
		c, _, _ := s.connect(t, p, &websocket.DialOptions{})
		say(t, c, "hello")
		all = append(all, c)
	}
	return all
}

func TestADrainWaitsForOpenWebSockets(t *testing.T) {
	s := start(t, http.HandlerFunc(echo), "--drain-timeout", "5m")
	open := s.openEverywhere(t)
	s.Drain(t)
	s.awaitRefused(t)
	for _, c := range open {
		say(t, c, "still here")
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	}
	s.Ended(t)
	if log := s.Log(); strings.Contains(log, "connections were cut") {
		t.Errorf("connections were cut though their clients had ended them:\n%s", log)
	}
}

// awaitRefused waits until the gateway takes no connections.
func (s *site) awaitRefused(t *testing.T) {
	t.Helper()
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Address("http"))
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, conn) // it came in at the last moment, and is ended
		conn.Close()
	}
}

func TestADrainEndsWebSocketsThatStayOpenForTooLong(t *testing.T) {
	s := start(t, http.HandlerFunc(echo), "--drain-timeout", "200ms")
	open := s.openEverywhere(t)
	s.Drain(t)
	for _, c := range open {
		if _, _, err := c.Read(t.Context()); err == nil || t.Context().Err() != nil {
			t.Errorf("a message came, or nothing: %v", err)
		}
	}
	s.Ended(t)
	if log := s.Log(); !strings.Contains(log, "connections were cut at the end of the drain timeout") {
		t.Errorf("the log does not say that connections were cut:\n%s", log)
	}
}

// Tables are swapped for one that sends requests elsewhere, and for one that knows nothing of the route.
func TestASwapLeavesOpenWebSocketsAlone(t *testing.T) {
	s := start(t, http.HandlerFunc(echo))
	open := s.openEverywhere(t)
	turned := strings.NewReplacer("backends: plain:", "backends: tls:", "backends: tls:", "backends: plain:").Replace(s.definition)
	s.Publish(t, commands.Compile(t, turned, 2), 2)
	for _, c := range append(open, s.openEverywhere(t)...) {
		say(t, c, "after the first swap")
	}
	listeners, _, _ := strings.Cut(s.definition, "upstreams:")
	const other = "apis: other: {owner: \"conformance\", routes: all: {match: methods: [\"GET\"], respond: status: 204}}\n"
	s.Publish(t, commands.Compile(t, listeners+other, 3), 3)
	for _, c := range open {
		say(t, c, "after the second swap")
	}
	for _, p := range paths() {
		if answer := s.open(t, p, "").answer; answer.StatusCode != http.StatusNoContent {
			t.Errorf("%s: a new request is answered %s", p, answer.Status)
		}
	}
}
