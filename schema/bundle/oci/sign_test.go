package oci_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/sigstore"
)

// TestSignaturesStandSideBySide holds, on registries with and without an API for referrers, that each key has one
// signature however often it signs, in both places, and that what was signed is pulled as before.
func TestSignaturesStandSideBySide(t *testing.T) {
	for title, options := range map[string][]registry.Option{
		"referrers":    {registry.WithReferrersSupport(true)},
		"no referrers": nil,
	} {
		t.Run(title, func(t *testing.T) {
			server := httptest.NewServer(registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...))
			t.Cleanup(server.Close)
			repository := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/gateway"
			digest := push(t, repository+":production", []byte("a bundle"), oci.Options{})
			ref := repository + "@" + digest
			for _, k := range []*key.Private{newKey(t), newKey(t)} {
				for range 2 {
					if err := oci.Sign(t.Context(), ref, k, oci.Options{}); err != nil {
						t.Fatal(err)
					}
				}
				if err := oci.Attest(t.Context(), ref, "https://example.com/test/v1", map[string]int{"a": 1}, k, oci.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			var predicates []string
			for _, r := range referrers(t, ref) {
				m := manifest(t, repository+"@"+r.Digest.String())
				predicates = append(predicates, m.Annotations[sigstore.AnnotationPredicate])
				if m.ArtifactType != sigstore.BundleType || m.Subject.Digest.String() != digest || m.Layers[0].MediaType != sigstore.BundleType {
					t.Errorf("referrer %+v is %+v", r, m)
				}
			}
			slices.Sort(predicates)
			want := "https://example.com/test/v1 https://example.com/test/v1 " + sigstore.SignType + " " + sigstore.SignType
			if got := strings.Join(predicates, " "); got != want {
				t.Errorf("said about it: %s, want %s", got, want)
			}
			layers := manifest(t, repository+":"+strings.Replace(digest, ":", "-", 1)+".sig").Layers
			if len(layers) != 2 || layers[0].Annotations[sigstore.AnnotationSignature] == layers[1].Annotations[sigstore.AnnotationSignature] {
				t.Errorf("under the tag for signatures: %+v", layers)
			}
			if data, _, err := oci.Pull(t.Context(), ref, oci.Options{}); err != nil || string(data) != "a bundle" {
				t.Errorf("pulled %q, %v", data, err)
			}
		})
	}
}

func newKey(t *testing.T) *key.Private {
	t.Helper()
	k, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func referrers(t *testing.T, ref string) []v1.Descriptor {
	t.Helper()
	d, err := name.NewDigest(strings.TrimPrefix(ref, "oci://"))
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return m.Manifests
}

func TestSignRefuses(t *testing.T) {
	host := start(t, nil)
	absent := "oci://" + host + "/team/gateway@sha256:" + strings.Repeat("0", 64)
	for ref, want := range map[string]string{
		"oci://" + host + "/team/gateway:production": `signing "oci://` + host + `/team/gateway:production": a tag may be moved meanwhile: give a digest`,
		absent: `signing "` + absent + `": registry "` + host + `" has no team/gateway@sha256:`,
	} {
		err := oci.Sign(t.Context(), ref, newKey(t), oci.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", ref, err, want)
		}
	}
}

// TestSigningStopsWhereTheRegistryDoes holds that a registry's refusal in the midst of signing is told.
func TestSigningStopsWhereTheRegistryDoes(t *testing.T) {
	var refuse bool
	host := start(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuse && r.Method == http.MethodPut {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	digest := push(t, "oci://"+host+"/team/gateway:production", []byte("a bundle"), oci.Options{})
	refuse = true
	if err := oci.Sign(t.Context(), "oci://"+host+"/team/gateway@"+digest, newKey(t), oci.Options{}); err == nil {
		t.Error("signed")
	}
}

// TestTwoWhoSignAtOnceBothHaveSigned has several keys sign one artifact at the same moment, on a registry where all of them
// read the list of signatures before any of them writes it.
func TestTwoWhoSignAtOnceBothHaveSigned(t *testing.T) {
	for title, options := range map[string][]registry.Option{
		"referrers":    {registry.WithReferrersSupport(true)},
		"no referrers": nil,
	} {
		for _, signers := range []int{2, 5} {
			t.Run(fmt.Sprintf("%s, %d", title, signers), func(t *testing.T) {
				next := registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...)
				gates := map[string]*gate{"/manifests/sha256-": newGate(signers), ".sig": newGate(signers)}
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					next.ServeHTTP(w, r)
					for _, part := range []string{".sig", "/manifests/sha256-"} { // that of signatures, and of referrers
						if r.Method == http.MethodGet && strings.Contains(r.URL.Path, part) {
							gates[part].pass()
							break
						}
					}
				}))
				t.Cleanup(server.Close)
				ref := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/gateway"
				digest := push(t, ref+":test", []byte("a bundle"), oci.Options{})
				var trust bundle.Trust
				failed := make(chan error)
				for range signers {
					k := newKey(t)
					trust.Add(bundle.Trusting(k.Public()))
					go func() { failed <- oci.Sign(t.Context(), ref+"@"+digest, k, oci.Options{}) }()
				}
				for range signers {
					if err := <-failed; err != nil {
						t.Error(err)
					}
				}
				if n := gates[".sig"].waited(); n < signers {
					t.Fatalf("only %d looked at the list: nothing is tested", n)
				}
				claims, err := oci.Claims(t.Context(), ref+"@"+digest, &trust, oci.Options{})
				if err != nil {
					t.Fatal(err)
				}
				by := map[string]int{}
				for _, c := range claims {
					if c.By.Err != nil {
						t.Error(c.By.Err)
					}
					by[c.By.KeyID]++
				}
				for id, n := range by {
					if n != 2 {
						t.Errorf("of key %s there are %d signatures, want one in each form", id, n)
					}
				}
				if len(by) != signers {
					t.Errorf("signed by %d, want %d", len(by), signers)
				}
			})
		}
	}
}

