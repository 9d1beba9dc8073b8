package oci

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// A session is one operation on a registry. It stands between go-containerregistry and the network: it keeps
// requests off connections without TLS and notes what error values do not carry.
type session struct {
	ref        Reference
	name       name.Reference
	keychain   authn.Keychain
	next       http.RoundTripper
	plainHTTP  bool
	retryAfter atomic.Int64 // what the registry last asked for, a time.Duration
}

func newSession(r Reference, o Options) (*session, error) {
	s := &session{ref: r, keychain: o.Keychain, next: o.Transport, plainHTTP: o.PlainHTTP}
	if s.keychain == nil {
		s.keychain = authn.DefaultKeychain
	}
	if s.next == nil {
		s.next = remote.DefaultTransport
	}
	var err error
	s.name, err = r.resolve(o.PlainHTTP)
	return s, err
}

// options are go-containerregistry's. One attempt only: its waits between attempts do not end with the
// context, and who polls has a back-off of their own.
func (s *session) options() []remote.Option {
	return []remote.Option{
		remote.WithAuthFromKeychain(s),
		remote.WithTransport(s),
		remote.WithUserAgent("gwc"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

// RoundTrip implements [http.RoundTripper]. go-containerregistry takes more hosts than the loopback
// interface for local ones that need no TLS, and follows redirects; here nothing goes out in the clear
// unless it was asked for.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !s.plainHTTP && !loopback(r.URL.Host) {
		return nil, errPlainHTTP
	}
	resp, err := s.next.RoundTrip(r)
	if err == nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		s.retryAfter.Store(int64(RetryAfter(resp.Header)))
	}
	return resp, err
}

// Resolve implements [authn.Keychain].
func (s *session) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return s.ResolveContext(context.Background(), target)
}

// ResolveContext implements [authn.ContextKeychain]. A credential helper is a program that may hang, and
// nothing ends it with ctx; so it is left behind.
func (s *session) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	type result struct {
		auth authn.Authenticator
		err  error
	}
	done := make(chan result, 1)
	go func() {
		auth, err := authn.Resolve(ctx, s.keychain, target)
		done <- result{auth, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, &credentialError{s.ref.Host(), r.err}
		}
		return r.auth, nil
	case <-ctx.Done():
		return nil, &credentialError{s.ref.Host(), ctx.Err()}
	}
}

// RetryAfter returns how long a response asks its client to stay away, at most an hour; 0 if it does not say.
func RetryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return time.Duration(min(max(seconds, 0), 3600)) * time.Second
}
