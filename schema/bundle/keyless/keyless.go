// Package keyless signs without a key that anybody keeps: with one that a certificate gives to an identity.
//
// [Request] makes a key that lives as long as the process, proves to a certificate authority with Fulcio's interface who
// is running it, by an OpenID Connect token, and gets a certificate for some minutes. A timestamp on each signature proves
// that it was made within them.
//
//	s, err := keyless.Request(ctx, keyless.Options{Token: token, FulcioURL: "https://fulcio.example.com", TimestampURL: "https://tsa.example.com/api/v1/timestamp"})
//	data, err := bundle.Seal(contents, s)
//
// [New] is for a certificate that comes from elsewhere. Nothing is sent to a transparency log, and what Fulcio says of one
// is neither asked for nor checked.
package keyless

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// Options say where a certificate and the proof of its time come from.
type Options struct {
	Token        string       // an OpenID Connect identity token
	FulcioURL    string       // of the certificate authority
	TimestampURL string       // of the RFC 3161 authority; "": no proof of time
	Client       *http.Client // nil: one that gives up after a minute
}

// A Signer signs with a key that has a certificate. It is a [bundle.CertifiedSigner].
type Signer struct {
	*key.Private
	chain [][]byte
	leaf  *x509.Certificate
	stamp func(sig []byte) ([]byte, error)
}

// lasting is the shortest time that a certificate without timestamps has to be valid for. What is pushed is looked at
// again whenever a proxy starts.
const lasting = 24 * time.Hour

// New returns a signer with a key and its certificates, the key's own first. Timestamps are got with ctx.
func New(ctx context.Context, k *key.Private, chain []*x509.Certificate, now time.Time, o Options) (*Signer, error) {
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate")
	}
	public, err := bundle.NewPublicKey(chain[0].PublicKey)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	if public.ID() != k.Public().ID() {
		return nil, errors.New("the certificate is of another key: the key's own comes first in the file")
	}
	s := &Signer{Private: k, leaf: chain[0]}
	for _, c := range chain {
		if c.CheckSignatureFrom(c) != nil { // a root is what others know already, or do not trust
			s.chain = append(s.chain, c.Raw)
		}
	}
	if o.TimestampURL != "" {
		s.stamp = func(sig []byte) ([]byte, error) { return requestTimestamp(ctx, o.client(), o.TimestampURL, sig) }
	}
	switch {
	case now.After(s.leaf.NotAfter):
		return nil, fmt.Errorf("the certificate has expired at %s", s.leaf.NotAfter.UTC().Format(time.RFC3339))
	case s.stamp == nil && s.leaf.NotAfter.Sub(now) < lasting:
		return nil, fmt.Errorf("the certificate expires at %s, and nobody takes a signature by it then unless it is proven when it was made: name a timestamp authority",
			s.leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return s, nil
}

// Certificates implements [bundle.CertifiedSigner].
func (s *Signer) Certificates() [][]byte { return s.chain }

// Timestamp implements [bundle.CertifiedSigner].
func (s *Signer) Timestamp(sig []byte) ([]byte, error) {
	if s.stamp == nil {
		return nil, nil
	}
	return s.stamp(bytes.Clone(sig))
}

func (o Options) client() *http.Client {
	if o.Client != nil {
		return o.Client
	}
	return &http.Client{Timeout: time.Minute}
}
