package limit

import (
	"crypto/sha256"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync"
	"time"
)

// defaultMax is how many buckets a store keeps unless it is told otherwise; they take about 25 MB.
const defaultMax = 100_000

// shards is the number of parts of a store, each with its lock. It is at most 64: a request's shards are a set
// of bits.
const shards = 64

// maxName is the longest name that is kept as it is. A longer one, which only a client can choose, is kept as
// its digest, so that the bound on buckets is a bound on memory.
const maxName = 64

// Options configure a [Store]. The zero value works.
type Options struct {
	// Max bounds how many buckets are kept, rounded up to a multiple of 64. 0: 100,000.
	Max int
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// A Store keeps token buckets by key. It is used by many goroutines at once, and needs none of its own.
type Store struct {
	now   func() time.Time
	start time.Time
	seed  maphash.Seed
	parts [shards]shard
}

// New returns an empty store.
func New(o Options) *Store {
	if o.Max <= 0 {
		o.Max = defaultMax
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{now: o.Now, start: o.Now(), seed: maphash.MakeSeed()}
	for i := range s.parts {
		s.parts[i] = shard{max: (o.Max + shards - 1) / shards, byKey: map[Key]*entry{}}
	}
	return s
}

// Take takes one token of each bucket that is asked for and reports whether it could. Where one has none, none
// is taken of the others. Either way each Ask tells the state that its bucket is in afterwards. Two Asks of
// one key are two tokens only if the second finds one: they should not occur.
func (s *Store) Take(asks []Ask) bool {
	var few [8]place
	places := few[:0]
	var set uint64
	for i := range asks {
		a := &asks[i]
		a.Rate = a.Rate.sane()
		if len(a.Key.Name) > maxName {
			sum := sha256.Sum256([]byte(a.Key.Name))
			a.Key.Name = "sha256:" + string(sum[:])
		}
		n := s.shardOf(&a.Key)
		places = append(places, place{shard: &s.parts[n]})
		set |= 1 << n
	}
	// Always locked in the same order, so that no two requests wait for each other.
	for rest := set; rest != 0; rest &= rest - 1 {
		s.parts[bits.TrailingZeros64(rest)].Lock()
	}
	now := int64(s.now().Sub(s.start))
	ok := true
	for i := range asks {
		places[i].look(&asks[i], now)
		ok = ok && asks[i].OK
	}
	for i := range asks {
		if ok {
			places[i].take(&asks[i], now)
		} else {
			asks[i].report(&places[i].seen)
		}
	}
	for rest := set; rest != 0; rest &= rest - 1 {
		s.parts[bits.TrailingZeros64(rest)].Unlock()
	}
	return ok
}

// Len returns how many buckets are kept.
func (s *Store) Len() int {
	n := 0
	for i := range s.parts {
		p := &s.parts[i]
		p.Lock()
		n += len(p.byKey)
		p.Unlock()
	}
	return n
}

func (s *Store) shardOf(k *Key) uint {
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(k.Window)
	h.Write(k.IP[:])
	h.WriteString(k.Name)
	return uint(h.Sum64() % shards)
}

// sane brings a rate into the bounds within which the arithmetic is exact.
func (r Rate) sane() Rate {
	r.Requests = min(max(r.Requests, 1), MaxRequests)
	r.Burst = min(max(r.Burst, 1), MaxRequests)
	r.Period = min(max(r.Period, 1), MaxPeriod)
	return r
}

// A shard is a part of the store. Its entries also stand in a heap, by the time at which their buckets are
// full again: the first of them is the one that is lost with the least harm. That time only moves on while a
// bucket is used, so the heap may hold older times; they are put right when they come to the top.
type shard struct {
	sync.Mutex
	max   int
	byKey map[Key]*entry
	heap  []*entry
}

type entry struct {
	key  Key
	rate Rate
	bucket
	full    int64 // when it is full again, or sooner
	dropped bool
}

// A place is where the bucket of an Ask is, and what the bucket held when it was looked at.
type place struct {
	*shard
	entry *entry // nil: the bucket is not kept
	seen  bucket
}

// look finds the bucket of a. One that is not kept is full.
func (p *place) look(a *Ask, now int64) {
	p.seen = bucket{tokens: a.Rate.Burst, at: now}
	if p.entry = p.byKey[a.Key]; p.entry != nil {
		p.seen = p.entry.bucket
		p.seen.refill(a.Rate, now)
	}
	a.OK = p.seen.tokens > 0
}

// take takes the token that look saw, and reports the new state.
func (p *place) take(a *Ask, now int64) {
	e := p.entry
	if e == nil || e.dropped { // another Ask may have come between, and dropped the bucket or made it
		if e = p.byKey[a.Key]; e == nil {
			e = p.insert(a, now)
		}
	}
	e.refill(a.Rate, now)
	e.tokens = max(e.tokens-1, 0)
	a.report(&e.bucket)
}

func (p *shard) insert(a *Ask, now int64) *entry {
	// Two out for one in: what is full leaves faster than it comes.
	for range 2 {
		if e := p.first(); e == nil || e.full > now {
			break
		}
		p.drop()
	}
	for len(p.byKey) >= p.max {
		p.first()
		p.drop()
	}
	e := &entry{key: a.Key, rate: a.Rate, bucket: bucket{tokens: a.Rate.Burst, at: now}}
	e.key.Name = strings.Clone(a.Key.Name) // it may point into a connection's buffer
	e.full = now + 1
	p.byKey[e.key] = e
	p.push(e)
	return e
}
