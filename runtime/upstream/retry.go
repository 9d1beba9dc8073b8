package upstream

import (
	"context"
	"slices"
	"strconv"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/schema"
)

// maxBackoff bounds the wait before a retry.
const maxBackoff = 5 * time.Second

// A retry says when a try is followed by another one. A nil retry: never.
type retry struct {
	schema.Retry
	statuses     []int // of On
	serverErrors bool  // On has all of 500 to 599
	rand         func() uint64
}

func newRetry(r *schema.Retry, rand func() uint64) *retry {
	if r == nil || r.Disabled {
		return nil
	}
	out := &retry{Retry: *r, serverErrors: slices.Contains(r.On, "5xx"), rand: rand}
	for _, on := range r.On {
		if status, err := strconv.Atoi(on); err == nil {
			out.statuses = append(out.statuses, status)
		}
	}
	return out
}

func (r *retry) perTry() time.Duration {
	if r == nil {
		return 0
	}
	return r.PerTryTimeout.Std()
}

// again reports whether the outcome of a try asks for another one, after so many retries. That the body can
// still be sent is for the caller to see.
func (r *retry) again(x *exchange.Exchange, retries int, failure *Failure) bool {
	if r == nil || retries >= r.Attempts || x.Context.Err() != nil {
		return false
	}
	if failure != nil && failure.unsent() {
		return slices.Contains(r.On, ConnectFailure)
	}
	if !slices.Contains(r.Methods, x.Request.Method) {
		return false
	}
	if failure != nil {
		return slices.Contains(r.On, failure.Reason)
	}
	status := x.Response.Status
	return slices.Contains(r.statuses, status) || r.serverErrors && status >= 500 && status <= 599
}

// wait waits before the next try. It reports whether there is still somebody to try for, and time: left, or any if
// that is 0.
func (r *retry) wait(ctx context.Context, client http1.Client, retries int, left time.Duration) bool {
	d := r.Backoff.Std() << min(retries, 10)
	if d <= 0 {
		return ctx.Err() == nil
	}
	d = min(d, maxBackoff)
	d = d/2 + time.Duration(r.rand()%uint64(d/2+1))
	if left > 0 && d >= left {
		return false
	}
	if client != nil {
		interrupt := client.Interrupt()
		interrupt.Enter(nil)
		defer interrupt.Leave()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
