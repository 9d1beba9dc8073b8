package runtime

import (
	"fmt"
	"sync"
	"time"
)

// A Status is what a proxy serves and refuses: the JSON of /status. Fields are only ever added to it.
type Status struct {
	Version     string `json:"version"`
	Environment string `json:"environment"` // of the active bundle, else the one that is asked for
	Ready       bool   `json:"ready"`
	Draining    bool   `json:"draining"`
	// Insecure says that bundles are not verified.
	Insecure bool `json:"insecure"`

	Active    *Active          `json:"active"`  // null: nothing is served
	Refused   *Refused         `json:"refused"` // null: the newest bundle seen is the active one
	Source    SourceStatus     `json:"source"`
	Trust     TrustStatus      `json:"trust"`
	Listeners []ListenerStatus `json:"listeners"`
	JWKS      []KeySetStatus   `json:"jwks"`

	// Isolated is what of the active bundle is left out because it cannot be built.
	Isolated []Isolated `json:"isolated,omitempty"`

	// Secrets are those that cannot be used as they are now, so that their values before are in use. SecretsError
	// says it in a line; StateError is why the last good bundle is not on disk.
	Secrets      []SecretStatus `json:"secrets"`
	SecretsError string         `json:"secretsError,omitempty"`
	StateError   string         `json:"stateError,omitempty"`
}

// Active is the bundle in force.
type Active struct {
	Revision    string    `json:"revision"`
	Serial      uint64    `json:"serial"`
	GitRevision string    `json:"gitRevision"`
	Since       time.Time `json:"since"`
	Origin      string    `json:"origin"`
	Verified    bool      `json:"verified"`
	KeyID       string    `json:"keyID,omitempty"`
	// Issuer and Subject are whom a certificate gives that key; SignedAt is when they signed, if that is proven.
	Issuer   string     `json:"issuer,omitempty"`
	Subject  string     `json:"subject,omitempty"`
	SignedAt *time.Time `json:"signedAt,omitempty"`
}

// TrustStatus says whose bundles are taken.
type TrustStatus struct {
	Trusted []Trusted `json:"trusted"`
	// Error is why trust files that have changed are not in use; Warning that the signer of the active bundle is not
	// trusted any more.
	Error   string `json:"error,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// Trusted is one whose bundles are taken.
type Trusted struct {
	Signer  string     `json:"signer"`            // "key " and its ID, or an identity
	Expires *time.Time `json:"expires,omitempty"` // when new bundles are not taken any more; absent: never
}

// Refused is the newest bundle seen, while it is not put into force.
type Refused struct {
	Revision    string    `json:"revision"` // empty: not readable
	Serial      uint64    `json:"serial"`
	GitRevision string    `json:"gitRevision"`
	Origin      string    `json:"origin"`
	Reason      string    `json:"reason"` // one stable word
	Message     string    `json:"message"`
	Problems    []Problem `json:"problems,omitempty"`
	At          time.Time `json:"at"`
}

// A Problem is one reason why a bundle cannot be served, with its position in the user's source.
type Problem struct {
	Path     string `json:"path"`
	Position string `json:"position"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Isolated is an API that answers 503, or a consumer who is not recognised by one of their keys, and why.
type Isolated struct {
	API      string    `json:"api,omitempty"`
	Consumer string    `json:"consumer,omitempty"`
	Problems []Problem `json:"problems"`
}

// SourceStatus is where bundles come from, and how looking there went.
type SourceStatus struct {
	Ref         string     `json:"ref"`
	LastChecked *time.Time `json:"lastChecked"` // last success; null: none yet
	LastError   string     `json:"lastError,omitempty"`
	// LastConfirmed is when the source last had what is served: null: not yet. Stale says that this is longer ago than
	// MaxStaleness.
	LastConfirmed *time.Time `json:"lastConfirmed"`
	MaxStaleness  string     `json:"maxStaleness,omitempty"`
	Stale         bool       `json:"stale"`
}

// A ListenerStatus is an address that clients connect to.
type ListenerStatus struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	TLS     bool   `json:"tls"`
}

// A KeySetStatus is the state of one JSON Web Key Set.
type KeySetStatus struct {
	URL         string     `json:"url"`
	Keys        int        `json:"keys"`        // to verify tokens with; 0: they are answered with 503
	LastSuccess *time.Time `json:"lastSuccess"` // null: never fetched
	LastError   string     `json:"lastError,omitempty"`
	// KeepError is why the keys are not on disk.
	KeepError string `json:"keepError,omitempty"`
}

// A SecretStatus is a secret that cannot be used as it is now.
type SecretStatus struct {
	Name  string    `json:"name"`
	Error string    `json:"error"`
	Since time.Time `json:"since"`
}

