package oci_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/schema/bundle/oci"
)

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

// selfSigned is the certificate of somebody else.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"other.example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}, MinVersion: tls.VersionTLS12}
}

// A door is how a registry asks for credentials, and which token it takes.
type door struct {
	good     atomic.Pointer[string] // the token of whoever may come in
	oauth    int                    // the token service's answer to a grant; 0: it knows grants
	scheme   string                 // "service", "bearer" or "basic"
	logins   atomic.Int32
	requests atomic.Int32
}

const given = "what the token service gives for a good token"

func (d *door) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		good := *d.good.Load()
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("serviceaccount:"+good))
		if r.URL.Path == "/token" {
			d.logins.Add(1)
			if r.Method == http.MethodPost && d.oauth != 0 {
				w.WriteHeader(d.oauth)
				return
			}
			ok := r.Header.Get("Authorization") == basic
			if r.Method == http.MethodPost {
				ok = r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == good && r.FormValue("service") == "registry"
			}
			if !ok {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": given + " " + good})
			return
		}
		d.requests.Add(1)
		challenge, want := map[string][2]string{
			"service": {`Bearer realm="http://` + r.Host + `/token",service="registry"`, "Bearer " + given + " " + good},
			"bearer":  {`Bearer`, "Bearer " + good},
			"basic":   {`Basic realm="registry"`, basic},
		}[d.scheme][0], map[string]string{
			"service": "Bearer " + given + " " + good,
			"bearer":  "Bearer " + good,
			"basic":   basic,
		}[d.scheme]
		if r.Header.Get("Authorization") != want {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestATokenFileOpensRegistriesOfEveryKind(t *testing.T) {
	for name, d := range map[string]*door{
		"token service":                       {scheme: "service"},
		"token service without grants, 404":   {scheme: "service", oauth: 404},
		"token service without grants, 405":   {scheme: "service", oauth: 405},
		"the token itself":                    {scheme: "bearer"},
		"a user and the token for a password": {scheme: "basic"},
	} {
		t.Run(name, func(t *testing.T) {
			dockerConfig(t, `{}`)
			file := filepath.Join(t.TempDir(), "token")
			rotate := func(token string) {
				t.Helper()
				if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				d.good.Store(&token)
			}
			rotate("first")
			host := start(t, d.wrap)
			ref := "oci://" + host + "/g:v1"
			o := oci.Options{TokenFile: file}
			want := push(t, ref, []byte("a bundle"), o)
			r, err := oci.ParseReference(ref)
			if err != nil {
				t.Fatal(err)
			}
			reader := oci.NewReader(r, o)
			look := func(what string) {
				t.Helper()
				if got, err := reader.Digest(t.Context(), "v1"); err != nil || got != want {
					t.Errorf("%s: %s, %v", what, got, err)
				}
			}
			look("at first")
			logins, requests := d.logins.Load(), d.requests.Load()
			look("again")
			if d.logins.Load() != logins || d.requests.Load() != requests+1 {
				t.Errorf("looking again took %d logins and %d requests, want one request", d.logins.Load()-logins, d.requests.Load()-requests)
			}
			rotate("second")
			look("with another token")

			other := "what nobody has"
			d.good.Store(&other)
			_, err = reader.Digest(t.Context(), "v1")
			if err == nil || !strings.Contains(err.Error(), `registry "`+host+`" does not accept the token in "`+file+`" for "g"`) || strings.Contains(err.Error(), "second") {
				t.Errorf("with a token that is not good: %v", err)
			}
		})
	}
}

func TestATokenIsNotGivenToMirrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	var leaked atomic.Bool
	mirror := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" || r.Method != http.MethodGet {
				leaked.Store(true)
			}
			w.Header().Set("WWW-Authenticate", `Bearer`)
			w.WriteHeader(http.StatusUnauthorized)
		})
	})
	dockerConfig(t, `{}`)
	host := start(t, nil)
	push(t, "oci://"+host+"/g:v1", []byte("a bundle"), oci.Options{})
	o := oci.Options{TokenFile: file, Mirrors: mirrors(t, host+"="+mirror)}
	if _, _, err := oci.Pull(t.Context(), "oci://"+host+"/g:v1", o); err != nil || leaked.Load() {
		t.Errorf("leaked %v, %v", leaked.Load(), err)
	}
}

// TestAnIdentityTokenIsForItsTokenServiceAlone has Docker's configuration hold one, as "az acr login" writes it. It is in the body of a
// request, which a redirect would take along.
func TestAnIdentityTokenIsForItsTokenServiceAlone(t *testing.T) {
	const token = "s3cret"
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		leaked.Store(leaked.Load() || strings.Contains(string(body)+fmt.Sprint(r.Header), token))
	}))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) + "/token"
	var redirects atomic.Bool
	d := &door{scheme: "service"}
	good := token
	d.good.Store(&good)
	host := start(t, func(h http.Handler) http.Handler {
		next := d.wrap(h)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if redirects.Load() && r.URL.Path == "/token" {
				http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	dockerConfig(t, `{"auths":{"`+host+`":{"auth":"`+base64.StdEncoding.EncodeToString([]byte("<token>:"))+`","identitytoken":"`+token+`"}}}`)
	ref := "oci://" + host + "/g:v1"
	push(t, ref, []byte("a bundle"), oci.Options{})
	if _, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil {
		t.Error(err)
	}
	redirects.Store(true)
	_, _, err := oci.Pull(t.Context(), ref, oci.Options{})
	want := `pulling "` + ref + `": registry "` + host + `": its token service redirects to another host, which the credentials are not for`
	if leaked.Load() || err == nil || err.Error() != want {
		t.Errorf("leaked %v: %v\nwant %s", leaked.Load(), err, want)
	}
}

func TestATokenFileThatHoldsNone(t *testing.T) {
	host, file := guarded(t), filepath.Join(t.TempDir(), "token")
	for content, want := range map[string]string{"": "no such file", " \n": "holds no token", "two words": "holds no token"} {
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := oci.Digest(t.Context(), "oci://"+host+"/g:v1", oci.Options{TokenFile: file})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
		_ = os.Remove(file)
	}
}

// TestCredentialsThatChangedAreReadAgain holds that a mounted Docker configuration may be replaced under a reader.
func TestCredentialsThatChangedAreReadAgain(t *testing.T) {
	var good atomic.Pointer[string]
	first, second := "ada:first", "ada:second"
	good.Store(&first)
	host := start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user+":"+password != *good.Load() {
				w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	config := func(credentials string) string {
		return `{"auths":{"` + host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte(credentials)) + `"}}}`
	}
	dockerConfig(t, config(first))
	ref := "oci://" + host + "/g:v1"
	push(t, ref, []byte("a bundle"), oci.Options{})
	r, err := oci.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	reader := oci.NewReader(r, oci.Options{})
	if _, err := reader.Digest(t.Context(), "v1"); err != nil {
		t.Fatal(err)
	}
	good.Store(&second)
	if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(config(second)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Digest(t.Context(), "v1"); err != nil {
		t.Errorf("with the new credentials: %v", err)
	}
}
