package oci_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// start runs a registry and returns its host.
func start(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func push(t *testing.T, ref string, data []byte, o oci.Options) string {
	t.Helper()
	digest, err := oci.Push(t.Context(), ref, data, o)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func manifest(t *testing.T, ref string) *v1.Manifest {
	t.Helper()
	r, err := name.ParseReference(strings.TrimPrefix(ref, "oci://"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsPushedIsPulled(t *testing.T) {
	ref := "oci://" + start(t, nil) + "/team/gateway:production"
	data := []byte("a bundle's bytes, whatever they are")
	pushed := push(t, ref, data, oci.Options{})
	looked, err := oci.Digest(t.Context(), ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, pulled, err := oci.Pull(t.Context(), ref, oci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("pulled %q", got)
	}
	if diff := cmp.Diff([]string{pushed, pushed}, []string{looked, pulled}); diff != "" {
		t.Errorf("digests (-want +got):\n%s", diff)
	}
	r, err := oci.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := oci.Pull(t.Context(), r.WithDigest(pushed).String(), oci.Options{}); err != nil || !bytes.Equal(got, data) {
		t.Errorf("by digest: %q, %v", got, err)
	}
}

func TestTheArtifactIsReproducible(t *testing.T) {
	host := start(t, nil)
	o := oci.Options{Annotations: map[string]string{oci.AnnotationRevision: "abc", oci.AnnotationSource: "https://example.com/repo"}}
	one := push(t, "oci://"+host+"/one:a", []byte("data"), o)
	two := push(t, "oci://"+host+"/two:b", []byte("data"), o)
	if one != two {
		t.Errorf("the same bundle has the digests %s and %s", one, two)
	}
	m := manifest(t, "oci://"+host+"/one:a")
	if diff := cmp.Diff(o.Annotations, m.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if m.Config.MediaType != oci.ConfigType || len(m.Layers) != 1 || m.Layers[0].MediaType != bundle.MediaType {
		t.Errorf("manifest %+v", m)
	}
}

func TestManifestsForFluxStandBesideTheBundle(t *testing.T) {
	ref := "oci://" + start(t, nil) + "/gateway:production"
	push(t, ref, []byte("the bundle"), oci.Options{Content: []byte("the manifests")})
	m := manifest(t, ref)
	if len(m.Layers) != 2 || m.Layers[1].MediaType != oci.FluxType {
		t.Fatalf("layers %+v", m.Layers)
	}
	if got, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil || string(got) != "the bundle" {
		t.Errorf("pulled %q, %v", got, err)
	}
}

func TestReferencesAreGivenInFull(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, ref := range []string{
		"oci://registry.example.com/gateway:production",
		"oci://localhost:5000/team/gateway:v1",
		"oci://[::1]:5000/gateway:v1",
		"oci://registry.example.com/gateway@" + digest,
	} {
		r, err := oci.ParseReference(ref)
		if err != nil {
			t.Error(err)
		} else if r.String() != ref || (r.Digest() != "") != strings.Contains(ref, "@") {
			t.Errorf("%s was read as %s", ref, r)
		}
	}
	for ref, want := range map[string]string{
		"":                                      "does not begin with oci://",
		"registry.example.com/gateway:v1":       "does not begin with oci://",
		"docker://registry.example.com/g:v1":    "does not begin with oci://",
		"oci://registry.example.com":            "give a registry and a repository",
		"oci:///gateway:v1":                     "give a registry and a repository",
		"oci://gateway/production:v1":           `"gateway" is not the name of a registry`,
		"oci://registry.example.com/gateway":    "neither a tag nor a digest",
		"oci://registry.example.com/Gateway:v1": "lower-case letters",
		"oci://registry.example.com/g@sha256:0": "64 hexadecimal digits",
		"oci://registry.example.com/g:v 1":      ":TAG",
	} {
		_, err := oci.ParseReference(ref)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", ref, err, want)
		}
	}
	if _, err := oci.Push(t.Context(), "oci://registry.example.com/g@"+digest, nil, oci.Options{}); err == nil || !strings.Contains(err.Error(), "give a tag") {
		t.Errorf("pushing to a digest: %v", err)
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("oci://registry.example.com/gateway:production")
	f.Add("oci://[::1]:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	f.Add("oci://docker.io/gateway:v1")
	f.Fuzz(func(t *testing.T, ref string) {
		r, err := oci.ParseReference(ref)
		if err != nil {
			return
		}
		again, err := oci.ParseReference(r.String())
		if err != nil || again != r {
			t.Errorf("%q is %q, and that is %q (%v)", ref, r, again, err)
		}
		if (r.Tag() == "") == (r.Digest() == "") {
			t.Errorf("%q has tag %q and digest %q", ref, r.Tag(), r.Digest())
		}
	})
}

func TestOnlyBundlesArePulled(t *testing.T) {
	host := start(t, nil)
	image := func(tag string, layers ...v1.Layer) {
		img, err := mutate.AppendLayers(empty.Image, layers...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := name.ParseReference(host + "/g:" + tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(r, img); err != nil {
			t.Fatal(err)
		}
	}
	image("image", static.NewLayer([]byte("x"), "application/vnd.oci.image.layer.v1.tar+gzip"))
	image("two", static.NewLayer([]byte("x"), bundle.MediaType), static.NewLayer([]byte("y"), bundle.MediaType))
	r, err := name.ParseReference(host + "/g:index")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(r, empty.Index); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"image": "has 0 layers of type", "two": "has 2 layers of type", "index": "is an index"} {
		_, _, err := oci.Pull(t.Context(), "oci://"+host+"/g:"+tag, oci.Options{})
		if !errors.Is(err, oci.ErrNotBundle) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one with %q", tag, err, want)
		}
	}
}

func TestABundleTooLargeIsNotRead(t *testing.T) {
	var blobs atomic.Int32
	ref := "oci://" + start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
				blobs.Add(1)
			}
			h.ServeHTTP(w, r)
		})
	}) + "/g:v1"
	push(t, ref, make([]byte, 100), oci.Options{})
	before := blobs.Load()
	if _, _, err := oci.Pull(t.Context(), ref, oci.Options{MaxSize: 99}); err == nil || !strings.Contains(err.Error(), "100 bytes") {
		t.Errorf("error %v", err)
	}
	if blobs.Load() != before {
		t.Error("the blob was read all the same")
	}
}

func TestABlobThatIsAnotherIsRefused(t *testing.T) {
	for name, forged := range map[string]string{"same length": "another bundle", "longer": "another bundle and much more", "shorter": "short"} {
		t.Run(name, func(t *testing.T) {
			ref := "oci://" + start(t, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/sha256:") {
						_, _ = io.WriteString(w, forged)
						return
					}
					h.ServeHTTP(w, r)
				})
			}) + "/g:v1"
			push(t, ref, []byte("the one bundle"), oci.Options{})
			if data, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err == nil {
				t.Errorf("pulled %q", data)
			}
		})
	}
}

