package oci_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/sigstore"
)

// A desk is a signed artifact in a registry, about which others may say something too.
type desk struct {
	t           *testing.T
	ref, digest string
	repository  name.Repository
	subject     v1.Descriptor
	key         *key.Private
	list        []v1.Descriptor // more that the registry lists as about the artifact
	page        func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor
}

func startDesk(t *testing.T, sign bool) *desk {
	t.Helper()
	d := &desk{t: t, key: newKey(t)}
	next := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/referrers/") {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var index v1.IndexManifest
		_ = json.Unmarshal(answer.Body.Bytes(), &index)
		index.Manifests = append(append([]v1.Descriptor{}, d.list...), index.Manifests...)
		if d.page != nil {
			index.Manifests = d.page(w, r, index.Manifests)
		}
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		_ = json.NewEncoder(w).Encode(index)
	}))
	t.Cleanup(server.Close)
	repository := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/gateway"
	d.digest = push(t, repository+":test", []byte("a bundle"), oci.Options{})
	d.ref = repository + "@" + d.digest
	parsed, err := name.NewDigest(strings.TrimPrefix(d.ref, "oci://"))
	if err != nil {
		t.Fatal(err)
	}
	d.repository = parsed.Context()
	found, err := remote.Get(parsed)
	if err != nil {
		t.Fatal(err)
	}
	d.subject = v1.Descriptor{MediaType: found.MediaType, Size: found.Size, Digest: found.Digest}
	if sign {
		if err := oci.Sign(t.Context(), d.ref, d.key, oci.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// put stores a manifest, whatever it is, and returns what the registry lists of it.
func (d *desk) put(manifest string, blobs ...string) v1.Descriptor {
	d.t.Helper()
	for _, b := range blobs {
		if err := remote.WriteLayer(d.repository, static.NewLayer([]byte(b), "x/y")); err != nil {
			d.t.Fatal(err)
		}
	}
	sum := bundle.Digest([]byte(manifest))
	var is struct{ MediaType types.MediaType }
	if err := json.Unmarshal([]byte(manifest), &is); err != nil {
		d.t.Fatal(err)
	}
	if err := remote.Put(d.repository.Digest(sum), taggable{[]byte(manifest), is.MediaType}); err != nil {
		d.t.Fatal(err)
	}
	hash, err := v1.NewHash(sum)
	if err != nil {
		d.t.Fatal(err)
	}
	return v1.Descriptor{MediaType: is.MediaType, Size: int64(len(manifest)), Digest: hash, ArtifactType: sigstore.BundleType}
}

type taggable struct {
	data []byte
	kind types.MediaType
}

func (m taggable) RawManifest() ([]byte, error)        { return m.data, nil }
func (m taggable) MediaType() (types.MediaType, error) { return m.kind, nil }

// manifestOf names layers, each in JSON.
func manifestOf(layers ...string) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s]}`,
		types.OCIManifestSchema1, layer("application/vnd.oci.empty.v1+json", "{}", ""), strings.Join(layers, ","))
}

func layer(mediaType, data, more string) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d%s}`, mediaType, bundle.Digest([]byte(data)), len(data), more)
}

// lists has the registry list a referrer.
func (d *desk) lists(r v1.Descriptor) { d.list = append(d.list, r) }

func (d *desk) statement(predicateType string, by *key.Private) string {
	d.t.Helper()
	s, err := sigstore.Statement(d.digest, predicateType, struct{}{})
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := sigstore.Bundle(s, by)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(out)
}

