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
	timer *time.Timer // nil: no bound, or not begun
	sent  bool        // the request is whole
	head  bool        // the answer has begun
	over  bool
	since time.Time // when the request was whole
}

func (t *clock) init(o *http1.CallOptions, cancel context.CancelCauseFunc) { t.o, t.cancel = o, cancel }

// whole says that the request has been read to its end.
func (t *clock) whole() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent {
		return
	}
	t.sent, t.since = true, time.Now()
	limit := t.o.Timeout
	if !t.head && t.o.HeadTimeout > 0 && (limit <= 0 || t.o.HeadTimeout < limit) {
		limit = t.o.HeadTimeout
	}
	t.run(limit)
}

// waits says that the endpoint is to take more of the request, reads that the client is to send more.
func (t *clock) waits() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sent {
		t.run(t.o.Timeout)
	}
}

func (t *clock) reads() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sent && t.timer != nil {
		t.timer.Stop()
	}
}

// answered says that the answer has begun.
func (t *clock) answered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = true
	if !t.sent || t.o.HeadTimeout <= 0 {
		return
	}
	if t.o.Timeout <= 0 {
		t.timer.Stop()
	} else {
		t.run(t.o.Timeout - time.Since(t.since))
	}
}

// run lets the time end in limit from now. t.mu is held.
func (t *clock) run(limit time.Duration) {
	switch {
	case t.over || t.o.Timeout <= 0 && t.o.HeadTimeout <= 0 || limit == 0:
	case t.timer == nil:
		t.timer = time.AfterFunc(limit, func() { t.cancel(http1.ErrTimeout) })
	default:
		t.timer.Reset(limit)
	}
}

// stop ends the clock.
func (t *clock) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	if t.timer != nil {
		t.timer.Stop()
	}
}
