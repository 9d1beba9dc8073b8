package http1_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime/http1"
)

// faulty is a backend that answers with the path and the body's length, unless it fails in one of many ways.
func faulty(t *testing.T) string {
	return scripted(t, func(n int, c net.Conn, r *bufio.Reader) {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			fault := random.IntN(30)
			if fault == 0 { // an answer before the body has come
				_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
				return
			}
			size, err := io.Copy(io.Discard, request.Body)
			if err != nil {
				return
			}
			text := fmt.Sprintf("%s %d %s", request.URL.Path, size, strings.Repeat("x", random.IntN(20000)))
			answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
			if random.IntN(2) == 0 {
				answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(text), text)
			}
			switch fault {
			case 1:
				return
			case 2:
				_ = c.(*net.TCPConn).SetLinger(0) // a reset
				return
			case 3:
				_, _ = io.WriteString(c, answer[:random.IntN(len(answer))])
				return
			case 4:
				_, _ = io.WriteString(c, "garbage\r\n\r\n")
				return
			case 5:
				_, _ = io.WriteString(c, answer+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			case 6:
				_, _ = io.WriteString(c, answer)
				return
			case 7:
				for _, b := range []byte(answer[:min(len(answer), 200)]) {
					_, _ = c.Write([]byte{b})
				}
				_, _ = io.WriteString(c, answer[min(len(answer), 200):])
			default:
				_, _ = io.WriteString(c, answer)
			}
		}
	})
}

// A broken body fails somewhere, as that of a client which goes away.
type broken struct{ left int }

func (b *broken) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrClosedPipe
	}
	n := min(b.left, len(p), 1000)
	b.left -= n
	return n, nil
}

// visit sends one request of a random kind; it reports whether the answer came whole, and fails the test if it is
// not this request's.
func visit(t *testing.T, client *http.Client, url string, random *rand.Rand, id string) bool {
	size := random.IntN(50000)
	method, body := http.MethodGet, io.Reader(nil)
	ctx := t.Context()
	switch random.IntN(10) {
	case 0, 1, 2:
		method, body = http.MethodPost, strings.NewReader(strings.Repeat("b", size))
	case 3:
		method, body = http.MethodPost, io.MultiReader(strings.NewReader(strings.Repeat("b", size)))
	case 4:
		method, body = http.MethodPut, &broken{size}
	case 5:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(2000))*time.Microsecond)
		defer cancel()
	}
	if body == nil {
		size = 0
	}
	r, err := http.NewRequestWithContext(ctx, method, url+id, body)
	if err != nil {
		t.Error(err)
		return false
	}
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return false
	}
	if want := id + " " + strconv.Itoa(size) + " "; !strings.HasPrefix(string(got), want) {
		t.Errorf("asked %q, got %.40q", want, got)
	}
	return true
}

func TestNothingIsMixedUpOrLeftBehindUnderFaults(t *testing.T) {
	before := runtime.NumGoroutine()
	e := endpoint(t, faulty(t))
	s, address := serve(t, &proxy{endpoint: e, timeout: 10 * time.Second}, http1.Options{})
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	client := &http.Client{Transport: transport}
	var all sync.WaitGroup
	var whole atomic.Int64
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 2))
			for n := range 150 {
				if visit(t, client, "http://"+address, random, fmt.Sprintf("/%d/%d", worker, n)) {
					whole.Add(1)
				}
			}
		})
	}
	all.Wait()
	transport.CloseIdleConnections()
	if n := whole.Load(); n < 16*150/2 {
		t.Errorf("only %d answers came whole", n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if cut := s.Shutdown(ctx); cut > 0 {
		t.Errorf("%d connections did not end", cut)
	}
	e.Close()
	for began := time.Now(); runtime.NumGoroutine() > before+3; time.Sleep(10 * time.Millisecond) { // both listeners, a watch
		if time.Since(began) > 5*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
