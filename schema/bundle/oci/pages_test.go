package oci_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/sigstore"
)

// crowd has the registry list n referrers before those that are there, none of which it has.
func (d *desk) crowd(n int, artifactType string) {
	for i := range n {
		d.lists(v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Size: 9, Digest: v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%064x", i)}, ArtifactType: artifactType,
		})
	}
}

// claims returns how many claims are believed, and the others' errors, each once.
func (d *desk) claims() (good int, said string, err error) {
	trust := bundle.Trusting(d.key.Public())
	claims, err := oci.Claims(d.t.Context(), d.ref, &trust, oci.Options{})
	for _, c := range claims {
		switch {
		case c.By.Err == nil:
			good++
		case !strings.Contains(said, c.By.Err.Error()):
			said += c.By.Err.Error() + "\n"
		}
	}
	return good, said, err
}

// TestAmongManyClaimsOursIsFound has others say much about an artifact: reports of other kinds, bundles that are ill, and more of
// these than anybody would look at.
func TestAmongManyClaimsOursIsFound(t *testing.T) {
	const absent = "it cannot be read: the registry lists it, and does not have it\n"
	for name, tt := range map[string]struct {
		crowd int
		kind  string
		said  string
	}{
		"other things":    {10_000, "application/vnd.example.sbom", ""},
		"bundles":         {900, sigstore.BundleType, absent},
		"too many to ask": {10_000, sigstore.BundleType, absent + "9001 more signatures and attestations are about it than the 1000 that are looked at: delete those in the registry that are not yours\n"},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, true)
			d.crowd(tt.crowd, tt.kind)
			if good, said, err := d.claims(); err != nil || good != 2 || said != tt.said {
				t.Errorf("%d are believed, of others it says %q: %v", good, said, err)
			}
		})
	}
}

// TestManyPayloadsHaveAnEnd has more signatures stand under the tag for them than are looked at.
func TestManyPayloadsHaveAnEnd(t *testing.T) {
	d := startDesk(t, true)
	var layers []string
	for range 1500 {
		layers = append(layers, layer(sigstore.PayloadType, "{}", ""))
	}
	digest := d.put(manifestOf(layers...), "{}").Digest.String()
	if err := oci.Tag(t.Context(), "oci://"+d.repository.Name()+"@"+digest, strings.Replace(d.digest, ":", "-", 1)+".sig", oci.Options{}); err != nil {
		t.Fatal(err)
	}
	const want = "it cannot be read: it has no signature\n500 more signatures and attestations are about it than the 1000 that are looked at: delete those in the registry that are not yours\n"
	if good, said, err := d.claims(); err != nil || good != 1 || said != want {
		t.Errorf("%d are believed, of others it says %q: %v", good, said, err)
	}
}

// TestManyPayloadsInALargeManifest holds that what it costs to read signatures does not grow with the manifest for each of them:
// whoever may push may have both large.
func TestManyPayloadsInALargeManifest(t *testing.T) {
	const large, many = 2 << 20, 100
	d := startDesk(t, true)
	layers := []string{layer(sigstore.PayloadType, "{}", fmt.Sprintf(`,"annotations":{"x":%q}`, strings.Repeat("x", large)))}
	for range many {
		layers = append(layers, layer(sigstore.PayloadType, "{}", ""))
	}
	digest := d.put(manifestOf(layers...), "{}").Digest.String()
	if err := oci.Tag(t.Context(), "oci://"+d.repository.Name()+"@"+digest, strings.Replace(d.digest, ":", "-", 1)+".sig", oci.Options{}); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	good, said, err := d.claims()
	runtime.ReadMemStats(&after)
	if err != nil || good != 1 || said != "it cannot be read: it has no signature\n" {
		t.Errorf("%d are believed, of others it says %q: %v", good, said, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > large*many/2 {
		t.Errorf("reading %d signatures in a manifest of %d MiB takes %d MiB", many, large>>20, used>>20)
	}
}

// linked gives the referrers in pages of n, and says of the next one what link does.
func linked(n int, link func(r *http.Request, next string) string) func(http.ResponseWriter, *http.Request, []v1.Descriptor) []v1.Descriptor {
	return func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor {
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		if from+n < len(all) {
			w.Header().Add("Link", `<https://example.com/help>; rel=help; title="a <page>, or \"next\""`)
			w.Header().Add("Link", link(r, r.URL.Path+"?from="+strconv.Itoa(from+n)))
		}
		return all[min(from, len(all)):min(from+n, len(all))]
	}
}

// TestReferrersAreReadPageByPage holds that a signature is found whatever page it stands on, as is that it is there already.
func TestReferrersAreReadPageByPage(t *testing.T) {
	for name, link := range map[string]func(*http.Request, string) string{
		"a path": func(_ *http.Request, next string) string { return "<" + next + `>; rel="next"` },
		"a URL":  func(r *http.Request, next string) string { return "<http://" + r.Host + next + ">;REL=Next" },
		"a query": func(_ *http.Request, next string) string {
			return `<?` + strings.SplitN(next, "?", 2)[1] + `>; rel="last next"`
		},
		"among two": func(_ *http.Request, next string) string {
			return `</v2/>; rel="first", <` + next + `>; x="a,b" ; rel = next`
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, true)
			d.crowd(250, "application/vnd.example.sbom")
			d.page = linked(100, link)
			if good, said, err := d.claims(); err != nil || good != 2 || said != "" {
				t.Errorf("%d are believed, of others it says %q: %v", good, said, err)
			}
			if err := oci.Sign(t.Context(), d.ref, d.key, oci.Options{}); err != nil {
				t.Errorf("signing again: %v", err)
			}
		})
	}
}

