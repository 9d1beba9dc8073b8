package runtime

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gwc.dev/runtime/upstream"
)

// stall is how long a client may take to send or receive any byte of a body.
const stall = time.Minute

var errBodyStalled = errors.New("the client stopped sending")

// A clientBody is a request's body as it comes in. The route's timeout runs from its last byte. A transport may
// go on reading it while the answer is already on its way out, and for a moment after the visit has ended.
type clientBody struct {
	from     io.Reader
	control  *http.ResponseController
	deadline *deadline
	trailer  *trailer

	mu    sync.Mutex
	ended bool // the visit; the connection is the next one's
	read  int64
	err   error // io.EOF: the body is whole; else why it ended early
}

func newClientBody(w http.ResponseWriter, from io.Reader) *clientBody {
	return &clientBody{from: from, control: http.NewResponseController(w)}
}

// Read implements [io.Reader]. While it waits for the client, the route's time stands still; a client that
// sends nothing has a bound of its own.
func (b *clientBody) Read(p []byte) (int, error) {
	b.deadline.pause()
	if !b.bound(time.Now().Add(stall)) {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.from.Read(p)
	if err != nil {
		b.bound(time.Time{})
		b.trailer.prune()
	}
	b.mu.Lock()
	b.read += int64(n)
	if b.err == nil {
		b.err = err
	}
	b.mu.Unlock()
	if err != nil {
		b.deadline.begin()
	} else {
		b.deadline.wait()
	}
	return n, err
}

// bound sets when reading from the client ends; false: the visit has.
func (b *clientBody) bound(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		_ = b.control.SetReadDeadline(at) // a connection without deadlines has none
	}
	return !b.ended
}

// failure returns why the body ended early; nil: it did not.
func (b *clientBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case errors.Is(b.err, io.EOF):
		return nil
	case errors.Is(b.err, os.ErrDeadlineExceeded):
		return errBodyStalled
	}
	return b.err
}

// whole reports whether the body has been read to its end.
func (b *clientBody) whole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Is(b.err, io.EOF)
}

// end ends the visit's use of the connection; it returns how much was read.
func (b *clientBody) end() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	return b.read
}

// A deadline is a route's timeout. A nil deadline never ends.
type deadline struct {
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	// begun says that the request is whole: from then on nothing but lift changes the timer.
	begun atomic.Bool
}

// newDeadline returns a deadline and a context that ends with it. While the request's body is sent, it bounds
// each wait for the backend to take more of it.
func newDeadline(ctx context.Context, limit time.Duration) (*deadline, context.Context) {
	d := &deadline{limit: limit}
	ctx, d.cancel = context.WithCancelCause(ctx)
	d.timer = time.AfterFunc(limit, func() { d.cancel(upstream.ErrTimeout) })
	return d, ctx
}

// begin lets the time run: the request is whole, or answered before it was.
func (d *deadline) begin() {
	if d != nil && d.begun.CompareAndSwap(false, true) {
		d.timer.Reset(d.limit)
	}
}

// pause stops the time while the client is waited for, wait starts it while the backend is.
func (d *deadline) pause() {
	if d != nil && !d.begun.Load() {
		d.timer.Stop()
	}
}

func (d *deadline) wait() {
	if d != nil && !d.begun.Load() {
		d.timer.Reset(d.limit)
	}
}

// lift takes the timeout away and lets the context live on.
func (d *deadline) lift() {
	if d != nil {
		d.begun.Store(true)
		d.timer.Stop()
	}
}

// stop ends the timeout and the context.
func (d *deadline) stop() {
	if d != nil {
		d.lift()
		d.cancel(context.Canceled)
	}
}
