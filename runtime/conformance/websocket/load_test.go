package websocket_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	stalled = 8        // tunnels whose reader does not read
	sent    = 32 << 20 // bytes that each is sent: more than the system's buffers on the way hold
	// held is what the gateway's heap may grow by for all of them. Without back-pressure it would be a hundred
	// megabytes and more.
	held = 16 << 20
)

// A flow is data that goes one way through tunnels whose readers wait for release.
type flow struct {
	data     []byte
	release  chan struct{}
	written  atomic.Int64 // by all writers
	received chan [sha256.Size]byte
}

func (f *flow) write(w io.Writer) {
	for rest := f.data; len(rest) > 0; {
		n, err := w.Write(rest[:min(len(rest), 1<<16)])
		f.written.Add(int64(n))
		if err != nil {
			return // which shows in what is received
		}
		rest = rest[n:]
	}
}

func (f *flow) read(r io.Reader) {
	<-f.release
	sum := sha256.New()
	_, _ = io.Copy(sum, r) // as above
	f.received <- [sha256.Size]byte(sum.Sum(nil))
}

// settle waits until writers have got no further for a while.
func (f *flow) settle() {
	for last := int64(-1); f.written.Load() != last; time.Sleep(500 * time.Millisecond) {
		last = f.written.Load()
	}
}

// A writer is held up while nobody reads, the gateway keeps little of what was written, and then all of it arrives.
func TestASlowReaderHoldsTheWriterUp(t *testing.T) {
	for name, inward := range map[string]bool{"the server is slow": true, "the client is slow": false} {
		t.Run(name, func(t *testing.T) {
			f := &flow{
				data: bytes.Repeat([]byte("0123456789abcdef"), sent/16), release: make(chan struct{}),
				received: make(chan [sha256.Size]byte, stalled),
			}
			s := start(t, takeOver(func(conn net.Conn, r *bufio.Reader) {
				if inward {
					f.read(r)
				} else {
					f.write(conn)
				}
			}))
			before := s.heap(t)
			var clients sync.WaitGroup
			for i := range stalled {
				c := s.open(t, paths()[i%len(paths())], "")
				clients.Go(func() {
					if !inward {
						f.read(c)
						return
					}
					f.write(c)
					_ = c.CloseWrite() // as above
				})
			}
			f.settle()
			if n := f.written.Load(); n >= stalled*sent {
				t.Errorf("all of %d bytes could be written, and nobody read", n)
			}
			if grown := s.heap(t) - before; grown > held {
				t.Errorf("the gateway's heap grew by %d bytes for %d tunnels that nobody reads from", grown, stalled)
			}
			close(f.release)
			want := sha256.Sum256(f.data)
			for range stalled {
				if got := <-f.received; got != want {
					t.Error("what was read is not what was written")
				}
			}
			clients.Wait()
		})
	}
}

// heap returns what gwproxy's heap holds after a collection, in bytes.
func (s *site) heap(t *testing.T) int {
	t.Helper()
	return find(t, `# HeapAlloc = (\d+)`, s.Ask(t, "/debug/pprof/heap?gc=1&debug=1"))
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

const (
	tunnels = 1000
	// perTunnel is what a tunnel may take of the gateway's heap, in bytes.
	perTunnel = 64 << 10
)

func TestAThousandTunnelsAtOnce(t *testing.T) {
	s := start(t, http.HandlerFunc(echo))
	connections := func() int {
		return find(t, `gwproxy_connections{listener="http"} (\d+)`, s.Ask(t, "/metrics"))
	}
	goroutines := func() int {
		return find(t, `goroutine profile: total (\d+)`, s.Ask(t, "/debug/pprof/goroutine?debug=1"))
	}
	before, goroutinesBefore := s.heap(t), goroutines()
	open := make([]*websocket.Conn, tunnels)
	for i := range open {
		open[i], _, _ = s.connect(t, path{"http", hosts[i%2]}, &websocket.DialOptions{})
	}
	if n := connections(); n != tunnels {
		t.Errorf("%d connections are open, want %d", n, tunnels)
	}
	var rounds sync.WaitGroup
	for i, c := range open {
		rounds.Go(func() {
			want := strconv.Itoa(i)
			for range 3 {
				if err := c.Write(t.Context(), websocket.MessageText, []byte(want)); err != nil {
					t.Errorf("tunnel %d: %v", i, err)
					return
				}
				if _, got, err := c.Read(t.Context()); err != nil || string(got) != want {
					t.Errorf("tunnel %d: %q, %v", i, got, err)
					return
				}
			}
		})
	}
	rounds.Wait()
	if each := (s.heap(t) - before) / tunnels; each > perTunnel {
		t.Errorf("a tunnel takes %d bytes, want at most %d", each, perTunnel)
	}
	for _, c := range open {
		c.CloseNow() //nolint:errcheck // it is of no use any more
	}
	for end := time.Now().Add(patience); connections() > 0 || goroutines() > goroutinesBefore+10; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections and %d goroutines are left, and %d goroutines were there before",
				connections(), goroutines(), goroutinesBefore)
		}
	}
}
