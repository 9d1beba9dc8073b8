package testscripts_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/compiler/behaviour/sample"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
)

var (
	replays    = flag.Int("replays", 3, "how many random pairs of gateways are replayed on running proxies")
	replaySeed = flag.Uint64("replayseed", 1, "what their randomness begins with")
)

// Every example of a behavioural change is answered as claimed by two running proxies, of whatever gateways: some of their
// backends answer, with fields that gateways have a say in.
func TestExamplesReplayOnRunningProxies(t *testing.T) {
	repo := t.TempDir()
	command(t, repo, "gwc", "init", "gateway")
	dir := filepath.Join(repo, "gateway")
	if err := os.RemoveAll(filepath.Join(dir, "environments", "gateway.cue")); err != nil {
		t.Fatal(err)
	}
	secrets, keys := writeSecrets(t, dir)
	backend := startBackend(t)
	for n := range uint64(*replays) {
		t.Run(fmt.Sprint(*replaySeed+n), func(t *testing.T) {
			r := random.New(random.NewPCG(*replaySeed+n, 11))
			old := servable(sample.Gateway(r), backend, keys)
			new := servable(sample.Edited(r, old), backend, keys)
			base := writeBundle(t, old)
			source := fmt.Sprintf("package gateway\n\nimport gw \"gwc.dev/schema/v1\"\n\ngw.#Gateway\n\n%s", encoded(t, new))
			if err := os.WriteFile(filepath.Join(dir, "environments", "dev", "gateway.cue"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			net := fmt.Sprintf("127.%d.%d", 10+os.Getpid()%200, n%250)
			proxy(t, old, base, secrets, net+".1")
			proxy(t, new, writeBundle(t, new), secrets, net+".2")
			key := filepath.Join(secrets, "tls", "tls.key")
			args := []string{"diff", "environments/dev", "--base", base, "--format", "json", "--replay", net + ".1," + net + ".2",
				"--client-cert", filepath.Join(secrets, "tls", "tls.crt"), "--client-key", key, "--secrets-dir", secrets}
			said := command(t, dir, "gwc", append(args, signingKeys(key, old, new)...)...)
			if !strings.Contains(said, " 0 answers not as claimed") || strings.Contains(said, "at listener") {
				t.Error(said)
			}
			t.Log(strings.TrimSpace(said))
			// What the answers have shown is not as claimed where each proxy is taken for the other.
			args[slices.Index(args, net+".1,"+net+".2")] = net + ".2," + net + ".1"
			swapped, _ := attempt(dir, "gwc", append(args, signingKeys(key, old, new)...)...)
			if strings.Contains(said, "shown by the answers") && strings.Contains(swapped, " 0 answers not as claimed") && !strings.Contains(swapped, "429") {
				t.Errorf("the other way round: %s", swapped)
			}
		})
	}
}

// command runs a command and returns what it says on stderr.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	said, err := attempt(dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return said
}

// attempt is command where the exit status may be another one.
func attempt(dir, name string, args ...string) (said string, err error) {
	cmd := exec.Command(filepath.Join(bin, name), args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	err = cmd.Run()
	return stderr.String(), err
}

// startBackend starts a backend that answers with fields of its own, and returns its port.
func startBackend(t *testing.T) int {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Server": "backend", "X-A": "backend", "Vary": "Accept", "Access-Control-Allow-Origin": "https://backend.test",
			"Access-Control-Expose-Headers": "X-A", "Ratelimit-Policy": "backend", "Gwproxy-Route": "backend/backend",
		} {
			w.Header().Set(name, value)
		}
		fmt.Fprintf(w, "%s %s", r.Method, r.URL)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// servable returns a gateway whose endpoints are on this machine: the backend, or where nobody answers. Consumers' keys are in
// files, and issuers have the keys of a set.
func servable(g *schema.Gateway, backend int, keys string) *schema.Gateway {
	g = sample.Copy(g)
	g.Environment = "dev"
	for name, u := range g.Upstreams {
		for e, endpoint := range u.Endpoints {
			switch {
			case endpoint.Host == "127.0.0.1":
			case endpoint.Port == 80:
				endpoint.Port = backend
			default:
				endpoint.Port = len(endpoint.Host)%2 + 1
			}
			endpoint.Host = "127.0.0.1"
			u.Endpoints[e] = endpoint
		}
		g.Upstreams[name] = u
	}
	for name, c := range g.Consumers {
		for k, key := range c.APIKeys {
			if key.SHA256 == "" { // it was made servable before
				continue
			}
			c.APIKeys[k] = schema.APIKey{Secret: "keys/" + key.SHA256}
		}
		g.Consumers[name] = c
	}
	trust := func(f schema.Filters) {
		if f.Auth != nil && f.Auth.JWT != nil {
			f.Auth.JWT.JWKS = schema.JWKS{Inline: schema.JSON(keys)}
		}
	}
	trust(g.Filters)
	for _, api := range g.APIs {
		trust(api.Filters)
		for _, r := range api.Routes {
			trust(r.Filters)
		}
	}
	return g
}

// signingKeys returns the flags that say with which key tokens are made.
func signingKeys(file string, models ...*schema.Gateway) (flags []string) {
	var issuers []string
	for _, g := range models {
		for _, api := range g.Resolve().APIs {
			for _, r := range api.Routes {
				if r.Auth != nil && r.Auth.JWT != nil && !slices.Contains(issuers, r.Auth.JWT.Issuer) {
					issuers = append(issuers, r.Auth.JWT.Issuer)
					flags = append(flags, "--signing-key", r.Auth.JWT.Issuer+"="+file)
				}
			}
		}
	}
	return flags
}

func encoded(t *testing.T, g *schema.Gateway) []byte {
	t.Helper()
	data, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeBundle(t *testing.T, g *schema.Gateway) string {
	t.Helper()
	data, err := bundle.Seal(bundle.Contents{Environment: "dev", Serial: 1, Gateway: g.Resolve()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "gateway.bundle")
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// writeSecrets writes the certificates and keys that random gateways name, and returns their directory, and
// the set with the public key.
func writeSecrets(t *testing.T, dir string) (secrets, keys string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"a.test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one"}}})
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(set, &plain); err != nil {
		t.Fatal(err)
	}
	if set, err = json.Marshal(plain); err != nil { // names in order, as bundles have them
		t.Fatal(err)
	}
	secrets = filepath.Join(dir, "secrets")
	for name, block := range map[string]*pem.Block{
		"tls/tls.crt": {Type: "CERTIFICATE", Bytes: cert}, "tls/tls.key": {Type: "PRIVATE KEY", Bytes: private}, "ca/ca.crt": {Type: "CERTIFICATE", Bytes: cert},
	} {
		write(t, filepath.Join(secrets, name), pem.EncodeToMemory(block))
	}
	for n := range 120 { // the consumers' keys
		write(t, filepath.Join(secrets, "keys", fmt.Sprintf("%064d", n)), fmt.Appendf(nil, "key %d", n))
	}
	return secrets, string(set)
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// proxy serves a bundle at an address, each listener at its own port, until the test ends.
func proxy(t *testing.T, g *schema.Gateway, file, secrets, address string) {
	t.Helper()
	admin := net.JoinHostPort(address, "9901")
	args := []string{
		"--source", "file:" + file, "--insecure-skip-verify", "--secrets-dir", secrets, "--admin", admin, "--access-log", "off", "--reveal-route",
	}
	for name, l := range g.Listeners {
		args = append(args, "--listen", fmt.Sprintf("%s=%s:%d", name, address, l.Port))
	}
	cmd := exec.Command(filepath.Join(bin, "gwproxy"), args...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
	for range 600 {
		if answer, err := http.Get("http://" + admin + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the proxy at %s is not ready:\n%s", address, log.String())
}
