package policy

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"
)

// Why a bounded context ended.
var (
	errTimeout = errors.New("out of time")
	errMemory  = errors.New("out of memory")
)

// watchMemory returns a context that ends with errMemory once the collector finds that more than memory bytes
// live than did at the start, and a function that ends it. The heap is the whole process's: OPA does not account
// for what a query holds. With what is dead and uncollected, the process may hold twice as much.
func watchMemory(ctx context.Context, memory uint64) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	limit := heap() + memory
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if heap() > limit {
					cancel(errMemory)
					return
				}
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// heap returns the bytes that the last collection found alive.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// within returns what f returns, or ctx's cause where f is still at work grace after ctx has ended. OPA cannot be
// stopped everywhere: f is left behind then. A panic of f is an error.
func within[T any](ctx context.Context, grace time.Duration, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("it makes OPA panic: %v", p)
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		select {
		case r = <-done:
		case <-time.After(grace):
			return r.value, context.Cause(ctx)
		}
	}
	if r.err != nil && ctx.Err() != nil {
		r.err = context.Cause(ctx)
	}
	return r.value, r.err
}
