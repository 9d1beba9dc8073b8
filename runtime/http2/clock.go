package http2

import (
	"context"
	"sync"
	"time"

	"gwc.dev/runtime/http1"
)

// A clock bounds a call's time, as [http1.CallOptions] have it: it runs from the request's last byte, and before that
// while the endpoint is waited for and not the client.
type clock struct {
	o      *http1.CallOptions
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer // nil: there was no bound yet
	sent  bool        // the request is whole
	head  bool        // the answer has begun
	over  bool
	since time.Time // when the request was whole
}

func (t *clock) init(o *http1.CallOptions, cancel context.CancelCauseFunc) { t.o, t.cancel = o, cancel }

// begin says that the call begins: with a wait for a connection, which is a part of the answer's time.
func (t *clock) begin(whole bool) {
	if whole {
		t.whole()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run(shorter(t.o.Timeout, t.o.HeadTimeout))
}

// whole says that the request has been read to its end.
func (t *clock) whole() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent {
		return
	}
	t.sent, t.since = true, time.Now()
	if t.head {
		t.run(t.o.Timeout)
	} else {
		t.run(shorter(t.o.Timeout, t.o.HeadTimeout))
	}
}

// waits says that the endpoint is to take more of the request, reads that the client is to send more.
func (t *clock) waits() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.sent:
	case t.o.Timeout > 0:
		t.run(t.o.Timeout)
	default:
		t.run(stallTimeout)
	}
}

func (t *clock) reads() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sent {
		t.run(0)
	}
}

// answered says that the answer has begun.
func (t *clock) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = true
	switch {
	case !t.sent || t.o.HeadTimeout <= 0:
	case t.o.Timeout <= 0:
		t.run(0)
	default:
		t.run(max(t.o.Timeout-time.Since(t.since), 1))
	}
}

// run lets the time end in limit from now; 0: never. t.mu is held.
func (t *clock) run(limit time.Duration) {
	switch {
	case t.over:
	case limit <= 0:
		if t.timer != nil {
			t.timer.Stop()
		}
	case t.timer == nil:
		t.timer = time.AfterFunc(limit, t.end)
	default:
		t.timer.Reset(limit)
	}
}

func (t *clock) end() { t.cancel(http1.ErrTimeout) }

// stop ends the clock.
func (t *clock) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run(0)
	t.over = true
}

// shorter returns the shorter of two times, of which 0 has no end.
func shorter(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}
