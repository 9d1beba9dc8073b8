package secret

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options configure a [Store].
type Options struct {
	// Source is where references are looked up.
	Source Source
	// Logger takes what becomes of secrets: their names, never their values. Nil: nothing is logged.
	Logger *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// A Store keeps the secrets of the table in use, and follows them.
type Store struct {
	o Options

	mu      sync.Mutex
	inUse   *Set
	faults  map[string]Fault // by name
	changes uint64
	kick    chan struct{} // holds one wish for a look
}

// A Fault is a secret in use whose newest value cannot be used, so that the one before is.
type Fault struct {
	// Name is the reference, or the directory of a certificate.
	Name  string
	Error string
	// Since is when that was first seen.
	Since time.Time
}

// An Expiry is when a secret in use cannot be used any more.
type Expiry struct {
	Kind string // "certificate", which is shown to clients, or "authority", which others' certificates are verified with
	Name string // the reference, or the directory of a certificate
	At   time.Time
}

// A Set is the secrets of one table. It is filled while the table is built, by one goroutine.
type Set struct {
	store      *Store
	values     map[string]value
	dependents []Dependent
	discord    map[string]error // why secrets do not go together, by name
}

// A Dependent is made of several values together.
type Dependent interface {
	// Renew makes it anew of the newest of its values. Of those that do not go together it takes what is in use, and
	// says why, by the names of the secrets: these stay as they are. It does not call the store.
	Renew() map[string]error
}

// New returns a store in which no secret is in use.
func New(o Options) *Store {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{o: o, faults: map[string]Fault{}, kick: make(chan struct{}, 1)}
	s.inUse = &Set{store: s}
	return s
}

// Stage begins the set of a table that is to be built. What is in use already is looked at again, and stays in use with
// its last good value if it cannot be read now: for a secret that has gone, no table fails that could be built before.
func (s *Store) Stage() *Set {
	s.Refresh()
	return &Set{store: s, values: map[string]value{}}
}

// Depend makes a dependent follow the values of the set.
func (set *Set) Depend(d Dependent) { set.dependents = append(set.dependents, d) }

// Use makes a set the one in use and forgets what it does not have. Call it when its table begins to serve.
func (s *Store) Use(set *Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse = set
	s.accept()
	s.settle()
	select {
	case s.kick <- struct{}{}: // what was read for this table may have changed since
	default:
	}
}

// Refresh reads again what has changed of the secrets in use.
func (s *Store) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := len(s.inUse.discord) > 0
	for _, v := range s.inUse.values {
		changed = v.renew(s.o.Source) || changed
	}
	if changed {
		s.accept()
	}
	s.settle()
}

// accept puts to use what is new, as far as it goes together.
func (s *Store) accept() {
	set := s.inUse
	set.discord = map[string]error{}
	for _, d := range set.dependents {
		maps.Copy(set.discord, d.Renew())
	}
	for _, key := range slices.Sorted(maps.Keys(set.values)) {
		v := set.values[key]
		if set.discord[v.title()] != nil || !v.accept() {
			continue
		}
		s.changes++
		s.o.Logger.Info("a secret has changed", "secret", v.title())
	}
}

// settle records the faults of the secrets in use.
func (s *Store) settle() {
	now := maps.Clone(s.inUse.discord)
	if now == nil {
		now = map[string]error{}
	}
	for _, v := range s.inUse.values {
		if err := v.fault(); err != nil {
			now[v.title()] = err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.faults)) {
		if now[name] == nil {
			delete(s.faults, name)
			s.o.Logger.Info("a secret can be used again, or is not needed any more", "secret", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		had, text := s.faults[name], now[name].Error()
		if had.Error == text {
			continue
		}
		since := had.Since
		if since.IsZero() {
			since = s.o.Now()
		}
		s.faults[name] = Fault{Name: name, Error: text, Since: since}
		s.o.Logger.Error("a secret cannot be used: the value before stays in use", "secret", name, "error", text)
	}
}

// Faults returns the secrets in use that cannot be used as they are now, sorted by name.
func (s *Store) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.faults), func(a, b Fault) int { return cmp.Compare(a.Name, b.Name) })
}

// Changes returns how often a value took the place of another one.
func (s *Store) Changes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// Expiries returns when certificates and authorities in use end, sorted by kind and name. It is that of their last good values.
func (s *Store) Expiries() []Expiry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Expiry
	for _, v := range s.inUse.values {
		if e := v.expiry(); !e.At.IsZero() {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Expiry) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return out
}
