package runtime_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

// swaps returns how often a test swaps: SWAPS times, if that is set, to go the whole way.
func swaps(t *testing.T, otherwise int) int {
	t.Helper()
	text := os.Getenv("SWAPS")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SWAPS: %v", err)
	}
	return n
}

// large returns a bundle of 10,000 routes and the one that takes every path, which is all that differs in any two.
func large(t *testing.T, p *proxy, url string, variant int) *bundle.Bundle {
	t.Helper()
	g := gateway(t, url, func(g *schema.Gateway, r *schema.Route) {
		r.Description = fmt.Sprint("variant ", variant)
		r.RateLimit = &schema.RateLimit{Windows: map[string]schema.RateLimitWindow{"all": {Requests: 1e9, Per: "hour"}}}
		g.APIs = map[string]schema.API{}
		for i := range 1000 {
			api := schema.API{Hosts: []string{fmt.Sprintf("h%d.example.com", i)}, Routes: map[string]schema.Route{}}
			for j := range 10 {
				api.Routes[fmt.Sprint("r", j)] = schema.Route{
					Match:    &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/p%d", (j+variant)%10)}},
					Backends: map[string]schema.Backend{"echo": {Weight: 1}},
				}
			}
			g.APIs[fmt.Sprint("a", i)] = api
		}
	})
	b, err := bundle.Open(p.seal(g), bundle.Trust{Keys: []bundle.PublicKey{p.key.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A loader sends requests, one after the other, until it is stopped.
type loader struct {
	stop  atomic.Bool
	done  sync.WaitGroup
	mu    sync.Mutex
	took  []time.Duration
	wrong []string
}

func (l *loader) note(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took)
	if err != nil && len(l.wrong) < 10 {
		l.wrong = append(l.wrong, err.Error())
	}
}

// run sends requests by a client on as many goroutines as it is told.
func (l *loader) run(t *testing.T, c *http.Client, url string, goroutines int) {
	for range goroutines {
		l.done.Go(func() {
			for !l.stop.Load() {
				began := time.Now()
				err := once(t, c, url)
				l.note(time.Since(began), err)
			}
		})
	}
}

func once(t *testing.T, c *http.Client, url string) error {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := c.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || len(body) != 1024) {
		err = fmt.Errorf("status %d and %d bytes", response.StatusCode, len(body))
	}
	return err
}

// p99 returns the time that 99 of 100 requests took at most, and forgets them.
func (l *loader) p99() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	sorted := slices.Sorted(slices.Values(l.took))
	l.took = nil
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*99/100]
}

// window is how many swaps are made between two times without any.
const window = 25

// median returns the middle one; of none, zero.
func median[T cmp.Ordered](of []T) (m T) {
	if sorted := slices.Sorted(slices.Values(of)); len(sorted) > 0 {
		m = sorted[len(sorted)/2]
	}
	return m
}

func heap() uint64 {
	var stats goruntime.MemStats
	goruntime.GC()
	goruntime.GC()
	goruntime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestSwapsUnderLoadDisturbNobody(t *testing.T) {
	var accepted atomic.Int64
	answer := strings.Repeat("a", 1024)
	events := make(chan string)
	backend := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/events":
			_ = http.NewResponseController(w).Flush()
			for event := range events {
				_, _ = io.WriteString(w, event+"\n")
				_ = http.NewResponseController(w).Flush()
			}
		case r.Header.Get("Upgrade") != "":
			c, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(c, buffered)
		default:
			_, _ = io.WriteString(w, answer)
		}
	})
	backend.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted.Add(1)
		}
	}
	p := start(t, func(o *runtime.Options) { o.AccessLog = nil })
	p.publish(gateway(t, backend.URL))
	variants := []*bundle.Bundle{large(t, p, backend.URL, 0), large(t, p, backend.URL, 1)}
	if err := p.server.Swap(variants[0]); err != nil {
		t.Fatal(err)
	}

	// An event stream over HTTP/2 and a tunnel last through all swaps.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url()+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	streaming := priorKnowledge(t)
	streaming.Timeout = 0
	response, err := streaming.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	defer close(events)
	tunnel, err := net.Dial("tcp", p.address("http"))
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	fmt.Fprint(tunnel, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	echoed := bufio.NewReader(tunnel)
	if upgraded, err := http.ReadResponse(echoed, nil); err != nil || upgraded.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(upgraded, err)
	}

	load := &loader{}
	load.run(t, client(t), p.url(), 4)
	load.run(t, priorKnowledge(t), p.url(), 4)
	time.Sleep(500 * time.Millisecond)
	connections := accepted.Load()
	n := swaps(t, 30)
	var early uint64
	var quiet, busy []time.Duration
	var ratios []float64
	for i := range n {
		if i%window == 0 { // in turn, since a machine has other work at times
			load.p99()
			time.Sleep(time.Second)
			quiet = append(quiet, load.p99())
		}
		if err := p.server.Swap(variants[(i+1)%2]); err != nil {
			t.Fatal(err)
		}
		if i%window == window-1 {
			busy = append(busy, load.p99())
			ratios = append(ratios, float64(busy[len(busy)-1])/float64(quiet[len(quiet)-1]))
		}
		if i == min(n/3, 100) {
			early = heap()
		}
	}
	late := heap()
	load.stop.Store(true)
	load.done.Wait()
	t.Logf("%d swaps: p99 %v without, %v with, median ratio %.2f of %.2f; heap %.1f MB after the first of them, %.1f MB after all",
		n, median(quiet), median(busy), median(ratios), ratios, float64(early)/1e6, float64(late)/1e6)

	if len(load.wrong) > 0 {
		t.Errorf("requests failed: %q", load.wrong)
	}
	if late > early+early/4 {
		t.Errorf("the heap grows: %d bytes, then %d", early, late)
	}
	if opened := accepted.Load() - connections; opened > 16 { // for requests at once, and not for swaps
		t.Errorf("%d connections to the backend were opened during the swaps", opened)
	}
	events <- "still here"
	if line, err := lines.ReadString('\n'); err != nil || line != "still here\n" {
		t.Errorf("the stream has %q, %v", line, err)
	}
	fmt.Fprint(tunnel, "still here\n")
	if line, err := echoed.ReadString('\n'); err != nil || line != "still here\n" {
		t.Errorf("the tunnel has %q, %v", line, err)
	}
}
