// Package jwks keeps the JSON Web Key Sets (RFC 7517) of token issuers, and only their public keys.
//
// A [Set] that stands in a model is parsed when a table is built. One that stands behind a URL is a [Remote]
// of a [Store], which outlives tables:
//
//	keys := jwks.New(jwks.Options{})
//	table, problems := route.Build(model, filter.Deps{Keys: keys})
//	keys.Retain(table.KeySets()) // before the table serves
//
// An issuer that is down does not matter as long as its keys were fetched once: the last good set stays in use, also
// across restarts where there is a directory for it, for as long as [Options.MaxAge] says. An issuer that rotates its
// keys is asked again at once, but no tokens can make the proxy ask more than three times at once and then once in ten
// seconds. Tokens whose key is known never wait.
package jwks

import (
	"context"
	"log/slog"
	"math/bits"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gwc.dev/schema"
)

// DefaultMaxAge is how long keys are used that cannot be fetched again. It lets people sleep through an issuer's outage;
// a key that was stolen and withdrawn meanwhile is trusted no longer than that.
const DefaultMaxAge = 24 * time.Hour

// MinMaxAge is the least of [Options.MaxAge].
const MinMaxAge = schema.LeastKeyAge

// Options configure a [Store]. The zero value works.
type Options struct {
	// Client fetches key sets. Nil: one of the store's own.
	Client *http.Client
	// Dir keeps the last good key sets across restarts. Empty: they are kept in memory only.
	Dir string
	// MaxAge is how long keys are used that could not be fetched again. 0: [DefaultMaxAge].
	MaxAge time.Duration
	// Logger takes what operators should know. Nil: nothing is logged.
	Logger *slog.Logger
	// Rand spreads the fetches of many proxies. Nil: there is no jitter.
	Rand func() uint64
}

// A Store keeps key sets by URL across tables.
type Store struct {
	o      Options
	disk   *disk           // nil: none
	ctx    context.Context // of all fetches; ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	byURL map[string]*Remote
}

// New returns an empty store. A key set is fetched from the time on that it is retained, or first needed.
func New(o Options) *Store {
	o.Client = client(o.Client)
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{o: o, byURL: map[string]*Remote{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if o.Dir != "" {
		s.disk = &disk{o.Dir}
		s.work.Go(func() { s.disk.sweep(time.Now(), o.MaxAge) })
	}
	return s
}

// sooner returns d less up to the share-th part of it, by chance.
func (s *Store) sooner(d time.Duration, share int64) time.Duration {
	if s.o.Rand == nil {
		return d
	}
	less, _ := bits.Mul64(uint64(int64(d)/share), s.o.Rand())
	return d - time.Duration(less)
}

// Remote returns the key set behind a URL. It fetches nothing and never blocks.
func (s *Store) Remote(url string) *Remote {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote(url)
}

func (s *Store) remote(url string) *Remote {
	r := s.byURL[url]
	if r == nil {
		r = newRemote(s, url)
		s.byURL[url] = r
	}
	return r
}

// Retain begins to fetch the key sets behind urls, and forgets all others: requests that are still under way
// with one of those find the keys that it had. It does not wait. Call it with the key sets of a table before
// that table begins to serve.
func (s *Store) Retain(urls []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := make(map[string]*Remote, len(urls))
	for _, url := range urls {
		kept[url] = s.remote(url)
		kept[url].start()
	}
	for url, r := range s.byURL {
		if kept[url] == nil {
			r.stop()
		}
	}
	s.byURL = kept
}

// Close ends all fetching and waits for it. Keys that are there stay in use.
func (s *Store) Close() {
	s.cancel()
	s.mu.Lock()
	for _, r := range s.byURL {
		r.stop()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// A Status is the state of one key set.
type Status struct {
	URL string
	// Keys is how many there are to verify with; 0: the set was never fetched, or too long ago.
	Keys int
	// Success is when the set was last fetched, by this proxy or by whoever left it on disk; zero: never.
	Success time.Time
	// Error is why the last fetch failed; empty: it did not. DiskError is why the keys are not on disk.
	Error, DiskError string

	// Successes and Failures count fetches that are over.
	Successes, Failures uint64
	// Asked is how often tokens with unknown keys made the store fetch; Bounded how often they might not.
	Asked, Bounded uint64
	// DiskErrors is how often keys could not be read from disk or written to it.
	DiskErrors uint64
}

// Status returns the state of all key sets, sorted by URL.
func (s *Store) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, 0, len(s.byURL))
	for _, r := range s.byURL {
		out = append(out, r.state())
	}
	slices.SortFunc(out, func(a, b Status) int { return strings.Compare(a.URL, b.URL) })
	return out
}
