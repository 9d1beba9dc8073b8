package oci

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"syscall"
	"time"
)

const (
	maxAttempts = 4
	maxWait     = time.Minute // for all attempts together
	firstWait   = time.Second // where the registry asks for none
)

// attempt tries something again that a registry could not do just now, a few times and for at most a minute altogether,
// and tells notify of it each time. A nil notify: whoever calls has a back-off of their own.
func attempt(ctx context.Context, notify func(error, time.Duration), try func() error) error {
	if notify == nil {
		return try()
	}
	var waited time.Duration
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == maxAttempts || !passing(err) {
			return err
		}
		wait := firstWait << (n - 1)
		if asked, ok := errors.AsType[*Unavailable](err); ok && asked.RetryAfter > 0 {
			wait = asked.RetryAfter
		}
		wait += time.Duration(rand.Float64() * float64(wait) / 10) //nolint:gosec // jitter
		if waited += wait; waited > maxWait {
			return err
		}
		notify(err, wait)
		if !sleep(ctx, wait) {
			return err
		}
	}
}

// sleep waits, and reports whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// passing reports whether an error may be gone in a moment.
func passing(err error) bool {
	if busy, ok := errors.AsType[*Unavailable](err); ok {
		return busy.passing()
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
