package runtime_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema"
)

func TestLargeBodiesPassBothWays(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) { // answers while the request comes in
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	})
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) { r.Timeout = schema.Duration(20 * time.Second) }))
	data := make([]byte, 10<<20)
	_, _ = rand.Read(data)
	for name, body := range map[string]io.Reader{"with a length": bytes.NewReader(data), "in chunks": io.MultiReader(bytes.NewReader(data))} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url(), body)
			if err != nil {
				t.Fatal(err)
			}
			a := send(t, client(t), r)
			if a.Status != 200 || !bytes.Equal([]byte(a.Body), data) {
				t.Errorf("status %d and %d bytes, want the %d that were sent", a.Status, len(a.Body), len(data))
			}
		})
	}
}

func TestEventStreamsArriveEventByEvent(t *testing.T) {
	next := make(chan string)
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set(http.TrailerPrefix+"X-Total", "2")
	})
	p := start(t)
	p.publish(gateway(t, backend.URL))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client(t).Do(r) // the header is here before any event is
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for _, event := range []string{"one", "two"} {
		next <- event
		got, err := lines.ReadString('\n')
		if err != nil || got != "data: "+event+"\n" {
			t.Fatalf("got %q, %v", got, err)
		}
		_, _ = lines.ReadString('\n')
	}
	close(next)
	if _, err := io.ReadAll(lines); err != nil {
		t.Fatal(err)
	}
	if got := response.Trailer.Get("X-Total"); got != "2" {
		t.Errorf("trailer %q", got)
	}
}

func TestTrailersPassUnlessTheyRestateTheHeader(t *testing.T) {
	var got http.Header
	backend := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got = r.Trailer
	})
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) {
		r.Headers = &schema.Headers{Request: &schema.HeaderChange{Remove: []string{"x-role"}}}
	}))
	answer := raw(t, p.address("http"), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"+
		"Trailer: X-Sum, X-User, X_User, X-Role, X-Forwarded-For\r\nX-User: me\r\nConnection: close\r\n\r\n"+
		"3\r\nabc\r\n0\r\nX-Sum: 42\r\nX-User: you\r\nX_User: you\r\nX-Role: admin\r\nX-Forwarded-For: 6.6.6.6\r\nX-Unannounced: 1\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 200") {
		t.Fatal(answer)
	}
	if diff := cmp.Diff(http.Header{"X-Sum": {"42"}}, got); diff != "" {
		t.Errorf("trailer at the backend (-want +got):\n%s", diff)
	}
}

func TestAnUpgradeIsTunnelledAcrossASwap(t *testing.T) {
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" || r.Header.Get("Sec-Websocket-Key") == "" {
			http.Error(w, "no upgrade: "+fmt.Sprint(r.Header), http.StatusTeapot)
			return
		}
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")
		_, _ = io.Copy(c, buffered)
	})
	p := start(t)
	g := gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) { r.Timeout = schema.Duration(200 * time.Millisecond) })
	p.publish(g)
	c, err := net.Dial("tcp", p.address("http"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	// The first frame comes together with the request.
	fmt.Fprint(c, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nX-Request-Id: ws\r\n\r\nearly")
	in := bufio.NewReader(c)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 101 || response.Header.Get("Upgrade") != "websocket" || response.Header.Get("Sec-Websocket-Accept") != "x" {
		t.Fatalf("answer %v %v", response.Status, response.Header)
	}
	read := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(in, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	read("early")
	p.publish(g)
	time.Sleep(300 * time.Millisecond) // longer than the route's timeout
	fmt.Fprint(c, "late")
	read("late")
	c.Close()
	if r := p.record("ws"); r["status"] != 101.0 || r["bytes"] != 9.0 {
		t.Errorf("access log %v", r)
	}
}

func TestOtherProtocolsAreNotTunnelled(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL))
	got := raw(t, p.address("http"), "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 200") || strings.Contains(got, "h2c") || strings.Contains(got, "Http2-Settings") {
		t.Errorf("answer %s", got)
	}
}
