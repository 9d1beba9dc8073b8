package oci_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"gwc.dev/schema/bundle/oci"
)

// clientPEM returns a certificate that says who a client is, and its key.
func clientPEM(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, data []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", private)
}

// startClosed runs a registry that takes a connection only from who has a certificate, and counts who has shown any.
func startClosed(t *testing.T, clients string, auth tls.ClientAuthType, version uint16) (server *httptest.Server, shown *atomic.Int32) {
	t.Helper()
	shown = &atomic.Int32{}
	next := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown.Add(int32(len(r.TLS.PeerCertificates)))
		next.ServeHTTP(w, r)
	}))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(clients))
	server.TLS = &tls.Config{ClientAuth: auth, ClientCAs: pool, MaxVersion: version} //nolint:gosec // a test's
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, shown
}

func writeFiles(t *testing.T, texts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestARegistryThatAsksForACertificateIsShownIt(t *testing.T) {
	certificate, key := clientPEM(t, "ci")
	strange, strangeKey := clientPEM(t, "stranger")
	for title, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(title, func(t *testing.T) {
			server, _ := startClosed(t, certificate, tls.RequireAndVerifyClientCert, version)
			host := strings.TrimPrefix(server.URL, "https://")
			dir := writeFiles(t, map[string]string{
				"ca": pemOf(server), "client.cert": certificate, "client.key": key,
				"stranger.cert": strange, "stranger.key": strangeKey, "page": "<html>",
			})
			in := func(name string) string { return filepath.Join(dir, name) }
			push := func(client *oci.Client) error {
				_, err := oci.Push(t.Context(), "oci://"+host+"/g:v1", []byte("a bundle"), oci.Options{Transport: oci.Transport(in("ca")), Client: client})
				return err
			}
			for name, tt := range map[string]struct {
				client *oci.Client
				want   string
			}{
				"it":          {oci.NewClient(in("ca"), in("client.cert"), in("client.key")), ""},
				"none":        {nil, `registry "HOST" asks for a client certificate (tls: `},
				"a stranger":  {oci.NewClient(in("ca"), in("stranger.cert"), in("stranger.key")), `registry "HOST" does not take the client certificate in "` + in("stranger.cert") + `": tls: `},
				"another key": {oci.NewClient(in("ca"), in("client.cert"), in("stranger.key")), `reading the client certificate in "` + in("client.cert") + `" with its key in "` + in("stranger.key") + `": tls: private key does not match public key`},
				"a page":      {oci.NewClient(in("ca"), in("page"), in("client.key")), `reading the client certificate in "` + in("page") + `" with its key in "` + in("client.key") + `": tls: failed to find any PEM data in certificate input`},
				"no file":     {oci.NewClient(in("ca"), in("none"), in("client.key")), `reading the client certificate in "` + in("none") + `": open ` + in("none") + `: no such file or directory`},
				"no key":      {oci.NewClient(in("ca"), in("client.cert"), in("none")), `reading the client certificate's key in "` + in("none") + `": open ` + in("none") + `: no such file or directory`},
				"no CA":       {oci.NewClient("", in("client.cert"), in("client.key")), `has a certificate that is not trusted: x509: certificate signed by unknown authority`},
			} {
				err := push(tt.client)
				if want := strings.ReplaceAll(tt.want, "HOST", host); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v\nwant %s", name, err, want)
				}
			}
		})
	}
}

// TestAProxyThatAsksForACertificateByHTTPIsUnderstood has what stands before a registry refuse requests and not connections.
func TestAProxyThatAsksForACertificateByHTTPIsUnderstood(t *testing.T) {
	host := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "<html><head><title>400 No required SSL certificate was sent</title></head></html>")
		})
	})
	certificate, key := clientPEM(t, "ci")
	dir := writeFiles(t, map[string]string{"client.cert": certificate, "client.key": key})
	file := filepath.Join(dir, "client.cert")
	for want, client := range map[string]*oci.Client{
		`registry "` + host + `" asks for a client certificate (400 Bad Request): name it with --registry-cert and --registry-key`: nil,
		`registry "` + host + `" does not take the client certificate in "` + file + `": 400 Bad Request`:                          oci.NewClient("", file, filepath.Join(dir, "client.key")),
	} {
		ref := "oci://" + host + "/g:v1"
		if _, err := oci.Digest(t.Context(), ref, oci.Options{Client: client}); err == nil || err.Error() != `looking up "`+ref+`": `+want {
			t.Errorf("error %v\nwant %s", err, want)
		}
	}
}

// TestAClientCertificateIsReplaced holds that files are read again, and that one which is half written changes nothing.
func TestAClientCertificateIsReplaced(t *testing.T) {
	certificate, key := clientPEM(t, "new")
	old, oldKey := clientPEM(t, "old")
	server, _ := startClosed(t, certificate, tls.RequireAndVerifyClientCert, tls.VersionTLS13)
	ref := "oci://" + strings.TrimPrefix(server.URL, "https://") + "/g:v1"
	dir := writeFiles(t, map[string]string{"ca": pemOf(server), "client.cert": old, "client.key": oldKey})
	in := func(name string) string { return filepath.Join(dir, name) }
	o := oci.Options{Client: oci.NewClient(in("ca"), in("client.cert"), in("client.key"))}
	for _, step := range []struct {
		file, text string
		good       bool
	}{
		{"client.cert", old, false}, {"client.cert", certificate, false}, {"client.key", key, true}, {"client.key", key[:20], true},
	} {
		if err := os.WriteFile(in(step.file), []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := oci.Push(t.Context(), ref, []byte("a bundle"), o); (err == nil) != step.good {
			t.Errorf("with %.40q in %s: %v", step.text, step.file, err)
		}
	}
}

// TestACertificateIsShownToNobodyElse has a mirror and a place to which a registry redirects ask for one.
func TestACertificateIsShownToNobodyElse(t *testing.T) {
	certificate, key := clientPEM(t, "ci")
	other, otherShown := startClosed(t, certificate, tls.RequestClientCert, tls.VersionTLS13)
	server, shown := startClosed(t, certificate, tls.RequestClientCert, tls.VersionTLS13)
	next := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
	host, otherHost := strings.TrimPrefix(server.URL, "https://"), strings.TrimPrefix(other.URL, "https://")
	dir := writeFiles(t, map[string]string{"ca": pemOf(server) + pemOf(other), "client.cert": certificate, "client.key": key})
	in := func(name string) string { return filepath.Join(dir, name) }
	o := oci.Options{Transport: oci.Transport(in("ca")), Client: oci.NewClient(in("ca"), in("client.cert"), in("client.key"))}
	push(t, "oci://"+host+"/g:v1", []byte("a bundle"), o)
	push(t, "oci://"+otherHost+"/g:v2", []byte("a bundle"), oci.Options{Transport: o.Transport})
	o.Mirrors = mirrors(t, host+"="+otherHost+"/cache")
	if data, _, err := oci.Pull(t.Context(), "oci://"+host+"/g:v1", o); err != nil || string(data) != "a bundle" {
		t.Errorf("pulled %q, %v", data, err)
	}
	if shown.Load() == 0 || otherShown.Load() != 0 {
		t.Errorf("the registry saw %d certificates, another %d", shown.Load(), otherShown.Load())
	}
}
