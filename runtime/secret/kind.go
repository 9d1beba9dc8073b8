package secret

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// A Digest is that of an API key, all that is kept of one.
type Digest = [sha256.Size]byte

// APIKey returns the digest of the API key behind a reference.
func (set *Set) APIKey(ref string) (*Value[Digest], error) {
	return hold(set, "api-key", ref, []string{ref}, func(values [][]byte) (*Digest, error) {
		if len(values[0]) == 0 {
			return nil, fmt.Errorf("secret %q is empty", ref)
		}
		digest := sha256.Sum256(values[0])
		return &digest, nil
	})
}

// Certificate returns the certificate of a Secret of type kubernetes.io/tls: its keys tls.crt and tls.key, which must
// belong together.
func (set *Set) Certificate(name string) (*Value[tls.Certificate], error) {
	refs := []string{name + "/tls.crt", name + "/tls.key"}
	return hold(set, "certificate", name, refs, func(values [][]byte) (*tls.Certificate, error) {
		cert, err := tls.X509KeyPair(values[0], values[1])
		if err != nil {
			return nil, fmt.Errorf("certificate %q: %w", name, err)
		}
		return &cert, nil
	})
}

// Authority returns the certificates in PEM behind a reference, as those that others' are verified with.
func (set *Set) Authority(ref string) (*Value[x509.CertPool], error) {
	return hold(set, "authority", ref, []string{ref}, func(values [][]byte) (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(values[0]) {
			return nil, fmt.Errorf("secret %q holds no certificate", ref)
		}
		rest := values[0]
		for block := (&pem.Block{}); block != nil; {
			block, rest = pem.Decode(rest)
		}
		if bytes.Contains(rest, []byte("-----BEGIN")) { // written halfway: the rest may be what is needed
			return nil, fmt.Errorf("secret %q ends within a certificate", ref)
		}
		return pool, nil
	})
}
