package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/trust"
)

// Who is trusted is read from files, which may be replaced while the proxy runs, as keys follow one another. An end of
// trust is about new bundles: what serves goes on serving, and what is kept on disk was taken before the end and is
// served after it. Whoever is not trusted at all any more is another matter: what they signed goes on serving too, since
// there is nothing better, and a restart does not serve it again.

// loadTrust returns whom the options trust, and the same as one file, to be compared.
func (o *Options) loadTrust() (bundle.Trust, []byte, error) {
	t, err := trust.Load(o.TrustFiles...)
	if err != nil {
		return bundle.Trust{}, nil, err
	}
	t.Add(bundle.Trust{Keys: o.Keys})
	text, err := trust.Format(t)
	return t, text, err
}

// retrust reads the trust files again. What cannot be read changes nothing.
func (s *Server) retrust() {
	if len(s.o.TrustFiles) == 0 {
		return
	}
	t, text, err := s.o.loadTrust()
	if s.status.setTrustError(err) && err != nil {
		s.o.Logger.Error("reading who is trusted: those who were trusted are still", "error", err)
	}
	s.apply.Lock()
	defer s.apply.Unlock()
	if err != nil || bytes.Equal(text, s.trustText) {
		return
	}
	s.setTrust(t, text)
	s.o.Logger.Info("others are trusted now", "keys", len(t.Keys), "identities", len(t.Identities))
	s.doubt()
	if data, origin := s.status.distrusted(); data != nil && s.offer(data, origin, false) {
		s.keep()
	}
}

// setTrust has new bundles judged by t. The caller holds s.apply.
func (s *Server) setTrust(t bundle.Trust, text []byte) {
	s.trust, s.trustText = t, text
	s.status.setTrusted(trusted(t))
	ends := map[string]time.Time{}
	for _, e := range trusted(t) {
		if end, twice := ends[e.Signer]; e.Expires != nil && (!twice || e.Expires.After(end)) {
			ends[e.Signer] = *e.Expires
		}
	}
	s.metrics.Trust(ends)
}

// doubt says so if nobody is trusted any more who signed the bundle in force. The caller holds s.apply.
func (s *Server) doubt() {
	warning := ""
	if g := s.current.Load(); g != nil && !s.o.InsecureSkipVerify {
		kept := s.trust
		kept.Kept = true
		if _, err := bundle.Open(g.data, kept); err != nil {
			warning = fmt.Sprintf("the bundle in force would be refused, and a restart would not serve it: %v", err)
		}
	}
	if s.status.setTrustWarning(warning) && warning != "" {
		s.o.Logger.Warn(warning)
	}
}

// ofSigners reports whether a bundle is refused for who signed it, so that it may be taken once others are trusted.
func ofSigners(err error) bool {
	for _, r := range []bundle.Refusal{
		bundle.UnknownKey, bundle.UnknownIdentity, bundle.UntrustedCertificate, bundle.ExpiredCertificate, bundle.TimestampInvalid, bundle.ExpiredTrust,
	} {
		if errors.Is(err, r) {
			return true
		}
	}
	return false
}

// ofClock reports whether a bundle is refused for the time, so that it may be taken once a clock that was wrong is set.
func ofClock(err error) bool {
	return errors.Is(err, bundle.ExpiredTrust) || errors.Is(err, bundle.ExpiredCertificate)
}

// trusted lists whom t trusts, for the status.
func trusted(t bundle.Trust) []Trusted {
	out := []Trusted{}
	add := func(e Trusted, expires time.Time) {
		if !expires.IsZero() {
			e.Expires = &expires
		}
		out = append(out, e)
	}
	for _, k := range t.Keys {
		add(Trusted{Signer: "key " + k.ID()}, k.Expires)
	}
	for _, i := range t.Identities {
		add(Trusted{Signer: i.String()}, i.Expires)
	}
	return out
}
