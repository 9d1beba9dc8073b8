package source_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/source"
)

// A controller serves artifacts as Flux's source-controller does: plain files below a directory for each object, over
// HTTP without TLS or entity tags, of which old ones are removed; and it writes the object's status, here into a file.
type controller struct {
	t      *testing.T
	server *httptest.Server
	store  string
	object string // the file
	form   string // of the object, with places for url, revision, digest and size
}

const asObject = `{"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
"metadata": {"name": "gateway", "namespace": "apps"},
"spec": {"interval": "5m0s", "url": "oci://registry.example.com/gateway", "ref": {"tag": "production"},
	"layerSelector": {"mediaType": "application/vnd.gwc.bundle.v1.tar+gzip", "operation": "copy"}},
"status": {"observedGeneration": 2, "url": "http://elsewhere/latest.tar.gz", "conditions": [{"type": "Ready", "status": "True"}],
	"artifact": {"path": "ocirepository/apps/gateway/x.tgz", "url": %q, "revision": %q, "digest": %q, "size": %d,
		"lastUpdateTime": "2026-01-01T00:00:00Z", "metadata": {"org.opencontainers.image.revision": "main@sha1:00"}}}}
`

func newController(t *testing.T, form string) *controller {
	t.Helper()
	c := &controller{t: t, store: t.TempDir(), object: filepath.Join(t.TempDir(), "gateway.json"), form: form}
	c.server = httptest.NewServer(http.FileServer(http.Dir(c.store)))
	t.Cleanup(c.server.Close)
	return c
}

func (c *controller) publish(text string) {
	c.t.Helper()
	sum := sha256.Sum256([]byte(text))
	c.place(text, "sha256:"+hex.EncodeToString(sum[:]), len(text))
}

func (c *controller) place(text, digest string, size int) {
	c.t.Helper()
	path := "ocirepository/apps/gateway/" + strings.ReplaceAll(digest, ":", "-") + ".tgz"
	must(c.t, os.RemoveAll(filepath.Join(c.store, "ocirepository")))
	must(c.t, os.MkdirAll(filepath.Join(c.store, filepath.Dir(path)), 0o700))
	write(c.t, filepath.Join(c.store, path), text)
	c.status(fmt.Sprintf(c.form, c.server.URL+"/"+path, "production@"+digest, digest, size))
}

// status replaces the file, as whoever writes it should.
func (c *controller) status(text string) {
	c.t.Helper()
	write(c.t, c.object+".new", text)
	must(c.t, os.Rename(c.object+".new", c.object))
}

func TestFluxsArtifactIsFollowed(t *testing.T) {
	for name, form := range map[string]string{
		"object":   asObject,
		"status":   `{"artifact": {"url": %q, "revision": %q, "digest": %q, "size": %d}}`,
		"artifact": `{"url": %q, "revision": %q, "digest": %q, "size": %d}`,
		"YAML":     "kind: ExternalArtifact\nstatus:\n  artifact:\n    url: %s\n    revision: %s\n    digest: %s\n    size: %d\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := newController(t, form)
			c.publish("first")
			w := watch(t, "flux:"+c.object, onEvents)
			u := w.expect("first")
			if !strings.HasPrefix(u.Origin, c.server.URL) || !strings.Contains(u.Origin, " production@sha256:") {
				t.Errorf("origin %q", u.Origin)
			}
			c.publish("second")
			w.expect("second")
		})
	}
}

func TestAnArtifactThatIsAnotherIsNotTaken(t *testing.T) {
	c := newController(t, asObject)
	sum := sha256.Sum256([]byte("good"))
	good := "sha256:" + hex.EncodeToString(sum[:])
	c.place("evil", good, 4)
	w := watch(t, "flux:"+c.object, source.Options{Interval: 10 * time.Millisecond})
	w.expectError("and not " + good)
	sum = sha256.Sum256([]byte("other"))
	other := "sha256:" + hex.EncodeToString(sum[:])
	c.place("other", other, 6)
	for {
		u := w.next()
		if u.Err == nil {
			t.Fatalf("delivered %q", u.Data)
		}
		if strings.Contains(u.Err.Error(), "it has 5 bytes and not 6") {
			break
		}
	}
	c.place("other", other, 5)
	w.expect("other")
}

func TestAnArtifactThatIsNotThereIsSaidAndAwaited(t *testing.T) {
	c := newController(t, asObject)
	w := watch(t, "flux:"+c.object, source.Options{Interval: 10 * time.Millisecond})
	w.expectError("no such file or directory")
	for text, want := range map[string]string{
		`{"kind": "OCIRepository", "status": {}}`:      "the OCIRepository has no status.artifact yet",
		`{"url": "http://x/y"}`:                        `its digest: "" is no digest`,
		`{"url": "http://x/y", "digest": "blake3:00"}`: `no digest algorithm "blake3"`,
		`{"url": "http://x/y", "digest": "sha256:00"}`: "64 hexadecimal digits",
		`{"digest": "sha256:00"}`:                      "no url of an artifact",
		`{"url": "file:///etc/passwd"}`:                "no url of an artifact",
		`{"url": "http://ada:s3cret@x/y"}`:             "a password",
		"[":                                            "neither JSON nor YAML",
		strings.Repeat(" ", 1<<20) + "{}":              "more than the 1048576 bytes",
		`{"url": "http://127.0.0.1:1/y", "digest": "sha256:` + strings.Repeat("0", 64) + `"}`: "connection refused",
	} {
		c.status(text)
		for {
			u := w.next()
			if u.Err == nil {
				t.Fatalf("%.60s: delivered %q", text, u.Data)
			}
			if strings.Contains(u.Err.Error(), "s3cret") {
				t.Errorf("error %v", u.Err)
			}
			if strings.Contains(u.Err.Error(), want) {
				break
			}
		}
	}
	c.publish("good")
	w.expect("good")
	// source-controller removes what it has replaced, here before the file says so.
	must(t, os.RemoveAll(filepath.Join(c.store, "ocirepository")))
	c.status(fmt.Sprintf(asObject, c.server.URL+"/ocirepository/gone.tgz", "r", "sha256:"+strings.Repeat("0", 64), 4))
	w.expectError("it answers 404 Not Found")
	c.publish("next")
	w.expect("next")
}

func TestFluxsOtherDigestsAreKnown(t *testing.T) {
	c := newController(t, asObject)
	long, longest := sha512.Sum384([]byte("a")), sha512.Sum512([]byte("b"))
	c.place("a", "sha384:"+hex.EncodeToString(long[:]), 1)
	w := watch(t, "flux:"+c.object, onEvents)
	w.expect("a")
	c.place("b", "sha512:"+hex.EncodeToString(longest[:]), 1)
	w.expect("b")
}

// A restart of source-controller is an outage of the artifact, and no more.
func TestAControllerThatIsAwayLosesNothing(t *testing.T) {
	c := newController(t, asObject)
	c.publish("first")
	w := watch(t, "flux:"+c.object, source.Options{Interval: 10 * time.Millisecond})
	w.expect("first")
	address := c.server.Listener.Addr().String()
	c.server.Close()
	c.publish("second")
	w.expectError("connection refused")
	again := httptest.NewUnstartedServer(http.FileServer(http.Dir(c.store)))
	again.Listener.Close()
	again.Listener = listenAt(t, address)
	again.Start()
	t.Cleanup(again.Close)
	w.expect("second")
}
