package runtime

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"

	"gwc.dev/schema"
)

// buildTLS returns the TLS settings of a listener; nil where it has none. Certificates are read once: when
// the files change, the generation is built again.
func (s *Server) buildTLS(name string, def *schema.ListenerTLS) (*tls.Config, []schema.Problem) {
	if def == nil {
		return nil, nil
	}
	var problems []schema.Problem
	at := schema.NewPath("listeners", name, "tls", "certificates")
	shown := certificates{byName: map[string]*tls.Certificate{}}
	for certName, c := range schema.Sorted(def.Certificates) {
		cert, err := s.certificate(c.Secret)
		if err != nil {
			problems = append(problems, schema.Problem{
				Path: at.Join(certName, "secret"), Code: "certificate", Message: err.Error(),
				Hint: fmt.Sprintf("the directory %s below the secrets directory must hold tls.crt and tls.key", c.Secret),
			})
			continue
		}
		shown.add(certName, cert)
	}
	if len(def.Certificates) == 0 {
		problems = append(problems, schema.Problem{
			Path: at, Code: "certificate", Message: fmt.Sprintf("listener %q has no certificate", name),
		})
	}
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: shown.get,
	}
	if def.MinVersion == "1.3" {
		config.MinVersion = tls.VersionTLS13
	}
	if problem := s.askForCertificates(config, name, def.ClientCertificates); problem != nil {
		problems = append(problems, *problem)
	}
	return config, problems
}

// askForCertificates makes a listener's clients show certificates of an authority (RFC 8446, section 4.3.2).
func (s *Server) askForCertificates(config *tls.Config, name string, def *schema.ClientCertificates) *schema.Problem {
	if def == nil {
		return nil
	}
	problem := schema.Problem{
		Path: schema.NewPath("listeners", name, "tls", "clientCertificates", "ca"), Code: "client-ca",
	}
	pem, err := s.secrets.Resolve(def.CA)
	if err != nil {
		problem.Message = err.Error()
		return &problem
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		problem.Message = fmt.Sprintf("secret %q holds no certificate", def.CA)
		problem.Hint = "it must hold certificates in PEM"
		return &problem
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if def.Optional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return nil
}

func (s *Server) certificate(secret string) (*tls.Certificate, error) {
	chain, err := s.secrets.Resolve(secret + "/tls.crt")
	if err != nil {
		return nil, err
	}
	key, err := s.secrets.Resolve(secret + "/tls.key")
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("certificate %q: %w", secret, err)
	}
	return &cert, nil
}

// certificates are those of one listener by the names that they cover.
type certificates struct {
	byName map[string]*tls.Certificate
	other  *tls.Certificate // for names that none covers: the one named "default", else the first
}

func (c *certificates) add(name string, cert *tls.Certificate) {
	if c.other == nil || name == "default" {
		c.other = cert
	}
	covered := cert.Leaf.DNSNames
	if len(covered) == 0 && cert.Leaf.Subject.CommonName != "" {
		covered = []string{cert.Leaf.Subject.CommonName}
	}
	for _, host := range covered {
		if host = strings.ToLower(host); c.byName[host] == nil {
			c.byName[host] = cert
		}
	}
}

func (c *certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if cert := c.byName[host]; cert != nil {
		return cert, nil
	}
	if _, parent, ok := strings.Cut(host, "."); ok {
		if cert := c.byName["*."+parent]; cert != nil {
			return cert, nil
		}
	}
	return c.other, nil
}
