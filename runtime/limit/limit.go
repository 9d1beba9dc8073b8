// Package limit keeps token buckets: who may take how many tokens in which time.
//
//	store := limit.New(limit.Options{})
//	ask := []limit.Ask{{Key: limit.Key{Window: "api/echo/perMinute", IP: ip}, Rate: rate}}
//	if store.Take(ask) { ... ask[0].Remaining ... } else { ... ask[0].Wait ... }
//
// A request takes one token from each of its buckets, or none from any. The arithmetic is exact: a caller that
// comes back after exactly the time it was told finds a token. Buckets are kept in memory, in a bounded
// number. A full bucket is the same as none, so that full ones are dropped without a trace; only where all
// are in use does the bound cost somebody's count, and then of the bucket that would be full again first.
package limit

import (
	"math"
	"math/bits"
	"time"
)

// The largest [Rate] that a store counts exactly.
const (
	MaxRequests = 1_000_000_000
	MaxPeriod   = 24 * time.Hour
)

// A Rate describes a bucket: it gains Requests tokens each Period and holds at most Burst. All are positive.
type Rate struct {
	Requests int64
	Period   time.Duration
	Burst    int64
}

// A Key names a bucket. The zero IP and the empty Name are values like others.
type Key struct {
	// Window says what is counted. It stands in memory for as long as the bucket.
	Window string
	// IP and Name say for whom.
	IP   [16]byte
	Name string
}

// An Ask is one token of one bucket.
type Ask struct {
	Key  Key
	Rate Rate

	// OK reports whether this bucket has the token; Take fills in this and what follows.
	OK bool
	// Remaining is how many whole tokens are left.
	Remaining int64
	// Wait is the time until there is a token. 0: there is one.
	Wait time.Duration
	// Full is the time until the bucket is full.
	Full time.Duration
}

// A bucket holds tokens + rest/period tokens as they were at a time on the store's clock.
type bucket struct {
	tokens int64
	rest   int64 // below the period, in nanoseconds
	at     int64
}

// refill brings b to the time now. It is exact, whatever the rate and the time between: the product of elapsed
// nanoseconds and tokens a period is computed in 128 bits, and its rest is kept.
func (b *bucket) refill(r Rate, now int64) {
	elapsed := now - b.at
	if elapsed <= 0 {
		return
	}
	b.at = now
	hi, lo := bits.Mul64(uint64(elapsed), uint64(r.Requests))
	lo, carry := bits.Add64(lo, uint64(b.rest), 0)
	gained, rest := uint64(math.MaxInt64), uint64(0)
	if hi += carry; hi < uint64(r.Period) {
		gained, rest = bits.Div64(hi, lo, uint64(r.Period))
	}
	if room := r.Burst - b.tokens; room <= 0 || gained >= uint64(room) {
		b.tokens, b.rest = r.Burst, 0
		return
	}
	b.tokens += int64(gained)
	b.rest = int64(rest)
}

// until returns how long it takes from the bucket's time until it holds n tokens.
func (b *bucket) until(n int64, r Rate) time.Duration {
	if b.tokens >= n {
		return 0
	}
	hi, lo := bits.Mul64(uint64(n-b.tokens), uint64(r.Period))
	lo, borrow := bits.Sub64(lo, uint64(b.rest), 0)
	hi -= borrow
	if hi >= uint64(r.Requests) {
		return math.MaxInt64
	}
	wait, rest := bits.Div64(hi, lo, uint64(r.Requests))
	if rest > 0 {
		wait++
	}
	return time.Duration(min(wait, math.MaxInt64))
}

// report fills in what the asker wants to know about b.
func (a *Ask) report(b *bucket) {
	a.Remaining = b.tokens
	a.Wait = b.until(1, a.Rate)
	a.Full = b.until(a.Rate.Burst, a.Rate)
}
