package source_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"gwc.dev/runtime/source"
	"gwc.dev/schema/bundle/oci"
)

// A depot is a registry that can be out of order and counts what it is asked for.
type depot struct {
	host             string
	down             atomic.Bool
	requests, pulled atomic.Int32
}

func startDepot(t *testing.T) *depot {
	t.Helper()
	d := &depot{}
	h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.requests.Add(1)
		if d.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			d.pulled.Add(1)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	d.host = strings.TrimPrefix(s.URL, "http://")
	return d
}

func (d *depot) push(t *testing.T, text string) string {
	t.Helper()
	digest, err := oci.Push(t.Context(), "oci://"+d.host+"/gateway:production", []byte(text), oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestATagIsPulledWhenItMoves(t *testing.T) {
	d := startDepot(t)
	w := watch(t, "oci://"+d.host+"/gateway:production", quickly)
	w.expectError("has no gateway:production: not found")
	first := d.push(t, "first")
	if u, want := w.expect("first"), "oci://"+d.host+"/gateway@"+first; u.Origin != want {
		t.Errorf("origin %q, want %q", u.Origin, want)
	}
	pulled := d.pulled.Load()
	for before := d.requests.Load(); d.requests.Load() < before+20; {
		time.Sleep(time.Millisecond)
	}
	if d.pulled.Load() != pulled {
		t.Error("a tag that did not move was pulled again")
	}
	d.push(t, "second")
	w.expect("second")
	d.down.Store(true)
	w.expectError("answers 502 Bad Gateway")
	d.down.Store(false)
	d.push(t, "first") // back to what it once was
	w.expect("first")
}

func TestADigestIsPulledOnceAndUntilThenAgain(t *testing.T) {
	d := startDepot(t)
	digest := d.push(t, "pinned")
	d.down.Store(true)
	w := watch(t, "oci://"+d.host+"/gateway@"+digest, quickly)
	w.expectError("answers 502 Bad Gateway")
	d.down.Store(false)
	w.expect("pinned")
	before := d.requests.Load()
	time.Sleep(50 * time.Millisecond)
	if d.requests.Load() != before {
		t.Error("it was asked for again")
	}
}

// TestARegistryIsShownACertificate has a registry take nobody without one, which is put beside the proxy later.
func TestARegistryIsShownACertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	private, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ca, cert, key := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "client.cert"), filepath.Join(dir, "client.key")
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	write(t, ca, text)
	ref := "oci://" + strings.TrimPrefix(s.URL, "https://") + "/gateway:production"

	o := quickly
	o.CAFile = ca
	watch(t, ref, o).expectError("asks for a client certificate")
	o.Registry = source.Registry{CertFile: cert, KeyFile: key}
	w := watch(t, ref, o)
	w.expectError(`reading the client certificate in "` + cert + `": open `)
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	write(t, cert, text)
	if _, err := oci.Push(t.Context(), ref, []byte("first"), oci.Options{Transport: oci.Transport(ca), Client: oci.NewClient(ca, cert, key)}); err != nil {
		t.Fatal(err)
	}
	w.expect("first")
}
