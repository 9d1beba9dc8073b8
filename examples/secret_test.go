package examples_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/schema"
)

// secrets are the values of an environment's secret references, "name/key": API keys are random, certificates and
// authorities the test's.
type secrets map[string]string

func newSecrets(t *testing.T, g *schema.Gateway, ca *authority) secrets {
	s := secrets{}
	for _, consumer := range g.Consumers {
		for _, k := range consumer.APIKeys {
			if k.Secret != "" {
				s[k.Secret] = rand.Text()
			}
		}
	}
	for _, l := range g.Listeners {
		if l.TLS == nil {
			continue
		}
		for name, c := range l.TLS.Certificates {
			cert, key := ca.issue(t, c.Secret, covered(g, name)...)
			s[c.Secret+"/tls.crt"], s[c.Secret+"/tls.key"] = string(cert), string(key)
		}
	}
	for _, u := range g.Upstreams {
		if u.TLS != nil && u.TLS.CA != "" {
			s[u.TLS.CA] = string(ca.certificate())
		}
	}
	return s
}

// covered returns the hosts that a listener's certificate is for: those of the APIs whose first label is the
// certificate's name; where there is none, all.
func covered(g *schema.Gateway, certificate string) []string {
	var all, own []string
	for _, api := range g.APIs {
		for _, host := range api.Hosts {
			all = append(all, host)
			if strings.HasPrefix(host, certificate+".") {
				own = append(own, host)
			}
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

// write mounts the secrets as Kubernetes would, and returns the directory.
func (s secrets) write(t *testing.T) string {
	dir := t.TempDir()
	for ref, value := range s {
		file := filepath.Join(dir, filepath.FromSlash(ref))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
