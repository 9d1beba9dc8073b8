package upstream

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// maxBackoff bounds the wait before a retry.
const maxBackoff = 5 * time.Second

// A retry says when a try is followed by another one. A nil retry: never.
type retry struct {
	schema.Retry
	rand func() uint64
}

func newRetry(r *schema.Retry, rand func() uint64) *retry {
	if r == nil || r.Disabled {
		return nil
	}
	return &retry{*r, rand}
}

func (r *retry) perTry() time.Duration {
	if r == nil {
		return 0
	}
	return r.PerTryTimeout.Std()
}

// again reports whether the outcome of a try asks for another one, after so many retries. That the body can
// still be sent is for the caller to see.
func (r *retry) again(x *exchange.Exchange, retries int, response *http.Response, failure *Failure) bool {
	if r == nil || retries >= r.Attempts || x.Context.Err() != nil {
		return false
	}
	if failure != nil {
		if failure.unsent() {
			return slices.Contains(r.On, "connect-failure")
		}
		return slices.Contains(r.Methods, x.Request.Method) && slices.Contains(r.On, failure.Reason)
	}
	if !slices.Contains(r.Methods, x.Request.Method) {
		return false
	}
	return slices.Contains(r.On, strconv.Itoa(response.StatusCode)) ||
		response.StatusCode >= 500 && response.StatusCode <= 599 && slices.Contains(r.On, "5xx")
}

// wait waits before the next try; it reports whether there is still somebody to try for.
func (r *retry) wait(ctx context.Context, retries int) bool {
	d := r.Backoff.Std() << min(retries, 10)
	if d <= 0 {
		return ctx.Err() == nil
	}
	d = min(d, maxBackoff)
	d = d/2 + time.Duration(r.rand()%uint64(d/2+1))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
