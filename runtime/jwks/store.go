// Package jwks keeps the JSON Web Key Sets (RFC 7517) of token issuers, and only their public keys.
//
// A [Set] that stands in a model is parsed when a table is built. One that stands behind a URL is a [Remote]
// of a [Store], which outlives tables:
//
//	keys := jwks.New(jwks.Options{})
//	table, problems := route.Build(model, filter.Deps{Keys: keys})
//	keys.Retain(table.KeySets()) // before the table serves
//
// An issuer that is down does not matter as long as its keys were fetched once: the last good set stays in
// use, however old. An issuer that rotates its keys is asked again at once, but no token can make the proxy ask
// more than once in ten seconds.
package jwks

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options configure a [Store]. The zero value works.
type Options struct {
	// Client fetches key sets. Nil: one of the store's own.
	Client *http.Client
}

// A Store keeps key sets by URL across tables.
type Store struct {
	client *http.Client
	ctx    context.Context // of all fetches; ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	byURL map[string]*Remote
}

// New returns an empty store. A key set is fetched from the time on that it is retained, or first needed.
func New(o Options) *Store {
	s := &Store{client: client(o.Client), byURL: map[string]*Remote{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
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
	URL  string
	Keys int
	// Success is when the set was last fetched; zero: never.
	Success time.Time
	// Error is why the last fetch failed; empty: it did not.
	Error string
}

// Status returns the state of all key sets, sorted by URL.
func (s *Store) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Status, 0, len(s.byURL))
	for _, r := range s.byURL {
		out = append(out, r.status())
	}
	slices.SortFunc(out, func(a, b Status) int { return strings.Compare(a.URL, b.URL) })
	return out
}
