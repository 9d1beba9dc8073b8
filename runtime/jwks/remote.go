package jwks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWait is how long a request waits for keys.
	maxWait = 2 * time.Second
	// After a failure the next try comes after firstRetry, then after twice as long each time, up to lastRetry.
	firstRetry, lastRetry = time.Second, time.Minute
)

const waitFetch, waitDisk = 1, 2

// ErrUnavailable says that there are no keys to verify with: the set could not be fetched yet, or not for too long.
var ErrUnavailable = errors.New("the key set cannot be fetched")

// A Remote is a key set behind a URL. All its fetches are made by one goroutine, one after the other.
type Remote struct {
	store *Store
	url   string
	ask   chan struct{} // holds one wish for a fetch
	set   atomic.Pointer[Set]

	mu      sync.Mutex
	cancel  context.CancelFunc // nil: not started
	stopped bool
	running bool          // a fetch is under way
	began   time.Time     // when it did, or the last one
	asked   bool          // one is asked for and has not begun
	done    chan struct{} // closed when the fetch that is under way or awaited is over
	waiting int           // for what, before there is a first answer: bits of waitFetch and waitDisk
	success time.Time     // when the keys were fetched
	expiry  *time.Timer   // when they are too old; nil: there never were any
	kept    keptSet       // on disk
	quota   quota
	status  Status
}

func newRemote(s *Store, url string) *Remote {
	return &Remote{store: s, url: url, ask: make(chan struct{}, 1), done: make(chan struct{}), waiting: waitFetch, asked: true, quota: newQuota()}
}

// Current returns the set as it was last fetched; nil: it never was, or too long ago. It waits for nothing.
func (r *Remote) Current() *Set { return r.set.Load() }

// Having returns the set that a token's key id and algorithm are to be looked up in. Where the set at hand does not
// know them, the issuer is asked again as far as the bounds allow, so that what is unknown then is unknown to the
// issuer too. It waits for an answer no longer than two seconds and ctx, and returns [ErrUnavailable] while there
// is no set.
func (r *Remote) Having(ctx context.Context, kid, alg string) (*Set, error) {
	r.start()
	set := r.set.Load()
	if set == nil {
		for done := r.first(); done != nil && set == nil; done = r.first() {
			if !wait(ctx, done) {
				break
			}
			set = r.set.Load()
		}
		if set = r.set.Load(); set == nil {
			return nil, ErrUnavailable
		}
	}
	if kid == "" || set.has(kid, alg) {
		return set, nil
	}
	if set = r.renew(ctx, kid, func(s *Set) bool { return s.has(kid, alg) }); set == nil {
		return nil, ErrUnavailable
	}
	return set, nil
}

// Newer returns another set than one in which no key of that id has made a token's signature, if the issuer has one:
// it may have changed a key and kept its id, or give its keys none. The bounds are those of [Remote.Having].
func (r *Remote) Newer(ctx context.Context, than *Set, kid string) *Set {
	return r.renew(ctx, "signature of "+kid, func(s *Set) bool { return s != than })
}

// renew has the set fetched again until it is found to have what is wanted, within the bounds, and returns it.
func (r *Remote) renew(ctx context.Context, wanted string, found func(*Set) bool) *Set {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	for set := r.set.Load(); ; {
		if set == nil || found(set) { // somebody else may have asked meanwhile
			return set
		}
		done, last := r.another(wanted)
		if done == nil || !wait(ctx, done) {
			return r.set.Load()
		}
		if set = r.set.Load(); last && set != nil && !found(set) {
			r.missed(wanted)
			return set
		}
	}
}

// start begins to fetch, unless that was done before.
func (r *Remote) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel != nil || r.stopped || r.store.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.store.ctx)
	r.cancel = cancel
	if r.store.disk != nil {
		r.waiting |= waitDisk
		r.store.work.Go(r.restore)
	}
	r.store.work.Go(func() { r.run(ctx) })
}

// stop ends the fetching for good.
func (r *Remote) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel != nil {
		r.cancel()
	}
	r.stopped = true
}

// run fetches until ctx ends.
func (r *Remote) run(ctx context.Context) {
	retry := firstRetry
	var next time.Duration
	for r.wait(ctx, next) {
		r.begin()
		set, fresh, err := fetch(ctx, r.store.o.Client, r.url)
		r.end(set, err)
		if err == nil {
			retry = firstRetry
			next = r.store.sooner(min(fresh, r.store.o.MaxAge/4), 5)
			continue
		}
		next = r.store.sooner(retry, 2)
		if refused, ok := errors.AsType[*statusError](err); ok {
			next = max(next, min(refused.retryAfter, lastRetry))
		}
		retry = min(2*retry, lastRetry)
	}
	r.end(nil, ctx.Err())
}

// wait waits for so long, or until somebody asks, and reports whether to go on.
func (r *Remote) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-r.ask:
	}
	return true
}

func (r *Remote) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.asked, r.began = true, false, time.Now()
	select {
	case <-r.ask: // whoever asked waits for this fetch
	default:
	}
}

// end takes the set that was fetched into use; one with the same keys stays, and with it what it remembers.
func (r *Remote) end(set *Set, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.use(set, time.Now())
		r.keep()
		r.status.Successes++
		r.status.Error = ""
	} else {
		r.status.Failures++
		r.status.Error = err.Error()
	}
	r.running = false
	r.waiting &^= waitFetch
	r.announce()
}

// use takes keys into use that were fetched at a time. The caller holds r.mu.
func (r *Remote) use(set *Set, fetched time.Time) {
	if old := r.set.Load(); old == nil || !old.same(set) {
		r.set.Store(set)
	}
	r.success = fetched
	left := time.Until(fetched.Add(r.store.o.MaxAge))
	if r.expiry == nil {
		r.expiry = time.AfterFunc(left, r.expire)
	} else {
		r.expiry.Reset(left)
	}
}

// expire takes keys out of use that could not be fetched again for too long.
func (r *Remote) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.set.Load() == nil || time.Since(r.success) < r.store.o.MaxAge {
		return
	}
	r.set.Store(nil)
	r.store.o.Logger.Error("a key set could not be fetched for so long that its keys are not used any more",
		"url", r.url, "fetched", r.success.UTC(), "error", r.status.Error)
}

// announce wakes those who wait. The caller holds r.mu.
func (r *Remote) announce() {
	close(r.done)
	r.done = make(chan struct{})
}

// first returns what to wait for where there is no set: the first fetch, and what is on disk. nil: the issuer is down,
// and waiting is in vain.
func (r *Remote) first() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == 0 || r.stopped || r.hangs() {
		return nil
	}
	return r.done
}

// hangs reports whether a fetch has taken so long that nobody else should wait for it. The caller holds r.mu.
func (r *Remote) hangs() bool { return r.running && time.Since(r.began) >= maxWait }

// wait reports whether done came before ctx ended, and before a request has waited for long enough.
func wait(ctx context.Context, done <-chan struct{}) bool {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (r *Remote) state() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.URL, s.Success = r.url, r.success
	if set := r.set.Load(); set != nil {
		s.Keys = set.Len()
	}
	return s
}