// Status returns what the server serves and refuses.
func (s *Server) Status() Status {
	out := s.status.snapshot()
	out.Version, out.Insecure, out.Draining = s.o.Version, s.o.InsecureSkipVerify, s.draining.Load()
	out.Environment = s.o.Environment
	out.Listeners, out.JWKS = []ListenerStatus{}, []KeySetStatus{}
	if g := s.current.Load(); g != nil {
		b := g.bundle
		out.Environment = b.Environment
		out.Active = &Active{
			Revision: b.Revision, Serial: b.Serial, GitRevision: b.GitRevision, Origin: g.origin,
			Since: g.since.UTC().Truncate(time.Second), Verified: b.Verified,
			KeyID: b.By.KeyID, Issuer: b.By.Issuer, Subject: b.By.Subject,
		}
		if !b.By.SignedAt.IsZero() {
			out.Active.SignedAt = &b.By.SignedAt
		}
		out.Listeners = s.sockets.listeners(g)
		out.Isolated = g.isolated
	}
	out.Secrets = []SecretStatus{}
	for _, f := range s.secrets.Faults() {
		out.Secrets = append(out.Secrets, SecretStatus{Name: f.Name, Error: f.Error, Since: f.Since.UTC().Truncate(time.Second)})
	}
	if n := len(out.Secrets); n > 0 {
		out.SecretsError = out.Secrets[0].Error
		if n > 1 {
			out.SecretsError += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	for _, k := range s.keys.Status() {
		set := KeySetStatus{URL: k.URL, Keys: k.Keys, LastError: k.Error, KeepError: k.DiskError}
		if !k.Success.IsZero() {
			at := k.Success.UTC().Truncate(time.Second)
			set.LastSuccess = &at
		}
		out.JWKS = append(out.JWKS, set)
	}
	at, stale := s.fresh()
	if !at.IsZero() {
		at = at.UTC().Truncate(time.Second)
		out.Source.LastConfirmed = &at
	}
	if s.o.MaxStaleness > 0 {
		out.Source.MaxStaleness, out.Source.Stale = s.o.MaxStaleness.String(), stale
	}
	out.Ready = out.Active != nil && !out.Draining && !(s.o.UnreadyWhenStale && out.Source.Stale)
	return out
}

// AdminAddr returns the address that health, status and metrics are served at; "" before [Server.Run] and
// where they are not.
func (s *Server) AdminAddr() string {
	s.status.mu.Lock()
	defer s.status.mu.Unlock()
	return s.status.admin
}

// A statusBoard holds what of the status no generation holds.
type statusBoard struct {
	mu      sync.Mutex
	admin   string
	source  SourceStatus
	refusal *Refused
	state   string
	stale   bool

	trusted      []Trusted
	trustError   string
	trustWarning string

	pending pending
}

// A pending is a refused bundle while it makes sense to try it again.
type pending struct {
	data   []byte
	origin string
	signer bool // only once others are trusted,
	clock  bool // or the time is another

	damaged bool // not at all: it is no whole archive
}

func (b *statusBoard) snapshot() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Status{
		Refused: b.refusal, Source: b.source, StateError: b.state,
		Trust: TrustStatus{append([]Trusted{}, b.trusted...), b.trustError, b.trustWarning},
	}
}

func (b *statusBoard) setAdmin(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.admin = address
}

func (b *statusBoard) sourceRead(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at = at.UTC().Truncate(time.Second)
	b.source.LastChecked, b.source.LastError = &at, ""
}

// sourceFailed reports whether the failure is news.
func (b *statusBoard) sourceFailed(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.source.LastError != err.Error()
	b.source.LastError = err.Error()
	return news
}

func (b *statusBoard) accepted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusal, b.pending = nil, pending{}
}

// refused reports whether the refusal is news: another bundle, or another reason.
func (b *statusBoard) refused(r Refused, again pending) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.refusal
	if had != nil && had.Revision == r.Revision && had.Reason == r.Reason && had.Message == r.Message {
		r.At = had.At
		b.refusal, b.pending = &r, again
		return false
	}
	b.refusal, b.pending = &r, again
	return true
}

// again returns the bundle to try again, if any.
func (b *statusBoard) again() (data []byte, origin string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending.signer && !b.pending.clock {
		return nil, ""
	}
	return b.pending.data, b.pending.origin
}

// distrusted returns the bundle that is refused for who signed it, if it is.
func (b *statusBoard) distrusted() (data []byte, origin string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.pending.signer {
		return nil, ""
	}
	return b.pending.data, b.pending.origin
}

func (b *statusBoard) setTrusted(all []Trusted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trusted = all
}

// setTrustError reports whether the error is news.
func (b *statusBoard) setTrustError(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.trustError
	b.trustError = ""
	if err != nil {
		b.trustError = err.Error()
	}
	return b.trustError != had
}

// setTrustWarning reports whether the warning is news.
func (b *statusBoard) setTrustWarning(warning string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.trustWarning != warning
	b.trustWarning = warning
	return news
}

// setState reports whether the error is news.
func (b *statusBoard) setState(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.state
	b.state = ""
	if err != nil {
		b.state = err.Error()
	}
	return b.state != had
}

// unkept reports whether the bundle in force could not be kept.
func (b *statusBoard) unkept() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state != ""
}

// setStale reports whether that is news.
func (b *statusBoard) setStale(stale bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.stale
	b.stale = stale
	return had != stale
}

// damaged reports whether the newest bundle seen is no whole archive.
func (b *statusBoard) damaged() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending.damaged
}

// refusing reports whether the newest bundle seen is refused.
func (b *statusBoard) refusing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusal != nil
}
