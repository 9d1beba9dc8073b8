package runtime

import (
	"sync"
	"time"
)

// confirmEvery is how often it is noted on disk that a source still has what is served.
const confirmEvery = 30 * time.Second

// A freshness knows when a source last confirmed what is served: when it was read and had nothing else.
type freshness struct {
	mu    sync.Mutex
	at    time.Time // zero: never
	noted time.Time // when that was last written to disk
	seen  time.Time // when the source was last read, whatever it had
	fixed bool      // it cannot change
	final bool      // and neither can what is served
}

// restored says when what was kept on disk was last confirmed, as far as that is known.
func (f *freshness) restored(at, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at.After(now) {
		at = now // the clock was set back
	}
	f.at, f.noted, f.final = at, now, false
}

// looked says that the source was read, and whether it can change.
func (f *freshness) looked(now time.Time, fixed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.fixed = now, fixed
}

// accepted says that the newest bundle seen came in force: the source had it when it was read. Of a source that is not read
// again, that is the last word.
func (f *freshness) accepted(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen.After(f.at) {
		f.at = f.seen
	}
	if f.fixed {
		f.at, f.final = now, true
	}
}

// confirmed says that the source has what is served. It reports whether that is worth writing down.
func (f *freshness) confirmed(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.final = now, f.fixed
	if now.Sub(f.noted) < confirmEvery {
		return false
	}
	f.noted = now
	return true
}

// read returns when a source last confirmed what is served, and whether that is longer ago than bound; 0: there is
// none. What was never confirmed is what the source had when it was read.
func (f *freshness) read(now time.Time, bound time.Duration) (at time.Time, stale bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.final {
		return now, false
	}
	if at = f.at; at.IsZero() {
		at = f.seen
	}
	return at, bound > 0 && now.Sub(at) > bound
}

// confirm notes that the source has what is served, if it does: a bundle that is refused confirms nothing.
func (s *Server) confirm(now time.Time) {
	s.apply.Lock()
	defer s.apply.Unlock()
	g := s.current.Load()
	if g == nil || s.status.refusing() {
		return
	}
	if s.freshness.confirmed(now) && s.state != nil {
		s.state.Confirm(g.bundle, now)
	}
}

// fresh returns when what is served was last confirmed, and whether that is longer ago than is allowed.
func (s *Server) fresh() (at time.Time, stale bool) {
	if s.current.Load() == nil {
		return time.Time{}, false
	}
	return s.freshness.read(s.o.Clock(), s.o.MaxStaleness)
}

// tellStale says so when what is served becomes stale, and when it is confirmed again.
func (s *Server) tellStale() {
	at, stale := s.fresh()
	if !s.status.setStale(stale) {
		return
	}
	if stale {
		s.o.Logger.Error("what is served is stale: it is served all the same", "last confirmed", at.UTC().Truncate(time.Second), "allowed", s.o.MaxStaleness)
		return
	}
	s.o.Logger.Info("what is served is confirmed again")
}
