package jwks

import "time"

const (
	// Tokens can make a store fetch askBurst times at once, and then once in askEvery.
	askBurst = 3
	askEvery = 10 * time.Second
	// missesKept bounds what is remembered of keys that the issuer did not have; missLength what of their ids.
	missesKept, missLength = 64, 256
)

// A quota bounds how often tokens make a store fetch. It is guarded by its remote's lock.
type quota struct {
	left   int       // fetches that may begin now
	gained time.Time // when left was last right
	// misses are the keys that the issuer did not have, and until when it is not asked for them again: a token that
	// comes over and over takes no fetch from others.
	misses map[string]time.Time
}

func newQuota() quota {
	return quota{left: askBurst, gained: time.Now(), misses: map[string]time.Time{}}
}

// take reports whether a fetch may begin, and counts it.
func (q *quota) take(now time.Time) bool {
	if gain := int(now.Sub(q.gained) / askEvery); gain > 0 {
		q.left = min(q.left+gain, askBurst)
		q.gained = q.gained.Add(time.Duration(gain) * askEvery)
	}
	if q.left == 0 {
		return false
	}
	if q.left == askBurst { // a full quota gains nothing
		q.gained = now
	}
	q.left--
	return true
}

// miss remembers that the issuer has nothing of that name.
func (q *quota) miss(wanted string, now time.Time) {
	if len(q.misses) >= missesKept {
		for name, until := range q.misses {
			if !now.Before(until) {
				delete(q.misses, name)
			}
		}
	}
	if len(q.misses) < missesKept && len(wanted) <= missLength {
		q.misses[string([]byte(wanted))] = now.Add(askEvery) // the request's memory is not ours
	}
}

// another asks for one more fetch and returns what to wait for; nil: the bounds do not allow one. All requests that meet
// unknown keys at the same time share the fetch. last says that it begins from now on: one that is under way may have
// its answer from before the key was there.
func (r *Remote) another(wanted string) (done <-chan struct{}, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	switch {
	case r.stopped:
		return nil, false
	case now.Before(r.quota.misses[wanted]), r.hangs():
		r.status.Bounded++
		return nil, false
	case r.asked:
		return r.done, true
	case r.running:
		return r.done, false
	case !r.quota.take(now):
		r.status.Bounded++
		return nil, false
	}
	r.asked = true
	r.status.Asked++
	select {
	case r.ask <- struct{}{}:
	default:
	}
	return r.done, true
}

// missed remembers that a fetch did not bring what is wanted. If it failed, nobody knows.
func (r *Remote) missed(wanted string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Error == "" {
		r.quota.miss(wanted, time.Now())
	}
}
