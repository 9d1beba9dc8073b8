package runtime_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
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

	"gwc.dev/runtime"
	"gwc.dev/runtime/source"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/oci"
)

// A forgery is a bundle taken apart, for somebody to change.
type forgery []archive.File

func takeApart(t *testing.T, data []byte) forgery {
	t.Helper()
	files, err := archive.Unpack(data, archive.Limits{Packed: bundle.MaxSize, Unpacked: bundle.MaxUnpacked, Files: 16})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// without leaves a file out.
func (f forgery) without(name string) forgery {
	var out forgery
	for _, file := range f {
		if file.Name != name {
			out = append(out, file)
		}
	}
	return out
}

// with puts a file in place of the one that has its name, or at the end.
func (f forgery) with(name, text string) forgery {
	out := append(forgery{}, f...)
	for i := range out {
		if out[i].Name == name {
			out[i].Data = []byte(text)
			return out
		}
	}
	return append(out, archive.File{Name: name, Data: []byte(text)})
}

func (f forgery) text(name string) string {
	for _, file := range f {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

func (f forgery) pack(t *testing.T) []byte {
	t.Helper()
	data, err := archive.Pack(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tar packs the files as any tool would, with entries more, and bytes after them.
func (f forgery) tar(t *testing.T, after string, more ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, file := range f {
		more = append(more, tar.Header{Name: file.Name, Mode: 0o600, Size: int64(len(file.Data))})
	}
	for _, h := range more {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, f.text(h.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(z, after); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb is a small archive that unpacks to more than is allowed: a mebibyte of zeros again and again.
func bomb(t *testing.T) []byte {
	t.Helper()
	var chunk bytes.Buffer
	z := gzip.NewWriter(&chunk)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	const header = 10
	return append(bytes.Clone(chunk.Bytes()[:header]), bytes.Repeat(chunk.Bytes()[header:], bundle.MaxUnpacked>>20+1)...)
}

// TestATamperedBundleIsRefusedForItsOwnReason offers a proxy what an attacker may make of a bundle, and holds of each that
// the status and the metrics say why it is refused, and that the last good one goes on serving.
func TestATamperedBundleIsRefusedForItsOwnReason(t *testing.T) {
	ended, stranger := newKey(t), newKey(t)
	k := newKey(t)
	p, _ := trusts(t, document(map[string]string{publicPEM(k): "", publicPEM(ended): "2020-01-01"}),
		func(o *runtime.Options) { o.Environment = "test" })
	p.key = k
	g := gateway(t, echo(t, "one").URL)
	p.serial = 5
	p.publish(g)
	next := sealed(t, g, 7, k)
	parts := takeApart(t, next)
	other := takeApart(t, sealed(t, g, 8, k))
	staging := gateway(t, "http://127.0.0.1:1")
	staging.Environment = "staging"
	link := func(kind byte) tar.Header { return tar.Header{Name: "x", Typeflag: kind, Linkname: "/etc/passwd"} }

	tests := []struct {
		name, reason string
		data         []byte
	}{
		{"signature stripped", "unsigned", parts.without("signature.json").pack(t)},
		{"wrong key", "unknown-key", sealed(t, g, 7, stranger)},
		{"wrong key under our name", "signature-invalid", takeApart(t, sealed(t, g, 7, stranger)).with("signature.json",
			strings.ReplaceAll(takeApart(t, sealed(t, g, 7, stranger)).text("signature.json"), stranger.Public().ID(), k.Public().ID())).pack(t)},
		{"another bundle's signature", "signature-invalid", parts.with("signature.json", other.text("signature.json")).pack(t)},
		{"swapped manifest", "signature-invalid", parts.with("manifest.json", other.text("manifest.json")).pack(t)},
		{"packed by another tool", "not-canonical", parts.tar(t, "")},
		{"swapped model", "digest-differs", parts.with("gateway.json", strings.Replace(parts.text("gateway.json"), "echo", "ohce", 1)).pack(t)},
		{"swapped digest", "signature-invalid", parts.with("manifest.json", strings.Replace(parts.text("manifest.json"), "sha256:", "sha256:0", 1)).pack(t)},
		{"truncated", "truncated", next[:len(next)/2]},
		{"last byte missing", "truncated", next[:len(next)-1]},
		{"extra entry", "file-unlisted", parts.with("extra.json", "{}").pack(t)},
		{"missing entry", "file-missing", parts.without("positions.json").pack(t)},
		{"path traversal", "bad-name", parts.tar(t, "", tar.Header{Name: "../../etc/cron.d/x"})},
		{"absolute path", "bad-name", parts.tar(t, "", tar.Header{Name: "/etc/cron.d/x"})},
		{"symbolic link", "not-regular", parts.tar(t, "", link(tar.TypeSymlink))},
		{"hard link", "not-regular", parts.tar(t, "", link(tar.TypeLink))},
		{"device", "not-regular", parts.tar(t, "", link(tar.TypeChar))},
		{"decompression bomb", "too-large", bomb(t)},
		{"duplicate entry", "duplicate-entry", parts.tar(t, "", tar.Header{Name: "manifest.json"})},
		{"older serial", "older-serial", sealed(t, g, 5, k)},
		{"serial in force with other content", "serial-reused", sealed(t, gateway(t, "http://127.0.0.1:2"), 6, k)},
		{"signature of another environment", "wrong-environment", sealed(t, staging, 9, k)},
		{"expired trust", "expired-trust", sealed(t, g, 7, ended)},
		{"unknown format version", "future-format", parts.with("manifest.json", strings.Replace(parts.text("manifest.json"), `"formatVersion":1`, `"formatVersion":2`, 1)).pack(t)},
		{"trailing data", "trailing-data", append(bytes.Clone(next), "more"...)},
		{"trailing data in the tar", "trailing-data", parts.tar(t, "more")},
		{"a second bundle behind it", "trailing-data", append(bytes.Clone(next), next...)},
		{"no archive", "not-an-archive", []byte("<html>404 not found</html>")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.feed <- source.Update{Data: tt.data, Origin: tt.name}
			p.until("it is refused", func() bool { r := p.server.Status().Refused; return r != nil && r.Origin == tt.name })
			s := p.server.Status()
			if s.Refused.Reason != tt.reason || s.Refused.Message == "" {
				t.Errorf("refused for %q, want %q: %s", s.Refused.Reason, tt.reason, s.Refused.Message)
			}
			if s.Active == nil || s.Active.Serial != 6 || !s.Ready {
				t.Errorf("active %+v", s.Active)
			}
			if a := p.do("GET", "/"); a.Status != 200 {
				t.Errorf("status %d", a.Status)
			}
		})
	}
	text := p.get("/metrics").Body
	for _, tt := range tests {
		if want := fmt.Sprintf("gwproxy_bundle_refusals_total{reason=%q} ", tt.reason); !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if !strings.Contains(text, "gwproxy_bundle_refused 1\n") {
		t.Error("the metrics do not say that a bundle is refused")
	}
	p.feed <- source.Update{Data: next, Origin: "good"}
	p.until("the good one is served", func() bool { s := p.server.Status(); return s.Active.Serial == 7 && s.Refused == nil })
}

// TestATamperedRegistryIsRefusedForItsOwnReason holds the same of a registry that lies, or that somebody else pushed to.
func TestATamperedRegistryIsRefusedForItsOwnReason(t *testing.T) {
	var spoil atomic.Pointer[func([]byte) []byte]
	next := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change := spoil.Load()
		if change == nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write((*change)(answer.Body.Bytes()))
	}))
	t.Cleanup(host.Close)
	tag := "oci://" + strings.TrimPrefix(host.URL, "http://") + "/gateway:test"
	push := func(data []byte) {
		t.Helper()
		if _, err := oci.Push(t.Context(), tag, data, oci.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	k := newKey(t)
	g := gateway(t, echo(t, "one").URL)
	first, second := sealed(t, g, 1, k), sealed(t, g, 2, k)
	push(first)
	state := filepath.Join(t.TempDir(), "state")
	p := start(t, func(o *runtime.Options) {
		o.Bundles, o.Source, o.PollInterval, o.StateDir = nil, tag, 20*time.Millisecond, state
		o.Keys = []bundle.PublicKey{k.Public()}
	})
	serves := func(serial uint64) {
		t.Helper()
		p.until(fmt.Sprintf("serial %d is served", serial), func() bool { s := p.server.Status(); return s.Active != nil && s.Active.Serial == serial })
	}
	serves(1)
	push(second)
	serves(2)

	push(first)
	p.until("the tag that moved back is refused", func() bool { r := p.server.Status().Refused; return r != nil && r.Reason == "older-serial" })
	serves(2)

	fails := func(what string) {
		t.Helper()
		digest, err := oci.Digest(t.Context(), tag, oci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p.until(what+" is refused", func() bool {
			said := p.server.Status().Source.LastError
			return strings.Contains(said, digest) && strings.Contains(said, "the bundle's layer is not the one that its manifest names")
		})
		serves(2)
		if a := p.do("GET", "/"); a.Status != 200 {
			t.Errorf("%s: status %d", what, a.Status)
		}
	}
	cut := func(data []byte) []byte { return data[:len(data)/2] }
	spoil.Store(&cut)
	push(sealed(t, g, 3, k))
	fails("a truncated layer")
	swap := func(data []byte) []byte { return append(bytes.Clone(data[:len(data)-1]), data[len(data)-1]^1) }
	spoil.Store(&swap)
	push(sealed(t, g, 4, k))
	fails("a layer of another digest")
	spoil.Store(nil)
	serves4 := func() bool { s := p.server.Status(); return s.Active.Serial == 4 && s.Refused == nil }
	p.until("the honest registry is served", serves4)
}
