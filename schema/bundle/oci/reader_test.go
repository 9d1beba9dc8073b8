package oci_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"gwc.dev/schema/bundle/oci"
)

func mirrors(t *testing.T, texts ...string) oci.Mirrors {
	t.Helper()
	m := oci.Mirrors{}
	for _, text := range texts {
		if err := m.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// closable is a registry that can be out of order and counts what it is asked for.
type closable struct {
	host     string
	status   atomic.Int32 // 0: it works
	requests atomic.Int32
}

func startClosable(t *testing.T) *closable {
	t.Helper()
	c := &closable{}
	c.host = start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.requests.Add(1)
			if status := c.status.Load(); status != 0 {
				w.WriteHeader(int(status))
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	return c
}

func TestMirrorsAreReadFirst(t *testing.T) {
	origin, mirror := startClosable(t), startClosable(t)
	ref := "oci://" + origin.host + "/team/g:v1"
	o := oci.Options{Mirrors: mirrors(t, origin.host+"="+mirror.host+"/cache")}
	want := push(t, ref, []byte("the bundle"), o)
	if mirror.requests.Load() != 0 {
		t.Error("a push asked the mirror")
	}
	pull := func(what string) {
		t.Helper()
		if data, digest, err := oci.Pull(t.Context(), ref, o); err != nil || string(data) != "the bundle" || digest != want {
			t.Errorf("%s: pulled %q of %s, %v", what, data, digest, err)
		}
	}
	pull("the mirror has nothing yet")
	push(t, "oci://"+mirror.host+"/cache/team/g:v1", []byte("the bundle"), oci.Options{})
	before := origin.requests.Load()
	pull("the mirror has it")
	if origin.requests.Load() != before {
		t.Error("the registry was asked though its mirror has it")
	}
	mirror.status.Store(500)
	pull("the mirror is down")
	mirror.status.Store(0)
	origin.status.Store(500)
	pull("the registry is down")

	mirror.status.Store(503)
	_, _, err := oci.Pull(t.Context(), ref, o)
	message := fmt.Sprintf(`pulling %q: registry %q answers 500 Internal Server Error for "team/g": try again later; `+
		`mirror: registry %q answers 503 Service Unavailable for "cache/team/g": try again later`, ref, origin.host, mirror.host)
	if err == nil || err.Error() != message {
		t.Errorf("error %v, want %s", err, message)
	}
}

// TestAMirrorCannotGiveAnotherBundle holds that what is pulled by digest is that, whatever a mirror has.
func TestAMirrorCannotGiveAnotherBundle(t *testing.T) {
	origin, mirror := startClosable(t), startClosable(t)
	digest := push(t, "oci://"+origin.host+"/g:v1", []byte("the bundle"), oci.Options{})
	other := push(t, "oci://"+mirror.host+"/g:v1", []byte("another"), oci.Options{})
	lying := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.ReplaceAll(r.URL.Path, digest, other)
			resp, err := http.Get("http://" + mirror.host + r.URL.Path) //nolint:noctx // a test's
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body)
		})
	})
	o := oci.Options{Mirrors: mirrors(t, origin.host+"="+lying)}
	if data, _, err := oci.Pull(t.Context(), "oci://"+origin.host+"/g@"+digest, o); err != nil || string(data) != "the bundle" {
		t.Errorf("pulled %q, %v", data, err)
	}
}

func TestAMirrorThatHangsDoesNotKeepTheRegistryFromBeingAsked(t *testing.T) {
	origin, release := startClosable(t), make(chan struct{})
	hung := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
	})
	t.Cleanup(func() { close(release) })
	ref := "oci://" + origin.host + "/g:v1"
	push(t, ref, []byte("the bundle"), oci.Options{})
	ctx, cancel := contextWithTimeout(t, 2*time.Second)
	defer cancel()
	if data, _, err := oci.Pull(ctx, ref, oci.Options{Mirrors: mirrors(t, origin.host+"="+hung)}); err != nil || string(data) != "the bundle" {
		t.Errorf("pulled %q, %v", data, err)
	}
}

func TestMirrorsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "registry.example.com", "=mirror.example.com", "registry.example.com=", "registry.example.com=mirror",
		"registry.example.com=mirror.example.com,", "registry.example.com=https://mirror.example.com", "registry.example.com=registry.example.com/cache",
		"registry.example.com=mirror.example.com/UPPER",
	} {
		if err := (oci.Mirrors{}).Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestACertificateOfAnOwnCAIsTrustedOnceItIsNamed holds also that the file is read again when it changes.
func TestACertificateOfAnOwnCAIsTrustedOnceItIsNamed(t *testing.T) {
	server := httptest.NewUnstartedServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ref := "oci://" + strings.TrimPrefix(server.URL, "https://") + "/g:v1"
	file := filepath.Join(t.TempDir(), "ca.pem")
	o := oci.Options{Transport: oci.Transport(file)}
	for _, step := range []struct{ content, want string }{
		{"", `reading the certificates to trust in "` + file + `": open ` + file + `: no such file or directory`},
		{"not a certificate", `reading the certificates to trust in "` + file + `": it holds no certificate in PEM`},
		{pemOf(another(t)), `has a certificate that is not trusted: x509: certificate signed by unknown authority: name the file of its CA with --registry-ca (gwproxy: --source-ca)`},
		{pemOf(server), ""},
		{"half writ", ""},
	} {
		if step.content != "" {
			if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := oci.Push(t.Context(), ref, []byte("a bundle"), o)
		if step.want == "" && err != nil || step.want != "" && (err == nil || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("with %.20q: error %v, want %q", step.content, err, step.want)
		}
	}
}

func another(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = selfSigned(t)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func pemOf(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// breaking cuts the downloads of blobs after some bytes, as often as cuts says.
func breaking(t *testing.T, cuts *atomic.Int32, ranges bool) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
				h.ServeHTTP(w, r)
				return
			}
			if !ranges {
				r.Header.Del("Range")
			}
			recorder := httptest.NewRecorder()
			whole := r.Clone(r.Context())
			whole.Header.Del("Range")
			h.ServeHTTP(recorder, whole)
			body, status, from := recorder.Body.Bytes(), recorder.Code, 0
			if text := r.Header.Get("Range"); text != "" {
				if _, err := fmt.Sscanf(text, "bytes=%d-", &from); err != nil {
					t.Error(err)
				}
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
				status = http.StatusPartialContent
			}
			body = body[from:]
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			if cuts.Add(-1) >= 0 {
				_, _ = w.Write(body[:len(body)/2])
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(body)
		})
	}
}

// stored sends who asks for a blob to a store, whose paths say nothing of blobs.
func stored(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/store":
			r.URL.Path = r.URL.Query().Get("key")
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/"):
			http.Redirect(w, r, "/store?key="+url.QueryEscape(r.URL.Path), http.StatusTemporaryRedirect)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// TestALargeBundleComesFromAStore holds that the bound of manifests and lists is none of a blob that is redirected.
func TestALargeBundleComesFromAStore(t *testing.T) {
	data := make([]byte, 16<<20+1)
	ref := "oci://" + start(t, stored) + "/g:v1"
	push(t, ref, data, oci.Options{})
	if got, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil || !bytes.Equal(got, data) {
		t.Errorf("pulled %d bytes of %d, %v", len(got), len(data), err)
	}
}

func TestADownloadThatBreaksOffIsGoneOnWith(t *testing.T) {
	data := []byte(strings.Repeat("a bundle ", 10000))
	for _, tt := range []struct {
		name   string
		cuts   int32
		ranges bool
		store  bool
		ok     bool
	}{
		{"once", 1, true, false, true},
		{"as often as is tried", 3, true, false, true},
		{"too often", 4, true, false, false},
		{"where the rest cannot be had alone", 1, false, false, false},
		{"from a store", 3, true, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cuts := &atomic.Int32{}
			wrap := breaking(t, cuts, tt.ranges)
			host := start(t, func(h http.Handler) http.Handler {
				if tt.store {
					return stored(wrap(h))
				}
				return wrap(h)
			})
			ref := "oci://" + host + "/g:v1"
			push(t, ref, data, oci.Options{})
			cuts.Store(tt.cuts)
			got, _, err := oci.Pull(t.Context(), ref, oci.Options{})
			if tt.ok != (err == nil && string(got) == string(data)) {
				t.Errorf("pulled %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestWhatIsBusyIsTriedAgainWithinBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header string
		busy   int32
		tries  int
		ok     bool
	}{
		{"busy for a moment", 503, "", 1, 1, true},
		{"limited for a moment", 429, "Retry-After: 1", 1, 1, true},
		{"limited for longer than anybody waits", 429, "Retry-After: 3600", 1, 0, false},
		{"out of order", 500, "", 1, 0, false},
		{"not allowed", 403, "", 1, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var busy atomic.Int32
			host := start(t, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPut && busy.Add(-1) >= 0 {
						if name, value, ok := strings.Cut(tt.header, ": "); ok {
							w.Header().Set(name, value)
						}
						w.WriteHeader(tt.status)
						return
					}
					h.ServeHTTP(w, r)
				})
			})
			busy.Store(tt.busy)
			var mu sync.Mutex
			var told []string
			_, err := oci.Push(t.Context(), "oci://"+host+"/g:v1", []byte("a bundle"), oci.Options{Retry: func(err error, _ time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, err.Error())
			}})
			if tt.ok != (err == nil) || len(told) != tt.tries {
				t.Errorf("error %v, told of %q", err, told)
			}
		})
	}
}