// TestPagesThatAreWrong has a registry lead elsewhere, nowhere and round in a circle.
func TestPagesThatAreWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		page func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor
		want string
	}{
		"elsewhere": {
			linked(1, func(_ *http.Request, next string) string {
				return "<http://registry.example.com" + next + `>; rel="next"`
			}),
			"the next page of what refers to the artifact is said to be elsewhere than in the registry",
		},
		"in a circle": {
			linked(1, func(r *http.Request, _ string) string { return "<" + r.URL.Path + `>; rel="next"` }),
			"what refers to the artifact is listed on more than 1000 pages",
		},
		"a page that is not there": {func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor {
			if r.URL.RawQuery != "" {
				w.WriteHeader(http.StatusBadGateway)
			}
			w.Header().Set("Link", `<?from=1>; rel="next"`)
			return all
		}, "answers 502 Bad Gateway for"},
		"a page that is another": {func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor {
			if r.URL.RawQuery != "" {
				_, _ = w.Write([]byte("<html>"))
			}
			w.Header().Set("Link", `<?from=1>; rel="next"`)
			return all
		}, "reading page 2 of what refers to the artifact: "},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, true)
			d.crowd(3, "application/vnd.example.sbom")
			d.page = tt.page
			_, _, err := d.claims()
			want := fmt.Sprintf("reading the signatures of %q: registry %q", d.ref, d.repository.RegistryStr())
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v\nwant  %s ... %s", err, want, tt.want)
			}
		})
	}
}

// TestAListThatLacksAPageIsNoShorterList holds that a signature on the first page is not taken for absent because the second
// cannot be had, whatever the registry says of that.
func TestAListThatLacksAPageIsNoShorterList(t *testing.T) {
	cannot := func(status string) string { return "page 2 of what refers to the artifact cannot be had: " + status }
	for status, want := range map[int]string{
		http.StatusNoContent:           cannot("204 No Content"),
		http.StatusTemporaryRedirect:   cannot("307 Temporary Redirect"),
		http.StatusBadRequest:          cannot("400 Bad Request"),
		http.StatusNotFound:            cannot("404 Not Found"),
		http.StatusNotAcceptable:       cannot("406 Not Acceptable"),
		http.StatusGone:                "answers 410 Gone",
		http.StatusTooManyRequests:     "limits the rate of requests for \"gateway\": try again in 7s",
		http.StatusServiceUnavailable:  "answers 503 Service Unavailable for \"gateway\": try again in 7s",
		http.StatusInternalServerError: "answers 500 Internal Server Error",
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			d := startDesk(t, true)
			d.page = func(w http.ResponseWriter, r *http.Request, all []v1.Descriptor) []v1.Descriptor {
				switch r.URL.RawQuery {
				case "":
					w.Header().Set("Link", `<?second>; rel="next"`)
					return all
				case "second":
					w.Header().Set("Location", "?elsewhere")
					w.Header().Set("Retry-After", "7")
					w.WriteHeader(status)
				}
				return nil
			}
			good, said, err := d.claims()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d are believed, of others it says %q: error %v, want %s", good, said, err, want)
			}
		})
	}
}

// TestANextPageMayBeAnywhereInTheRegistry holds that its path need not be that of a list of referrers.
func TestANextPageMayBeAnywhereInTheRegistry(t *testing.T) {
	d := startDesk(t, true)
	d.crowd(250, "application/vnd.example.sbom")
	d.page = linked(100, func(_ *http.Request, next string) string {
		return "</next?" + strings.SplitN(next, "?", 2)[1] + `>; rel="next"`
	})
	trust := bundle.Trusting(d.key.Public())
	claims, err := oci.Claims(t.Context(), d.ref, &trust, oci.Options{Transport: elsewhere("/v2/gateway/referrers/" + d.digest)})
	if err != nil || len(claims) != 2 {
		t.Errorf("there are %d claims, %v", len(claims), err)
	}
}

// elsewhere is the path of a list that is found under /next too.
type elsewhere string

