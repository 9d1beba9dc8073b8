package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// TestARegistryIsShownACertificate pushes to and pulls from a registry that takes nobody without one.
func TestARegistryIsShownACertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	var out, said bytes.Buffer
	a := &app{out: &out, err: &said, now: time.Now, getenv: func(name string) (string, bool) { return "", name == "GWC_PASSWORD" }}
	gwc := func(want int, args ...string) string {
		t.Helper()
		out.Reset()
		said.Reset()
		if status := a.run(t.Context(), args); status != want {
			t.Fatalf("gwc %q: status %d\n%s%s", args, status, &out, &said)
		}
		return said.String()
	}
	gwc(0, "init", in("repository"))
	gwc(0, "keygen", "-o", in("gwc"))
	gwc(0, "build", filepath.Join(in("repository"), "environments", "production"), "--key", in("gwc.key"), "--serial", "1", "-o", in("bundle"))
	private, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt": {Type: "CERTIFICATE", Bytes: s.Certificate().Raw}, "client.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(in(name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	repository := "oci://" + strings.TrimPrefix(s.URL, "https://") + "/gateway"
	push := []string{"push", in("bundle"), repository, "--key", in("gwc.key"), "--registry-ca", in("ca.crt")}
	if text := gwc(2, push...); !strings.Contains(text, "asks for a client certificate (") || !strings.Contains(text, "name it with --registry-cert and --registry-key") {
		t.Errorf("without one it says %s", text)
	}
	shown := []string{"--registry-ca", in("ca.crt"), "--registry-cert", in("ca.crt"), "--registry-key", in("client.key")}
	gwc(0, append(push[:5:5], shown...)...)
	gwc(0, append([]string{"verify", repository + ":production", "--key", in("gwc.pub")}, shown...)...)
	gwc(0, append([]string{"pull", repository + ":production", "-o", in("pulled")}, shown...)...)
	want, err := os.ReadFile(in("bundle"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(in("pulled")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("pulled %d bytes, %v", len(got), err)
	}
}
