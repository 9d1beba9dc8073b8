package oci

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gwc.dev/schema/header"
)

// A session is what is done with one repository. It stands between go-containerregistry and the network: it keeps
// requests off connections without TLS, resumes downloads that break off, puts lists together that come in pages, and notes
// what error values do not carry.
type session struct {
	ref       Reference
	name      name.Reference
	keychain  authn.Keychain
	token     tokenFile // "": the keychain's credentials
	asked     *inquiry  // for credentials
	next      http.RoundTripper
	client    *Client // nil: no certificate
	plainHTTP bool
	writes    bool // as its errors say it

	retryAfter atomic.Int64           // what the registry last asked for, a time.Duration
	denied     atomic.Bool            // it last said that a token is good, and not for this
	bearer     atomic.Bool            // it takes the token itself
	wantsCert  atomic.Bool            // it last said, by HTTP, that a client certificate is missing or wrong
	lists      atomic.Bool            // it keeps the list of what refers to an artifact itself
	who        atomic.Pointer[string] // whose credentials are used
}

func newSession(r Reference, o Options) (*session, error) {
	s := &session{ref: r, keychain: o.Keychain, token: tokenFile(o.TokenFile), asked: &inquiry{}, next: o.Transport, client: o.Client, plainHTTP: o.PlainHTTP}
	if s.keychain == nil {
		s.keychain = defaultKeychain()
	}
	if s.next == nil {
		s.next = defaultTransport()
	}
	var err error
	s.name, err = r.resolve(o.PlainHTTP)
	return s, err
}

// writing returns s with errors that speak of pushing.
func (s *session) writing() *session {
	s.writes = true
	return s
}

// about returns what errors are explained with that are about ref.
func (s *session) about(ref Reference) *session {
	t := &session{ref: ref, token: s.token, client: s.client, writes: s.writes}
	t.retryAfter.Store(s.retryAfter.Load())
	t.denied.Store(s.denied.Load())
	t.wantsCert.Store(s.wantsCert.Load())
	t.who.Store(s.who.Load())
	return t
}

// options are go-containerregistry's. One attempt only: its waits between attempts do not end with the
// context, and [attempt] and who polls have a back-off of their own.
func (s *session) options() []remote.Option {
	return []remote.Option{
		remote.WithAuthFromKeychain(s),
		remote.WithTransport(s),
		remote.WithUserAgent("gwc"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

// try has something done, again where o says so, and explains why it cannot be.
func (s *session) try(ctx context.Context, o Options, do func([]remote.Option) error) error {
	ctx, done := timed(ctx)
	defer done()
	options := append(s.options(), remote.WithContext(ctx))
	return attempt(ctx, o.Retry, func() error {
		if err := do(options); err != nil {
			return s.explain(err)
		}
		return nil
	})
}

// RoundTrip implements [http.RoundTripper]. go-containerregistry takes more hosts than the loopback
// interface for local ones that need no TLS, and follows redirects; here nothing goes out in the clear
// unless it was asked for.
func (s *session) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !s.plainHTTP && !loopback(r.URL.Host) {
		return nil, errPlainHTTP
	}
	if redirects(r) {
		return nil, errRedirects
	}
	if betrays(r) {
		return nil, errElsewhere
	}
	if r.Header.Get("Referer") != "" { // registries put credentials into URLs
		r = r.Clone(r.Context())
		r.Header.Del("Referer")
	}
	resp, err := s.noted(r)
	if err != nil {
		return nil, err
	}
	if s.token != "" && isGrant(r) {
		switch resp.StatusCode {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusMethodNotAllowed:
			// So do token services answer that know no grants, and only 404 makes go-containerregistry ask without.
			resp.StatusCode = http.StatusNotFound
		}
	}
	return s.whole(r, bound(r, s.resumable(r, resp)))
}

// noted sends a request, and notes what error values do not carry.
func (s *session) noted(r *http.Request) (*http.Response, error) {
	resp, err := s.send(r)
	if err != nil {
		return nil, err
	}
	if resp.Header.Get("OCI-Subject") != "" {
		s.lists.Store(true)
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError {
		s.retryAfter.Store(int64(header.RetryAfter(resp.Header)))
	}
	switch resp.StatusCode {
	case http.StatusBadRequest:
		s.wantsCert.Store(wantsCertificate(resp))
	case http.StatusUnauthorized:
		s.denied.Store(strings.Contains(resp.Header.Get("WWW-Authenticate"), "insufficient_scope"))
	}
	return resp, nil
}

// wantsCertificate reports whether a page says so, as nginx has it before many a registry: it takes any connection, and then
// refuses the request.
func wantsCertificate(resp *http.Response) bool {
	const enough = 4 << 10
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return false
	}
	start, err := io.ReadAll(io.LimitReader(resp.Body, enough))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), resp.Body), resp.Body}
	return err == nil && bytes.Contains(start, []byte("SSL certificate"))
}

// send sends a request, with the token itself once a registry has said that it takes that: it asks for a bearer token and
// names no service that would give another one for it (RFC 6750, section 3).
func (s *session) send(r *http.Request) (*http.Response, error) {
	if s.token == "" || r.URL.Host != s.ref.Host() {
		return s.pass(r)
	}
	if !s.bearer.Load() {
		resp, err := s.pass(r)
		if err != nil || !asksForBearer(resp) || r.Body != nil && r.Body != http.NoBody {
			return resp, err
		}
		resp.Body.Close()
		s.bearer.Store(true)
	}
	token, err := s.token.read()
	if err != nil {
		return nil, &credentialError{s.ref.Host(), err}
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.pass(r)
	if err == nil && asksForBearer(resp) {
		resp.Header.Del("WWW-Authenticate") // there is no other token, and go-containerregistry knows no such challenge
	}
	return resp, err
}

// pass sends a request as it is, with a certificate if it goes to the registry itself.
func (s *session) pass(r *http.Request) (*http.Response, error) {
	if s.client != nil && r.URL.Host == s.ref.Host() {
		return s.client.transport.RoundTrip(r)
	}
	return s.next.RoundTrip(r)
}

// asksForBearer reports whether an answer asks for a bearer token and does not say where there is one.
func asksForBearer(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	challenge := strings.ToLower(resp.Header.Get("WWW-Authenticate"))
	scheme, parameters, _ := strings.Cut(challenge, " ")
	return scheme == "bearer" && !strings.Contains(parameters, `realm="http`)
}

// isGrant reports whether a request asks a token service for a token by OAuth.
func isGrant(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded"
}
