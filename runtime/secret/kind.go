package secret

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
	"unicode"
)

// A Digest is that of an API key, all that is kept of one.
type Digest = [sha256.Size]byte

// APIKey returns the digest of the API key behind a reference.
func (set *Set) APIKey(ref string) (*Value[Digest], error) {
	return hold(set, "api-key", ref, []string{ref}, func(values [][]byte) (*Digest, time.Time, error) {
		if err := sendable(ref, values[0]); err != nil {
			return nil, time.Time{}, err
		}
		digest := sha256.Sum256(values[0])
		return &digest, time.Time{}, nil
	})
}

// sendable reports what keeps a value from being what a client shows: a header field cannot hold it, and who wrote the file sees
// nothing of it.
func sendable(ref string, value []byte) error {
	switch {
	case len(value) == 0:
		return fmt.Errorf("secret %q is empty", ref)
	case bytes.HasPrefix(value, []byte("\uFEFF")):
		return fmt.Errorf("secret %q begins with a byte order mark, which no header field holds: write the file without", ref)
	case len(bytes.TrimSpace(value)) != len(value):
		return fmt.Errorf("secret %q begins or ends with a space or a further line end, which no header field holds: write the file without", ref)
	case bytes.ContainsFunc(value, unicode.IsControl):
		return fmt.Errorf("secret %q has several lines or a control character, which no header field holds: write one key into the file", ref)
	}
	return nil
}

// Certificate returns the certificate of a Secret of type kubernetes.io/tls: its keys tls.crt and tls.key, which must
// belong together. It ends with the first of its chain: clients are shown all of it.
func (set *Set) Certificate(name string) (*Value[tls.Certificate], error) {
	refs := []string{name + "/tls.crt", name + "/tls.key"}
	return hold(set, "certificate", name, refs, func(values [][]byte) (*tls.Certificate, time.Time, error) {
		cert, err := tls.X509KeyPair(values[0], values[1])
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("certificate %q: %w", name, err)
		}
		end := cert.Leaf.NotAfter
		for _, der := range cert.Certificate[1:] {
			if c, err := x509.ParseCertificate(der); err == nil && c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		return &cert, end, nil
	})
}

// Authority returns the certificates in PEM behind a reference, as those that others' are verified with. They end with the
// last of them: an old one may stay beside the one that follows it.
func (set *Set) Authority(ref string) (*Value[x509.CertPool], error) {
	return hold(set, "authority", ref, []string{ref}, func(values [][]byte) (*x509.CertPool, time.Time, error) {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(values[0]) {
			return nil, time.Time{}, fmt.Errorf("secret %q holds no certificate", ref)
		}
		var end time.Time
		rest := values[0]
		blocks := 0
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			blocks++
			if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" && c.NotAfter.After(end) {
				end = c.NotAfter
			}
		}
		if bytes.Contains(rest, []byte("-----BEGIN")) { // written halfway: the rest may be what is needed
			return nil, time.Time{}, fmt.Errorf("secret %q ends within a certificate", ref)
		}
		if bytes.Count(values[0], []byte("-----BEGIN")) != blocks { // what cannot be read is stepped over
			return nil, time.Time{}, fmt.Errorf("secret %q holds a certificate that is damaged, or does not begin a line", ref)
		}
		return pool, end, nil
	})
}