// A gate keeps the first who come until so many have.
type gate struct {
	mu      sync.Mutex
	n, want int
	open    chan struct{}
}

func newGate(n int) *gate { return &gate{want: n, open: make(chan struct{})} }

func (g *gate) pass() {
	g.mu.Lock()
	if g.n++; g.n == g.want {
		close(g.open)
	}
	g.mu.Unlock()
	select {
	case <-g.open:
	case <-time.After(time.Second):
	}
}

func (g *gate) waited() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}

// TestARegistryThatKeepsTheListOfReferrersIsNotAskedForIt has one say so, as the OCI distribution specification wants it, and be
// slow to list what was pushed, or list it on a page further on.
func TestARegistryThatKeepsTheListOfReferrersIsNotAskedForIt(t *testing.T) {
	next := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	puts := 0
	host := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/referrers/"):
				w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
				_, _ = io.WriteString(w, `{"schemaVersion":2,"manifests":[]}`)
				return
			case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256:"):
				puts++
				w.Header().Set("OCI-Subject", "sha256:"+strings.Repeat("0", 64))
			}
			next.ServeHTTP(w, r)
		})
	})
	ref := "oci://" + host + "/gateway@" + push(t, "oci://"+host+"/gateway:test", []byte("a bundle"), oci.Options{})
	if err := oci.Attest(t.Context(), ref, "https://example.com/test/v1", struct{}{}, newKey(t), oci.Options{}); err != nil || puts != 2 {
		t.Errorf("after %d writes: %v", puts, err)
	}
}

// TestSigningEnds holds that a registry which forgets what is written is not written to for ever.
func TestSigningEnds(t *testing.T) {
	next := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	puts := 0
	host := start(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, ".sig") {
				puts++
				w.WriteHeader(http.StatusCreated)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	ref := "oci://" + host + "/gateway@" + push(t, "oci://"+host+"/gateway:test", []byte("a bundle"), oci.Options{})
	err := oci.Sign(t.Context(), ref, newKey(t), oci.Options{})
	want := `signing "` + ref + `": registry "` + host + `": others sign it at the same time, and what each writes takes the place of what was there: sign it again`
	if err == nil || err.Error() != want || puts != 10 {
		t.Errorf("after %d writes: %v\nwant %s", puts, err, want)
	}
}