// TestWhatIsHostileKeepsNobodyFromWhatIsGood has somebody who may push put things beside a signature. Each is a claim that is
// not believed, with its reason; the signature counts as before; and without it nothing does.
func TestWhatIsHostileKeepsNobodyFromWhatIsGood(t *testing.T) {
	const page = "<html>"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("somebody was sent elsewhere")
	}))
	t.Cleanup(elsewhere.Close)
	tests := map[string]struct {
		say  func(d *desk)
		want string // of the one claim more
	}{
		"a referrer that is not there": {func(d *desk) {
			d.lists(v1.Descriptor{MediaType: types.OCIManifestSchema1, Size: 9, Digest: d.subject.Digest, ArtifactType: sigstore.BundleType})
			d.list[0].Digest.Hex = strings.Repeat("0", 64)
		}, "the registry lists it, and does not have it"},
		"a referrer that is an index": {func(d *desk) {
			d.lists(d.put(fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, types.OCIImageIndex)))
		}, "it cannot be read: "},
		"the artifact itself": {func(d *desk) {
			r := d.subject
			r.ArtifactType = sigstore.BundleType
			d.lists(r)
		}, "it is not one layer with a Sigstore bundle"},
		"a referrer without layers": {func(d *desk) { d.lists(d.put(manifestOf(), "{}")) }, "it is not one layer with a Sigstore bundle"},
		"two bundles in one": {func(d *desk) {
			b := d.statement(sigstore.SignType, d.key)
			d.lists(d.put(manifestOf(layer(sigstore.BundleType, b, ""), layer(sigstore.BundleType, b, "")), "{}", b))
		}, "it is not one layer with a Sigstore bundle"},
		"a layer of another type": {func(d *desk) {
			b := d.statement(sigstore.SignType, d.key)
			d.lists(d.put(manifestOf(layer("application/json", b, "")), "{}", b))
		}, "it is not one layer with a Sigstore bundle"},
		"a page": {func(d *desk) { d.lists(d.put(manifestOf(layer(sigstore.BundleType, page, "")), "{}", page)) }, "it is no Sigstore bundle"},
		"a bundle that is too large": {func(d *desk) {
			d.lists(d.put(manifestOf(strings.Replace(layer(sigstore.BundleType, page, ""), `"size":6`, `"size":99999999999`, 1)), "{}", page))
		}, "it has 99999999999 bytes, the most allowed is 4194304"},
		"a bundle of a size below zero": {func(d *desk) {
			d.lists(d.put(manifestOf(strings.Replace(layer(sigstore.BundleType, page, ""), `"size":6`, `"size":-6`, 1)), "{}", page))
		}, "it cannot be read: "},
		"a bundle of another size": {func(d *desk) {
			d.lists(d.put(manifestOf(strings.Replace(layer(sigstore.BundleType, page, ""), `"size":6`, `"size":7`, 1)), "{}", page))
		}, "it cannot be read: "},
		"a bundle that is elsewhere": {func(d *desk) {
			d.lists(d.put(manifestOf(layer(sigstore.BundleType, "absent", `,"urls":["`+elsewhere.URL+`"]`)), "{}"))
		}, "it is said to be elsewhere than in the registry"},
		"a bundle that is not there": {func(d *desk) {
			d.lists(d.put(manifestOf(layer(sigstore.BundleType, "absent", "")), "{}"))
		}, "the registry lists it, and does not have it"},
		"a stranger's signature": {func(d *desk) {
			b := d.statement(sigstore.SignType, newKey(d.t))
			d.lists(d.put(manifestOf(layer(sigstore.BundleType, b, "")), "{}", b))
		}, "it is signed by key"},
		"a payload too large": {func(d *desk) {
			d.addPayload(strings.Repeat("x", sigstore.MaxSize+1), map[string]string{sigstore.AnnotationSignature: "AAAA"})
		}, "it has 4194305 bytes, the most allowed is 4194304"},
		"a payload without a signature": {func(d *desk) { d.addPayload("{}", nil) }, "it has no signature"},
	}
	for name, tt := range tests {
		for _, signed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, signed %v", name, signed), func(t *testing.T) {
				d := startDesk(t, signed)
				tt.say(d)
				trust := bundle.Trusting(d.key.Public())
				claims, err := oci.Claims(t.Context(), d.ref, &trust, oci.Options{})
				if err != nil {
					t.Fatal(err)
				}
				good, said := 0, ""
				for _, c := range claims {
					if c.By.Err == nil {
						good++
						continue
					}
					said += c.By.Err.Error()
				}
				if want := map[bool]int{true: 2}[signed]; good != want || len(claims) != want+1 {
					t.Errorf("%d of %d claims are believed, want %d of %d", good, len(claims), want, want+1)
				}
				if !strings.Contains(said, tt.want) || strings.Contains(said, "\n") || len(said) > 500 {
					t.Errorf("it says %q, want %q", said, tt.want)
				}
			})
		}
	}
}

