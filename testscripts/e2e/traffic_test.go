package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A service knows the pods that clients are sent to.
type service struct {
	mu   sync.Mutex
	pods []*pod
}

func (s *service) set(pods ...*pod) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods = slices.Clone(pods)
}

// pick returns the pod for a client.
func (s *service) pick(client int) *pod {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pods[client%len(s.pods)]
}

// Traffic is requests that clients send to a service all the time, until they are told to stop.
type traffic struct {
	stop   chan struct{}
	once   sync.Once // closes it
	wg     sync.WaitGroup
	mu     sync.Mutex
	seen   map[string]int // answers
	failed []string
	turns  [clients]atomic.Int64 // of each client
}

// clients is how many send requests at once.
const clients = 6

// use begins to send requests to a service, with the API key that is the one at the time.
func use(s *service, key func() string) *traffic {
	c := &traffic{stop: make(chan struct{}), seen: map[string]int{}}
	for i := range clients {
		c.wg.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				text, err := s.pick(i).askWith(key())
				c.mu.Lock()
				if err != nil {
					c.failed = append(c.failed, err.Error())
				} else {
					c.seen[text]++
				}
				c.mu.Unlock()
				c.turns[i].Add(1)
			}
		})
	}
	return c
}

// turn waits until every client has begun a request and seen it end, so that no request is under way that is older.
func (c *traffic) turn(t *testing.T) {
	t.Helper()
	var before [clients]int64
	for i := range c.turns {
		before[i] = c.turns[i].Load()
	}
	eventually(t, "every client has begun anew", func() error {
		for i := range c.turns {
			if c.turns[i].Load() < before[i]+2 {
				return fmt.Errorf("client %d has not", i)
			}
		}
		return nil
	})
}

// halt stops the requests, whatever came of them.
func (c *traffic) halt() {
	c.once.Do(func() { close(c.stop) })
	c.wg.Wait()
}

// end stops the requests and returns their number. None may have failed, and none may have been answered with a text that
// nobody was to be given.
func (c *traffic) end(t *testing.T, forbidden ...string) int {
	t.Helper()
	c.halt()
	answered := 0
	for text, n := range c.seen {
		if answered += n; slices.Contains(forbidden, text) {
			t.Errorf("%d answers are %q, which nobody trusted signed", n, text)
		}
	}
	if len(c.failed) > 0 || answered == 0 {
		t.Errorf("of %d requests %d failed: %.300q", answered+len(c.failed), len(c.failed), c.failed)
	}
	t.Logf("%d requests meanwhile, %d failed; answers %q", answered+len(c.failed), len(c.failed), slices.Sorted(maps.Keys(c.seen)))
	return answered
}
