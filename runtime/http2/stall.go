package http2

import (
	"net/http"
	"sync"
	"time"
)

// A direction is one of a stream's two.
type direction int

const (
	reading direction = iota
	writing
	directions
)

// stalls end the waits for a client that sends or takes nothing. net/http's own deadlines cost a message to the
// connection's goroutine each time, these a timer that is seldom due.
type stalls struct {
	limit   time.Duration
	control control
	timers  [directions]*time.Timer // nil: there was no wait yet

	mu   sync.Mutex
	over bool // the stream has ended
	cut  [directions]bool
}

// A control is what net/http's writers of HTTP/2 can do beside.
type control interface {
	FlushError() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

func newStalls(limit time.Duration, w http.ResponseWriter) *stalls {
	return &stalls{limit: limit, control: w.(control)}
}

// wait begins a wait, done ends it.
func (s *stalls) wait(d direction) {
	if s.timers[d] == nil {
		s.timers[d] = time.AfterFunc(s.limit, func() { s.fire(d) })
		return
	}
	s.timers[d].Reset(s.limit)
}

func (s *stalls) done(d direction) { s.timers[d].Stop() }

// fire ends the wait that is under way.
func (s *stalls) fire(d direction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.cut[d] = true
	if d == reading { // a stream that is gone needs neither
		_ = s.control.SetReadDeadline(time.Unix(1, 0))
	} else {
		_ = s.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

// ended reports whether a wait was ended.
func (s *stalls) ended(d direction) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut[d]
}

// last bounds the time for what net/http sends once the handler is done.
func (s *stalls) last() { _ = s.control.SetWriteDeadline(time.Now().Add(s.limit)) }

// end ends all waits for good.
func (s *stalls) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for _, t := range s.timers {
		if t != nil {
			t.Stop()
		}
	}
}