// addPayload puts a layer beside the signatures under the artifact's tag for them.
func (d *desk) addPayload(payload string, annotations map[string]string) {
	d.t.Helper()
	tag := d.repository.Tag(strings.Replace(d.digest, ":", "-", 1) + ".sig")
	img, err := remote.Image(tag)
	if err != nil {
		img = mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	}
	img, err = mutate.Append(img, mutate.Addendum{Layer: static.NewLayer([]byte(payload), sigstore.PayloadType), Annotations: annotations})
	if err == nil {
		err = remote.Write(tag, img)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// TestSignaturesAreReadThroughMirrors holds that a mirror which has a signature spares the registry, and that one which has
// none, or a stranger's, or does not answer, hides nothing.
func TestSignaturesAreReadThroughMirrors(t *testing.T) {
	origin, mirror := startClosable(t), startClosable(t)
	ref := "oci://" + origin.host + "/g@" + push(t, "oci://"+origin.host+"/g:v1", []byte("a bundle"), oci.Options{})
	copied := "oci://" + mirror.host + "/cache/g@" + push(t, "oci://"+mirror.host+"/cache/g:v1", []byte("a bundle"), oci.Options{})
	k := newKey(t)
	sign := func(at string, by *key.Private) {
		t.Helper()
		if err := oci.Sign(t.Context(), at, by, oci.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	trust := bundle.Trusting(k.Public())
	o := oci.Options{Mirrors: mirrors(t, origin.host+"="+mirror.host+"/cache")}
	believed := func(want int) {
		t.Helper()
		claims, err := oci.Claims(t.Context(), ref, &trust, o)
		got := 0
		for _, c := range claims {
			if c.By.Err == nil {
				got++
			}
		}
		if err != nil || got != want {
			t.Errorf("%d claims are believed, want %d: %v", got, want, err)
		}
	}
	believed(0)
	sign(ref, k)
	believed(2)
	sign(copied, newKey(t))
	believed(2)
	mirror.status.Store(500)
	believed(2)
	origin.status.Store(500)
	_, err := oci.Claims(t.Context(), ref, &trust, o)
	want := fmt.Sprintf(`reading the signatures of %q: registry %q answers 500 Internal Server Error for "g": try again later; `+
		`mirror: registry %q answers 500 Internal Server Error for "cache/g": try again later`, ref, origin.host, mirror.host)
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	mirror.status.Store(0)
	sign(copied, k)
	before := origin.requests.Load()
	believed(2)
	if origin.requests.Load() != before {
		t.Error("the registry was asked though its mirror has a signature")
	}
}

// TestARegistryThatFailsIsNoClaim holds that what is said is not taken for less than it is where a registry does not answer.
func TestARegistryThatFailsIsNoClaim(t *testing.T) {
	for _, part := range []string{"/referrers/", ".sig", "/blobs/"} {
		next := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
		down := false
		host := start(t, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if down && strings.Contains(r.URL.Path, part) {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		ref := "oci://" + host + "/gateway@" + push(t, "oci://"+host+"/gateway:test", []byte("a bundle"), oci.Options{})
		k := newKey(t)
		trust := bundle.Trusting(k.Public())
		if err := oci.Sign(t.Context(), ref, k, oci.Options{}); err != nil {
			t.Fatal(err)
		}
		down = true
		if claims, err := oci.Claims(t.Context(), ref, &trust, oci.Options{}); err == nil || !strings.Contains(err.Error(), "502") {
			t.Errorf("without %s there are %d claims, %v", part, len(claims), err)
		}
	}
}

// FuzzClaims has a registry answer anything for a referrer's manifest and for what is in it.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(manifestOf(layer(sigstore.BundleType, "{}", ""))), []byte("{}"))
	f.Add([]byte(manifestOf(layer(sigstore.BundleType, "{}", `,"data":"e30="`))), []byte("x"))
	f.Fuzz(func(t *testing.T, manifest, blob []byte) {
		const artifact = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}`
		digest, referrer := bundle.Digest([]byte(artifact)), bundle.Digest(manifest)
		registry := served(func(w http.ResponseWriter, r *http.Request) {
			answer, kind := blob, types.OCIManifestSchema1
			switch {
			case strings.HasSuffix(r.URL.Path, "/v2/"):
			case strings.Contains(r.URL.Path, "/referrers/"):
				kind = types.OCIImageIndex
				answer = fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"size":%d,"digest":%q,"artifactType":%q}]}`,
					kind, types.OCIManifestSchema1, len(manifest), referrer, sigstore.BundleType)
			case strings.HasSuffix(r.URL.Path, digest):
				answer = []byte(artifact)
			case strings.HasSuffix(r.URL.Path, referrer):
				answer = manifest
			case strings.HasSuffix(r.URL.Path, ".sig"):
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Type", string(kind))
			_, _ = io.Copy(w, bytes.NewReader(answer))
		})
		k, err := key.Generate(key.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		trust := bundle.Trusting(k.Public())
		claims, err := oci.Claims(t.Context(), "oci://localhost:1/gateway@"+digest, &trust, oci.Options{Transport: registry})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range claims {
			if c.By.Err == nil {
				t.Errorf("it is believed: %+v", c)
			}
		}
	})
}

// served is a server without a network.
type served http.HandlerFunc

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s(w, r)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
