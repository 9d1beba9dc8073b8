package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

// A mortal endpoint answers with what it was sent, dies with all its connections at every so many requests, and
// lives again some connections later.
type mortal struct {
	calm atomic.Bool // it no longer dies

	mu       sync.Mutex
	requests int
	dead     int // connections that it still refuses
	open     map[net.Conn]struct{}
}

// serve serves one connection.
func (m *mortal) serve(_ int, c net.Conn, r *bufio.Reader) {
	if !m.enter(c) {
		return
	}
	defer m.leave(c)
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil || m.dies() {
			return
		}
		text := request.URL.Path + " " + string(body)
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
			return
		}
	}
}

func (m *mortal) enter(c net.Conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead > 0 && !m.calm.Load() {
		m.dead--
		return false
	}
	m.open[c] = struct{}{}
	return true
}

func (m *mortal) leave(c net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, c)
}

// dies counts a request; it reports whether it was the last.
func (m *mortal) dies() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	if m.requests%200 != 0 || m.calm.Load() {
		return false
	}
	m.dead = 20
	for c := range m.open {
		c.Close()
	}
	return true
}

// hammer makes calls and holds that an answer is always that to its own request. It returns how many there were.
func hammer(t *testing.T, route *atomic.Pointer[upstream.Route], who, calls int) (answered int) {
	random := rand.New(rand.NewPCG(uint64(who), 1)) //nolint:gosec // a test's variety
	for i := range calls {
		x := get(t.Context())
		x.Request.Path = fmt.Sprintf("/%d-%d", who, i)
		text := ""
		if random.IntN(3) == 0 {
			text = strings.Repeat("b", random.IntN(50000))
			x.Request.Method, x.Request.Body, x.Request.Length = "POST", strings.NewReader(text), int64(len(text))
		}
		status, body, reason := fetch(route.Load(), x, &upstream.Request{Timeout: time.Minute})
		switch {
		case reason == "" && status == 200 && body == x.Request.Path+" "+text:
			answered++
		case reason != upstream.Reset && reason != upstream.ConnectFailure:
			t.Errorf("%s: %d %q %s", x.Request.Path, status, body, reason)
		}
	}
	return answered
}

func TestCallsSurviveEndpointsThatComeAndGo(t *testing.T) {
	first, second := &mortal{open: map[net.Conn]struct{}{}}, &mortal{open: map[net.Conn]struct{}{}}
	a, b := endpoint(t, scripted(t, first.serve), 1), endpoint(t, scripted(t, second.serve), 1)
	models := []*schema.Gateway{one(a, b), one(a), one(a, b, endpoint(t, closedPort(t), 1))}
	retry := &schema.Retry{Attempts: 5, On: []string{"reset", "connect-failure"}, Methods: []string{"GET"}}
	pool := upstream.NewPool(upstream.Options{})
	t.Cleanup(pool.Close)
	var route atomic.Pointer[upstream.Route]
	swap := func(n int) {
		set, problems := pool.Build(models[n%len(models)], nil)
		if len(problems) > 0 {
			t.Error(problems)
		}
		route.Store(set.Route(toUp, retry, &counted{}))
		pool.Use(set)
	}
	swap(0)

	const rounds, clients, calls = 6, 50, 10
	var answered atomic.Int64
	for round := range rounds {
		var callers sync.WaitGroup
		for who := range clients {
			callers.Go(func() { answered.Add(int64(hammer(t, &route, round*clients+who, calls))) })
		}
		swap(round + 1)
		callers.Wait()
	}
	t.Logf("%d of %d answered", answered.Load(), rounds*clients*calls)
	if answered.Load() < rounds*clients*calls/2 {
		t.Errorf("only %d calls were answered", answered.Load())
	}
	first.calm.Store(true)
	second.calm.Store(true)
	swap(0)
	for i := range clients {
		if status, _, reason := fetch(route.Load(), get(t.Context()), &upstream.Request{}); status != 200 {
			t.Errorf("call %d to endpoints that live: %d %s", i, status, reason)
		}
	}
}
