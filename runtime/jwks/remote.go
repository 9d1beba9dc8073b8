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
	// askEvery is how often tokens with unknown keys can make the store fetch.
	askEvery = 10 * time.Second
	// After a failure the next try comes after firstRetry, then after twice as long each time, up to lastRetry.
	firstRetry, lastRetry = time.Second, time.Minute
)

// ErrUnavailable says that a key set could never be fetched yet.
var ErrUnavailable = errors.New("the key set could not be fetched yet")

// A Remote is a key set behind a URL. All its fetches are made by one goroutine, one after the other.
type Remote struct {
	store *Store
	url   string
	ask   chan struct{} // holds one wish for a fetch
	set   atomic.Pointer[Set]

	mu      sync.Mutex
	cancel  context.CancelFunc // nil: not started
	stopped bool
	began   time.Time     // when the last fetch began
	done    chan struct{} // closed when the fetch that is under way or awaited is over
	pending bool          // a fetch is under way or asked for
	success time.Time
	err     error // of the last fetch
}

func newRemote(s *Store, url string) *Remote {
	return &Remote{store: s, url: url, ask: make(chan struct{}, 1), done: make(chan struct{}), pending: true}
}

// Current returns the set as it was last fetched; nil: it never was. It waits for nothing.
func (r *Remote) Current() *Set { return r.set.Load() }

// Having returns the set that a token's key id and algorithm are to be looked up in. Where the set at hand does not
// know them, the issuer is asked again as far as the bounds allow, so that what is unknown then is unknown to the
// issuer too. It waits for an answer no longer than two seconds and ctx, and returns [ErrUnavailable] while there
// was never a set.
func (r *Remote) Having(ctx context.Context, kid, alg string) (*Set, error) {
	r.start()
	set := r.set.Load()
	if set == nil {
		r.wait(ctx, r.first())
		if set = r.set.Load(); set == nil {
			return nil, ErrUnavailable
		}
	}
	if kid == "" || len(set.Find(kid, alg)) > 0 {
		return set, nil
	}
	r.wait(ctx, r.another())
	return r.set.Load(), nil
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
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			r.end(nil, ctx.Err())
			return
		case <-timer.C:
		case <-r.ask:
		}
		r.begin()
		set, next, err := fetch(ctx, r.store.client, r.url)
		r.end(set, err)
		if err != nil {
			next, retry = retry, min(2*retry, lastRetry)
		} else {
			retry = firstRetry
		}
		timer.Reset(next)
	}
}

func (r *Remote) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
	r.pending = true
	select {
	case <-r.ask: // whoever asked waits for this fetch
	default:
	}
}

// end keeps the set that was fetched; one with the same keys stays, and with it what it remembers.
func (r *Remote) end(set *Set, err error) {
	if old := r.set.Load(); err == nil && (old == nil || !old.same(set)) {
		r.set.Store(set)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = err; err == nil {
		r.success = time.Now()
	}
	r.pending = false
	close(r.done)
	r.done = make(chan struct{})
}

// first returns what to wait for where there is no set yet; nil: the issuer is down, and waiting is in vain.
func (r *Remote) first() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.pending || r.stopped {
		return nil
	}
	return r.done
}

// another asks for one more fetch and returns what to wait for; nil: it is too early to ask again. All
// requests that meet unknown keys at the same time share the fetch.
func (r *Remote) another() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped:
		return nil
	case r.pending:
		return r.done
	case time.Since(r.began) < askEvery:
		return nil
	}
	r.pending = true
	select {
	case r.ask <- struct{}{}:
	default:
	}
	return r.done
}

func (r *Remote) wait(ctx context.Context, done <-chan struct{}) {
	if done == nil {
		return
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (r *Remote) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Status{URL: r.url, Success: r.success}
	if set := r.set.Load(); set != nil {
		s.Keys = set.Len()
	}
	if r.err != nil {
		s.Error = r.err.Error()
	}
	return s
}
