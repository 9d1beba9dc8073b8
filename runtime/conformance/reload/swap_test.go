package reload_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
)

// Bounds on what 20 swaps, or a thousand, leave behind.
const (
	moreHeap       = 16 << 20 // bytes in use after a collection: less than two tables
	moreGoroutines = 20
	// atOnce bounds the connections to the backend: each request and stream has one of its own, and two meet
	// at times before either is back.
	atOnce = 2 * 2 * (requestsAtOnce + streamsAtOnce + 1)
)

func TestSwapsUnderLoadDisturbNobody(t *testing.T) {
	b := newBackend(t)
	s := start(t, b)
	url := "http://" + s.Address("http")
	n := swaps(t)
	for range allowance {
		if status, _ := ask(t, url+"/limited"); status != http.StatusOK {
			t.Fatalf("a request within the limit is answered %d", status)
		}
	}

	l := begin(t, s, b)
	early := min(5, n/2)
	for range early { // as much work as below, and nothing is published
		s.prepare(t)
	}
	without := l.look()
	var before usage
	for i := range n {
		s.Publish(t, s.prepare(t), s.next.Serial)
		want := strconv.FormatUint(s.next.Serial, 10)
		if status, body := ask(t, url+"/version"); status != http.StatusOK || body != want {
			t.Errorf("after swap %d the table in force is %q, want %q (status %d)", i+1, body, want, status)
		}
		if i+1 == early {
			before = s.usage(t)
		}
	}
	with := l.look()
	after := s.usage(t)
	l.end()

	requests := l.check()
	t.Logf("%d swaps, %d requests; 99%% took at most %s without swaps and %s with: %.2f times as long",
		n, requests, without, with, float64(with)/float64(without))
	t.Logf("heap %d KiB after %d swaps, %d KiB at the end; goroutines %d, %d; connections to the backend %d",
		before.heap>>10, early, after.heap>>10, before.goroutines, after.goroutines, b.accepted.Load())
	if after.heap > before.heap+moreHeap {
		t.Errorf("the heap grew from %d to %d bytes", before.heap, after.heap)
	}
	if after.goroutines > before.goroutines+moreGoroutines {
		t.Errorf("goroutines grew from %d to %d", before.goroutines, after.goroutines)
	}
	if opened := b.accepted.Load(); opened > atOnce {
		t.Errorf("%d connections to the backend were opened; at most %d are of use at once", opened, atOnce)
	}
	if status, _ := ask(t, url+"/limited"); status != http.StatusTooManyRequests {
		t.Errorf("the rate limit is used up, and a request after the swaps is answered %d", status)
	}
}

// ask sends one request.
func ask(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := get(t.Context(), http.DefaultClient, url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// A usage is what gwproxy takes.
type usage struct {
	heap, goroutines int
}

func (s *site) usage(t *testing.T) usage {
	t.Helper()
	return usage{
		heap:       find(t, `# HeapAlloc = (\d+)`, s.Ask(t, "/debug/pprof/heap?gc=1&debug=1")),
		goroutines: find(t, `goroutine profile: total (\d+)`, s.Ask(t, "/debug/pprof/goroutine?debug=1")),
	}
}

// find returns the number that an expression finds in a text.
func find(t *testing.T, expression string, text []byte) int {
	t.Helper()
	found := regexp.MustCompile(expression).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not in:\n%s", expression, text)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
