package runtime

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
)

// tunnel joins the client's connection and the backend's, after both have changed to another protocol, until
// one of them ends. It lives on through swaps; a drain waits for it.
func (v *visit) tunnel() {
	x := &v.x
	back, ok := v.answer.Conn()
	if !ok || v.upgrade() == "" || !exchange.EqualFold(v.answer.Upgrade(), v.upgrade()) {
		x.Fail(http.StatusBadGateway, upstream.Other, "The backend gave no valid answer.")
		v.status = x.Response.Status
		v.respond()
		return
	}
	v.deadline.lift()
	v.begun, v.took = true, v.server.o.Clock().Sub(v.began)
	client, buffered, err := http.NewResponseController(v.w).Hijack()
	if err != nil {
		x.Reason = upstream.ClientGone
		return
	}
	defer client.Close()
	defer back.Close()

	h := http.Header{}
	v.header(h)
	h.Del("Content-Length")
	h.Del("Trailer")
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", v.answer.Upgrade())
	_ = client.SetWriteDeadline(time.Now().Add(stall)) // a connection without deadlines has none
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = h.Write(buffered)
	_, _ = buffered.WriteString("\r\n")
	if buffered.Flush() != nil { // it reports what the writes before it met
		x.Reason = upstream.ClientGone
		return
	}
	_ = client.SetWriteDeadline(time.Time{})

	leave := v.server.tunnels.enter(client)
	defer leave()
	inward := make(chan struct{})
	go func() {
		defer close(inward)
		_, _ = io.Copy(back, buffered.Reader) // however it ends, the tunnel does
		back.Close()
	}()
	v.sent, _ = io.Copy(client, back)
	client.Close()
	<-inward
}

// tunnels are the connections that no http.Server knows of any more.
type tunnels struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
	wait sync.WaitGroup
}

func (t *tunnels) enter(c net.Conn) (leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[net.Conn]struct{}{}
	}
	t.open[c] = struct{}{}
	t.wait.Add(1)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, c)
		t.wait.Done()
	}
}

// drain waits for the tunnels until ctx ends and then cuts them; it returns how many it cut.
func (t *tunnels) drain(ctx context.Context) int {
	done := make(chan struct{})
	go func() {
		t.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
		return 0
	case <-ctx.Done():
	}
	t.mu.Lock()
	cut := len(t.open)
	for c := range t.open {
		c.Close()
	}
	t.mu.Unlock()
	<-done
	return cut
}
