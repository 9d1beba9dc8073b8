package runtime

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// A session is how a listener speaks TLS. It follows the secrets that it is made of.
type session struct {
	base    *tls.Config
	clients *secret.Value[x509.CertPool] // nil: no certificate is asked for
	current atomic.Pointer[tls.Config]   // base, with the clients' authority as it was last asked for
}

// config returns the settings of a handshake that begins now.
func (s *session) config() *tls.Config {
	if s.clients == nil {
		return s.base
	}
	now := s.clients.Load()
	if c := s.current.Load(); c != nil && c.ClientCAs == now {
		return c
	}
	c := s.base.Clone()
	c.ClientCAs = now
	s.current.Store(c)
	return c
}

// buildTLS returns how a listener speaks TLS; nil: it does not.
func buildTLS(name string, def *schema.ListenerTLS, secrets *secret.Set) (*session, []schema.Problem) {
	if def == nil {
		return nil, nil
	}
	var problems []schema.Problem
	at := schema.NewPath("listeners", name, "tls", "certificates")
	shown := &certificates{}
	for certName, c := range schema.Sorted(def.Certificates) {
		cert, err := secrets.Certificate(c.Secret)
		if err != nil {
			problems = append(problems, schema.Problem{
				Path: at.Join(certName, "secret"), Code: "certificate", Message: err.Error(),
				Hint: fmt.Sprintf("the directory %s below the secrets directory must hold tls.crt and tls.key", c.Secret),
			})
			continue
		}
		if shown.all = append(shown.all, cert); certName == "default" {
			shown.standard = len(shown.all) - 1
		}
	}
	if len(def.Certificates) == 0 {
		problems = append(problems, schema.Problem{
			Path: at, Code: "certificate", Message: fmt.Sprintf("listener %q has no certificate", name),
		})
	}
	s := &session{base: &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: shown.get,
	}}
	if def.MinVersion == "1.3" {
		s.base.MinVersion = tls.VersionTLS13
	}
	if problem := s.askForCertificates(name, def.ClientCertificates, secrets); problem != nil {
		problems = append(problems, *problem)
	}
	return s, problems
}

// askForCertificates makes a listener's clients show certificates of an authority (RFC 8446, section 4.3.2). One that
// resumes a session is held to the authority of now, as a new one is: crypto/tls verifies its certificate again.
func (s *session) askForCertificates(name string, def *schema.ClientCertificates, secrets *secret.Set) *schema.Problem {
	if def == nil {
		return nil
	}
	var err error
	if s.clients, err = secrets.Authority(def.CA); err != nil {
		return &schema.Problem{
			Path: schema.NewPath("listeners", name, "tls", "clientCertificates", "ca"), Code: "client-ca", Message: err.Error(),
			Hint: "mount the secret; it must hold certificates in PEM",
		}
	}
	s.base.ClientAuth = tls.RequireAndVerifyClientCert
	if def.Optional {
		s.base.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return nil
}

// certificates are those of one listener, in the order of their names.
type certificates struct {
	all      []*secret.Value[tls.Certificate]
	standard int // for names that none covers: the one named "default", else the first
	current  atomic.Pointer[nameIndex]
}

// A nameIndex is certificates by the names that they cover.
type nameIndex struct {
	of     []*tls.Certificate
	byName map[string]*tls.Certificate
}

func (c *certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	index := c.index()
	host := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if cert := index.byName[host]; cert != nil {
		return cert, nil
	}
	if _, parent, ok := strings.Cut(host, "."); ok {
		if cert := index.byName["*."+parent]; cert != nil {
			return cert, nil
		}
	}
	return index.of[c.standard], nil
}

// index returns the certificates as they are now, by names.
func (c *certificates) index() *nameIndex {
	had := c.current.Load()
	if had != nil && slices.EqualFunc(had.of, c.all, func(a *tls.Certificate, b *secret.Value[tls.Certificate]) bool { return a == b.Load() }) {
		return had
	}
	index := &nameIndex{byName: map[string]*tls.Certificate{}}
	for _, v := range c.all {
		index.add(v.Load())
	}
	c.current.Store(index)
	return index
}

func (n *nameIndex) add(cert *tls.Certificate) {
	n.of = append(n.of, cert)
	covered := cert.Leaf.DNSNames
	if len(covered) == 0 && cert.Leaf.Subject.CommonName != "" {
		covered = []string{cert.Leaf.Subject.CommonName}
	}
	for _, host := range covered {
		if host = strings.ToLower(host); n.byName[host] == nil {
			n.byName[host] = cert
		}
	}
}