// RoundTrip implements [http.RoundTripper].
func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/next" {
		r = r.Clone(r.Context())
		r.URL.Path = string(e)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestTheNameOfARepositoryIsNoKindOfRequest has repositories whose names look like a part of the API.
func TestTheNameOfARepositoryIsNoKindOfRequest(t *testing.T) {
	host := start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/v2/team/referrers/gw/tags/list" && r.URL.RawQuery != "page=2":
				w.Header().Set("Link", "<"+r.URL.Path+`?page=2>; rel="next"`)
				_, _ = w.Write([]byte(`{"tags":["a"]}`))
			case r.URL.Path == "/v2/team/referrers/gw/tags/list":
				_, _ = w.Write([]byte(`{"tags":["b"]}`))
			case r.URL.Path == "/v2/blobs/gw/tags/list":
				_, _ = w.Write([]byte(`{"tags":["` + strings.Repeat("x", 17<<20) + `"]}`))
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	if got, err := tags(t, host+"/team/referrers/gw"); err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the tags are %q, %v", got, err)
	}
	if got, err := tags(t, host+"/blobs/gw"); err == nil || !strings.Contains(err.Error(), "it answers with more than 16 MiB") {
		t.Errorf("there are %d tags, %v", len(got), err)
	}
}

func tags(t *testing.T, repository string) ([]string, error) {
	t.Helper()
	r, err := oci.ParseReference("oci://" + repository + ":any")
	if err != nil {
		t.Fatal(err)
	}
	return oci.NewReader(r, oci.Options{}).Tags(t.Context())
}

// TestLongTagsHaveAnEnd has few tags on few pages, which are large.
func TestLongTagsHaveAnEnd(t *testing.T) {
	host := start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/tags/list") {
				h.ServeHTTP(w, r)
				return
			}
			if page, _ := strconv.Atoi(r.URL.Query().Get("page")); page < 3 {
				w.Header().Set("Link", "<"+r.URL.Path+"?page="+strconv.Itoa(page+1)+`>; rel="next"`)
			}
			_, _ = w.Write([]byte(`{"tags":["` + strings.Repeat("x", 9<<20) + `"]}`))
		})
	})
	if got, err := tags(t, host+"/g"); err == nil || !strings.Contains(err.Error(), "or with more than 32 MiB") {
		t.Errorf("there are %d tags, %v", len(got), err)
	}
}

// TestWhatARegistrySaysHasAnEnd has one answer without end, or with lists that have none.
func TestWhatARegistrySaysHasAnEnd(t *testing.T) {
	endless := func(w http.ResponseWriter, start, again string) {
		_, _ = w.Write([]byte(start))
		for {
			if _, err := w.Write([]byte(again)); err != nil {
				return
			}
		}
	}
	var digest string
	host := start(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
			switch {
			case strings.HasSuffix(r.URL.Path, "/endless/tags/list"):
				endless(w, `{"tags":[`, `"`+strings.Repeat("x", 1000)+`",`)
			case strings.HasSuffix(r.URL.Path, "/circle/tags/list"):
				w.Header().Set("Link", "<"+r.URL.Path+`>; rel="next"`)
				_, _ = w.Write([]byte(`{"tags":["a"]}`))
			case strings.HasSuffix(r.URL.Path, "/manifests/endless"):
				endless(w, `{"schemaVersion":2,"annotations":{"x":"`, strings.Repeat("x", 1000))
			case strings.HasSuffix(r.URL.Path, "/referrers/"+digest):
				w.Header().Set("Content-Type", string(types.OCIImageIndex))
				endless(w, `{"schemaVersion":2,"manifests":[`, strings.Repeat("{},", 1000))
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	digest = push(t, "oci://"+host+"/g:v1", []byte("a bundle"), oci.Options{})
	trust := bundle.Trusting(newKey(t).Public())
	serials := func(repository string) error {
		_, err := oci.Channel{Repository: "oci://" + host + repository, Environment: "test"}.Serials(t.Context())
		return err
	}
	_, _, pulled := oci.Pull(t.Context(), "oci://"+host+"/g:endless", oci.Options{})
	_, claimed := oci.Claims(t.Context(), "oci://"+host+"/g@"+digest, &trust, oci.Options{})
	const large = "it answers with more than 16 MiB"
	for what, tt := range map[string]struct {
		err  error
		want string
	}{
		"tags without end":    {serials("/endless"), large},
		"tags in a circle":    {serials("/circle"), "it lists tags on more than 1000 pages, or more than 500000 of them, or with more than 32 MiB"},
		"a manifest":          {pulled, large},
		"a list of referrers": {claimed, large},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) || strings.Contains(tt.err.Error(), "\n") {
			t.Errorf("%s: error %v, want %s", what, tt.err, tt.want)
		}
	}
}
