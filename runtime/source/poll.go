package source

import (
	"context"
	"time"
)

const (
	firstRetry = time.Second     // after one failure
	lastRetry  = 5 * time.Minute // after many, if the interval is not longer
	leastGap   = time.Second     // between looks that the other side holds
	spread     = 0.1             // of an interval, either way
)

// A poller looks again and again.
type poller struct {
	options Options
	look    func(context.Context) Update
	once    bool            // what is there cannot change: one success is enough
	soon    func() bool     // reports that the other side said when to look, by holding the last look; nil: it never does
	wake    <-chan struct{} // says that something changed; nil: nothing ever says so
}

// Watch implements [Source].
func (p *poller) Watch(ctx context.Context, on func(Update)) error {
	for failures := 0; ; {
		u := p.lookOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		u.Final = p.once && u.Err == nil
		on(u)
		if u.Err != nil {
			failures++
		} else {
			failures = 0
		}
		wait := p.wait(failures, waitOf(u.Err))
		if u.Err == nil && p.soon != nil && p.soon() {
			wait = min(wait, p.about(leastGap))
		}
		if u.Final {
			wait = -1
		}
		if !p.sleep(ctx, wait) {
			return nil
		}
	}
}

func (p *poller) lookOnce(ctx context.Context) Update {
	ctx, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	return p.look(ctx)
}

// sleep waits, without end if d is negative, and reports whether to go on.
func (p *poller) sleep(ctx context.Context, d time.Duration) bool {
	var timeout <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-timeout:
	case <-p.wake:
	}
	return ctx.Err() == nil
}

// wait returns how long to wait after so many failures in a row, when the other side asked for asked.
//
// Without a failure it is the interval, a little more or less. After one it starts at a second, or the
// interval if that is shorter, and doubles up to the cap; of that a random half is cut, so that proxies that
// failed together do not try together.
func (p *poller) wait(failures int, asked time.Duration) time.Duration {
	interval := p.options.Interval
	if failures == 0 {
		return p.about(interval)
	}
	random := p.options.Rand()
	limit := max(lastRetry, interval)
	backoff := min(firstRetry, interval)
	for i := 1; i < failures && backoff < limit; i++ {
		backoff *= 2
	}
	backoff = min(backoff, limit)
	backoff -= time.Duration(float64(backoff) / 2 * random)
	if asked > 0 {
		backoff = max(backoff, asked+time.Duration(float64(asked)*spread*random))
	}
	return backoff
}

// about returns a little more or less than d.
func (p *poller) about(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 + spread*(2*p.options.Rand()-1)))
}
