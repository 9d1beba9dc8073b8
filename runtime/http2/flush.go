package http2

import (
	"sync"
	"time"
)

// patience is how long the first part of an answer waits for more. A short answer, whose header, body and trailer
// fields come at once, so leaves in one piece; an event stream gives itself away by making the first part wait, and
// from then on every part leaves at once.
const patience = 200 * time.Microsecond

// A flusher sends what has been written of an answer, once there is no more to come for a while.
type flusher struct {
	stream *Stream
	timer  *time.Timer // nil: there was no wait yet

	mu      sync.Mutex // held by whoever writes
	waiting bool
	parts   bool // the answer comes in parts
	err     error
}

// wait begins a wait for the body's next part.
func (f *flusher) wait() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.parts {
		return f.stream.flush()
	}
	f.waiting = true
	if f.timer == nil {
		f.timer = time.AfterFunc(patience, f.fire)
	} else {
		f.timer.Reset(patience)
	}
	return nil
}

// done ends the wait.
func (f *flusher) done() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting {
		f.waiting = false
		f.timer.Stop()
	}
	return f.err
}

func (f *flusher) fire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting {
		f.waiting, f.parts = false, true
		f.err = f.stream.flush()
	}
}
