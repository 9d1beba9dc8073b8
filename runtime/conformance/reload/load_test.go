package reload_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// How many of each kind are under way at once.
const (
	requestsAtOnce = 4 // of each protocol
	streamsAtOnce  = 2 // of each protocol
)

// A load is everything that goes on while tables are swapped.
type load struct {
	t       *testing.T
	s       *site
	b       *backend
	stop    chan struct{} // closed when no more requests are to begin
	workers sync.WaitGroup

	mu     sync.Mutex
	took   []time.Duration // by requests since the last look
	count  int             // of requests
	failed []string        // the first few failures
}

// begin starts requests, streams and a WebSocket.
func begin(t *testing.T, s *site, b *backend) *load {
	t.Helper()
	l := &load{t: t, s: s, b: b, stop: make(chan struct{})}
	for protocol, base := range map[int]string{1: "http://" + s.Address("http"), 2: "https://" + s.Address("https")} {
		// Of the clients' own connections none is ever given up, so that only the gateway can.
		transport := &http.Transport{
			TLSClientConfig: s.client, ForceAttemptHTTP2: protocol == 2, MaxIdleConnsPerHost: requestsAtOnce + streamsAtOnce,
		}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: transport}
		for range requestsAtOnce {
			l.workers.Go(func() { l.request(client, base, protocol) })
		}
		for range streamsAtOnce {
			l.workers.Go(func() { l.stream(client, base, protocol) })
		}
	}
	l.workers.Go(l.socket)
	return l
}

// end lets everything come to its end.
func (l *load) end() {
	close(l.stop)
	close(l.b.over)
	l.workers.Wait()
}

func (l *load) fail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failed) < 20 {
		l.failed = append(l.failed, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
	}
}

// request sends requests, one after the other.
func (l *load) request(client *http.Client, base string, protocol int) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		began := time.Now()
		response, err := get(l.t.Context(), client, base+"/"+strconv.Itoa(protocol))
		if err != nil {
			l.fail("request over HTTP/%d: %v", protocol, err)
			continue
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || string(body) != answer || response.ProtoMajor != protocol {
			l.fail("request over HTTP/%d: %s %s, %d bytes, %v", protocol, response.Proto, response.Status, len(body), err)
		}
		l.mu.Lock()
		l.took = append(l.took, time.Since(began))
		l.count++
		l.mu.Unlock()
	}
}

func get(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Host = "localhost"
	return client.Do(r)
}

// stream reads a stream to its end and requires that nothing is missing.
func (l *load) stream(client *http.Client, base string, protocol int) {
	response, err := get(l.t.Context(), client, base+"/stream")
	if err != nil {
		l.fail("stream over HTTP/%d: %v", protocol, err)
		return
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	n := 0
	for ; lines.Scan() && lines.Text() != "over"; n++ {
		if lines.Text() != strconv.Itoa(n) {
			l.fail("stream over HTTP/%d: line %d is %q", protocol, n, lines.Text())
			return
		}
	}
	if lines.Text() != "over" || lines.Scan() || lines.Err() != nil {
		l.fail("stream over HTTP/%d: ended after %d lines with %q, %v", protocol, n, lines.Text(), lines.Err())
	}
}

// socket talks over one WebSocket.
func (l *load) socket() {
	ctx := l.t.Context()
	c, _, err := websocket.Dial(ctx, "ws://"+l.s.Address("http")+"/socket", &websocket.DialOptions{Host: "localhost"})
	if err != nil {
		l.fail("WebSocket: %v", err)
		return
	}
	defer c.CloseNow() //nolint:errcheck // closed, or not
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				l.fail("WebSocket: closing: %v", err)
			}
			return
		case <-clock.C:
		}
		want := strconv.Itoa(n)
		err := c.Write(ctx, websocket.MessageText, []byte(want))
		var got []byte
		if err == nil {
			_, got, err = c.Read(ctx)
		}
		if err != nil || string(got) != want {
			l.fail("WebSocket: message %d came back as %q, %v", n, got, err)
			return
		}
	}
}

// look returns the time that 99 of 100 requests took at most since the last look.
func (l *load) look() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	took := slices.Sorted(slices.Values(l.took))
	l.took = nil
	if len(took) == 0 {
		return 0
	}
	return took[len(took)*99/100]
}

// check requires that nothing failed, and returns how many requests there were.
func (l *load) check() int {
	l.t.Helper()
	if len(l.failed) > 0 {
		l.t.Errorf("failed, the first of them:\n%s", strings.Join(l.failed, "\n"))
	}
	return l.count
}