// answering returns a registry that answers everything with one status.
func answering(t *testing.T, status int, header ...string) string {
	t.Helper()
	return start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		})
	})
}

func TestWhatIsNoAnswerIsExplained(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	plain := start(t, nil)
	tests := map[string]struct {
		host string
		o    oci.Options
		want string
	}{
		"unreachable":   {host: gone.Addr().String(), want: "cannot be reached"},
		"no such tag":   {host: start(t, nil), want: "has no g:v1: not found"},
		"does not know": {host: "registry.example.com", o: oci.Options{Transport: dialing(plain)}, want: "give --plain-http"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ref := "oci://" + tt.host + "/g:v1"
			_, _, pull := oci.Pull(t.Context(), ref, tt.o)
			_, head := oci.Digest(t.Context(), ref, tt.o)
			for _, err := range []error{pull, head} {
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.host) {
					t.Errorf("error %v, want one that names %s with %q", err, tt.host, tt.want)
				}
			}
		})
	}
}

func TestARegistryWithoutDigestsInHEADIsReadWithGET(t *testing.T) {
	var pushed atomic.Bool
	ref := "oci://" + start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if pushed.Load() && r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			h.ServeHTTP(w, r)
		})
	}) + "/g:v1"
	want := push(t, ref, []byte("data"), oci.Options{})
	pushed.Store(true)
	if got, err := oci.Digest(t.Context(), ref, oci.Options{}); err != nil || got != want {
		t.Errorf("digest %s, %v; want %s", got, err, want)
	}
}

func TestRateLimitsCarryTheWait(t *testing.T) {
	_, err := oci.Digest(t.Context(), "oci://"+answering(t, 429, "Retry-After", "7")+"/g:v1", oci.Options{})
	var limited *oci.Unavailable
	if !errors.As(err, &limited) || limited.Wait() != 7*time.Second {
		t.Errorf("error %v", err)
	}
}

// dialing returns a transport that reaches host whatever it is asked for.
func dialing(host string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, host)
	}}
}

func TestPlainHTTPHasToBeAllowed(t *testing.T) {
	o := oci.Options{Transport: dialing(start(t, nil))}
	for _, host := range []string{"registry.example.com", "10.1.2.3:5000", "registry.local"} {
		ref := "oci://" + host + "/g:v1"
		o.PlainHTTP = false
		if _, err := oci.Push(t.Context(), ref, []byte("x"), o); err == nil || !strings.Contains(err.Error(), "--plain-http") {
			t.Errorf("%s without --plain-http: %v", host, err)
		}
		o.PlainHTTP = true
		if _, err := oci.Push(t.Context(), ref, []byte("x"), o); err != nil {
			t.Errorf("%s with --plain-http: %v", host, err)
		}
	}
}

func TestTheContextEndsAnything(t *testing.T) {
	release := make(chan struct{})
	host := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
	})
	t.Cleanup(func() { close(release) })
	ref := "oci://" + host + "/g:v1"
	for name, operation := range map[string]func(context.Context) error{
		"push":   func(ctx context.Context) error { _, err := oci.Push(ctx, ref, nil, oci.Options{}); return err },
		"pull":   func(ctx context.Context) error { _, _, err := oci.Pull(ctx, ref, oci.Options{}); return err },
		"digest": func(ctx context.Context) error { _, err := oci.Digest(ctx, ref, oci.Options{}); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := operation(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}
