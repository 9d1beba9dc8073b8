package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"gwc.dev/runtime"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/sigstore"
)

// A forger may push to a registry, and has what others have signed.
type forger struct {
	t          *testing.T
	repository name.Repository
	ref        string // of the tag that is followed
	ours       *key.Private
	stranger   *key.Private
	next       []byte // a bundle that is good, and newer than what is served
	crowd      atomic.Int32
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{t: t}
	next := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(f.crowd.Load())
		if n == 0 || !strings.Contains(r.URL.Path, "/referrers/") {
			next.ServeHTTP(w, r)
			return
		}
		index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
		for i := range n {
			index.Manifests = append(index.Manifests, v1.Descriptor{
				MediaType: types.OCIManifestSchema1, Digest: v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%064x", i)}, ArtifactType: sigstore.BundleType,
			})
		}
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		_ = json.NewEncoder(w).Encode(index)
	}))
	t.Cleanup(server.Close)
	f.ref = "oci://" + strings.TrimPrefix(server.URL, "http://") + "/gateway:test"
	tag, err := name.NewTag(strings.TrimPrefix(f.ref, oci.Scheme))
	if err != nil {
		t.Fatal(err)
	}
	f.repository = tag.Context()
	for _, k := range []**key.Private{&f.ours, &f.stranger} {
		if *k, err = key.Generate(key.Ed25519); err != nil {
			t.Fatal(err)
		}
	}
	f.next = f.sealed(7, f.ours)
	return f
}

func (f *forger) sealed(serial uint64, k bundle.Signer) []byte {
	f.t.Helper()
	g := &schema.Gateway{
		Environment: "test", Listeners: map[string]schema.Listener{"http": {Port: 8080}},
		APIs: map[string]schema.API{"hello": {Routes: map[string]schema.Route{"all": {Respond: &schema.Respond{Body: "hello"}}}}},
	}
	data, err := bundle.Seal(bundle.Contents{Environment: "test", Serial: serial, Gateway: g.Resolve()}, k)
	if err != nil {
		f.t.Fatal(err)
	}
	return data
}

// must ends the test where even a forger cannot go on.
func (f *forger) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// push puts a bundle's bytes under the tag, as an artifact that is signed.
func (f *forger) push(data []byte) {
	f.t.Helper()
	digest := f.upload(data, oci.Options{})
	f.must(oci.Sign(f.t.Context(), f.at(digest), f.ours, oci.Options{}))
	f.must(oci.Tag(f.t.Context(), f.at(digest), "test", oci.Options{}))
}

func (f *forger) at(digest string) string { return oci.Scheme + f.repository.Name() + "@" + digest }

func (f *forger) upload(data []byte, o oci.Options) string {
	f.t.Helper()
	digest, err := oci.Upload(f.t.Context(), oci.Scheme+f.repository.Name(), data, o)
	f.must(err)
	return digest
}

// unsigned puts an artifact under the tag that nobody has signed, and has say speak of it.
func (f *forger) unsigned(o oci.Options, say func(digest string)) {
	f.t.Helper()
	digest := f.upload(f.next, o)
	if say != nil {
		say(digest)
	}
	f.must(oci.Tag(f.t.Context(), f.at(digest), "test", oci.Options{}))
}

type raw struct {
	data []byte
	kind types.MediaType
}

func (m raw) RawManifest() ([]byte, error)        { return m.data, nil }
func (m raw) MediaType() (types.MediaType, error) { return m.kind, nil }

// put puts a manifest under the tag, of whatever kind, with blobs in the repository.
func (f *forger) put(kind types.MediaType, manifest string, blobs ...[]byte) {
	f.t.Helper()
	for _, b := range blobs {
		f.must(remote.WriteLayer(f.repository, static.NewLayer(b, "x/y")))
	}
	f.must(remote.Put(f.repository.Tag("test"), raw{[]byte(manifest), kind}))
}

func descriptor(mediaType string, data []byte) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, mediaType, bundle.Digest(data), len(data))
}

// image is a manifest with layers, each in JSON.
func image(config string, layers ...string) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s]}`, types.OCIManifestSchema1, config, strings.Join(layers, ","))
}

// files takes the bundle apart.
func (f *forger) files() []archive.File {
	f.t.Helper()
	files, err := archive.Unpack(f.next, archive.Limits{Packed: bundle.MaxSize, Unpacked: bundle.MaxUnpacked, Files: 16})
	f.must(err)
	return files
}

// tar pushes the bundle's files as another tool would pack them: change sees each header, and more come after.
func (f *forger) tar(change func(*tar.Header), more ...tar.Header) {
	f.t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, file := range f.files() {
		h := tar.Header{Name: file.Name, Mode: 0o644, Size: int64(len(file.Data))}
		if change != nil {
			change(&h)
		}
		f.must(w.WriteHeader(&h))
		_, err := w.Write(file.Data)
		f.must(err)
	}
	for _, h := range more {
		f.must(w.WriteHeader(&h))
	}
	f.must(w.Close())
	f.push(gzipped(f.t, out.Bytes(), gzip.Header{}))
}

// blocks pushes a tar with entries before the bundle's own that no library writes: name, type, size and time as they stand in
// the header, and what follows it.
func (f *forger) blocks(entries ...entry) {
	f.t.Helper()
	var out bytes.Buffer
	for _, e := range entries {
		out.Write(e.encode())
	}
	rest, err := gzip.NewReader(bytes.NewReader(f.next))
	f.must(err)
	_, err = io.Copy(&out, rest)
	f.must(err)
	f.push(gzipped(f.t, out.Bytes(), gzip.Header{}))
}

type entry struct {
	name, size, mtime string
	kind              byte
	data              string
}

func (e entry) encode() []byte {
	h := make([]byte, 512)
	copy(h, e.name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%-12.12s", e.size))
	copy(h[136:], fmt.Sprintf("%-12.12s", e.mtime))
	h[156] = e.kind
	copy(h[257:], "ustar\x0000")
	if strings.IndexByte("SLM", e.kind) >= 0 { // GNU's own
		copy(h[257:], "ustar  \x00")
	}
	sum := 8 * int(' ')
	for i, b := range h {
		if i < 148 || i >= 156 {
			sum += int(b)
		}
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	h = append(h, e.data...)
	return append(h, make([]byte, -len(h)&511)...)
}

// pax is an extended header with records, and the entry that it is about.
func pax(about entry, records ...string) []entry {
	var data string
	for i := 0; i < len(records); i += 2 {
		rest := " " + records[i] + "=" + records[i+1] + "\n"
		n := len(rest)
		for len(fmt.Sprint(n))+len(rest) != n {
			n = len(fmt.Sprint(n)) + len(rest)
		}
		data += fmt.Sprint(n) + rest
	}
	return []entry{{name: "pax", size: fmt.Sprintf("%011o", len(data)), kind: 'x', data: data}, about}
}

func gzipped(t *testing.T, data []byte, header gzip.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Header = header
	_, err := w.Write(data)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// signature pushes the bundle with its signature.json changed.
func (f *forger) signature(data []byte, change func(string) string) {
	f.t.Helper()
	files, err := archive.Unpack(data, archive.Limits{Packed: bundle.MaxSize, Unpacked: bundle.MaxUnpacked, Files: 16})
	f.must(err)
	i := slices.IndexFunc(files, func(a archive.File) bool { return a.Name == "signature.json" })
	before := string(files[i].Data)
	files[i].Data = []byte(change(before))
	if before == string(files[i].Data) {
		f.t.Fatal("the signature was not changed")
	}
	out, err := archive.Pack(files)
	f.must(err)
	f.push(out)
}

// sig replaces the signature in the text of signature.json.
func sig(t *testing.T, text string, change func([]byte) []byte) string {
	t.Helper()
	var e struct{ Signatures []struct{ Sig []byte } }
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	encode := base64.StdEncoding.EncodeToString
	return strings.Replace(text, encode(e.Signatures[0].Sig), encode(change(slices.Clone(e.Signatures[0].Sig))), 1)
}

// otherS returns an Ed25519 signature with the group's order added to its S.
func otherS(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(sig[:32], sum...)
}

// TestAForgedArtifactIsRefused has somebody push what they may make of a good artifact. gwc verify and a proxy that follows the
// tag each say in one line of its own what is wrong, and the proxy serves what it served before. What only the artifact's
// signature covers, the manifests for Flux and the annotations, is no business of the proxy's.
func TestAForgedArtifactIsRefused(t *testing.T) {
	f := newForger(t)
	empty, evil := []byte("{}"), []byte("manifests")
	config := descriptor(oci.ConfigType, empty)
	ours := func() string { return descriptor(bundle.MediaType, f.next) }
	signed := func(digest string) { f.must(oci.Sign(t.Context(), f.at(digest), f.stranger, oci.Options{})) }
	const (
		unsigned = "its bundle is signed, and the artifact is not"
		spelled  = "the bundle is not spelled the way gwc writes it"
	)
	tests := []struct {
		name   string
		forge  func()
		verify string
		proxy  string // "": it takes the bundle, which is good
		pulls  bool   // gwc pull brings the bytes, as it says
	}{
		{"an index of two platforms", func() {
			inner, err := remote.Get(f.repository.Digest(f.upload(f.next, oci.Options{})))
			f.must(err)
			one := strings.TrimSuffix(descriptor(string(types.OCIManifestSchema1), inner.Manifest), "}")
			f.put(types.OCIImageIndex, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[%s,"platform":{"os":"linux","architecture":"amd64"}},%s,"platform":{"os":"linux","architecture":"arm64"}}]}`,
				types.OCIImageIndex, one, one))
		}, "it is an index of several images", "it is an index of several images", false},
		{"a manifest of a type of its own", func() { f.put("application/vnd.example+json", image(config, ours()), empty, f.next) },
			`it is of type "application/vnd.example+json"`, "it is of type", false},
		{"two bundles", func() {
			other := f.sealed(8, f.ours)
			f.put(types.OCIManifestSchema1, image(config, ours(), descriptor(bundle.MediaType, other)), empty, f.next, other)
		}, "it has 2 layers of type " + bundle.MediaType, "it has 2 layers of type", false},
		{"one bundle twice", func() { f.put(types.OCIManifestSchema1, image(config, ours(), ours()), empty, f.next) },
			"it has 2 layers of type", "it has 2 layers of type", false},
		{"no bundle", func() {
			f.put(types.OCIManifestSchema1, image(config, descriptor(oci.FluxType, f.next)), empty, f.next)
		}, "it has 0 layers of type", "it has 0 layers of type", false},
		{"layers whose types are swapped", func() {
			f.put(types.OCIManifestSchema1, image(config, descriptor(oci.FluxType, f.next), descriptor(bundle.MediaType, evil)), empty, f.next, evil)
		}, "[not-an-archive]", "not-an-archive", true},
		{"a layer that is not as large as it is said to be", func() {
			f.put(types.OCIManifestSchema1, image(config, strings.Replace(ours(), `"size":`, `"size":1`, 1)), empty, f.next)
		}, "the bundle does not have the ", "the bundle does not have the ", false},
		{"a layer of less than nothing", func() {
			f.put(types.OCIManifestSchema1, image(config, strings.Replace(ours(), `"size":`, `"size":-`, 1)), empty, f.next)
		}, "bytes, the most allowed is", "bytes, the most allowed is", false},
		{"a manifest that is none", func() { f.put(types.OCIManifestSchema1, `{"schemaVersion":2,"layers":"none"}`) },
			"its manifest cannot be read", "its manifest cannot be read", false},

		{"another configuration", func() {
			c := []byte(`{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/bin/sh"]}}`)
			f.put(types.OCIManifestSchema1, image(descriptor(string(types.OCIConfigJSON), c), ours()), c, f.next)
		}, unsigned, "", true},
		{"another annotation", func() { f.unsigned(oci.Options{Annotations: map[string]string{oci.AnnotationSerial: "9"}}, nil) }, unsigned, "", true},
		{"other manifests for Flux", func() { f.unsigned(oci.Options{Content: evil}, nil) }, unsigned, "", true},
		{"a stranger's signature of the artifact", func() { f.unsigned(oci.Options{Content: []byte("a")}, signed) }, "the artifact: it is signed by an unknown key, and not by key", "", true},
		{"an attestation for a signature", func() {
			f.unsigned(oci.Options{Content: []byte("b")}, func(digest string) {
				f.must(oci.Attest(t.Context(), f.at(digest), "https://slsa.dev/provenance/v1", struct{}{}, f.ours, oci.Options{}))
			})
		}, unsigned, "", true},
		{"a signature of another artifact with the same bundle", func() {
			f.unsigned(oci.Options{Content: []byte("c")}, func(digest string) { f.borrow(digest, f.upload(f.next, oci.Options{}), nil) })
		}, "the artifact: the signature is about another artifact", "", true},
		{"a signature with something critical more", func() {
			f.unsigned(oci.Options{Content: []byte("d")}, func(digest string) {
				f.borrow(digest, digest, func(s string) string {
					return strings.Replace(s, `"critical":{`, `"critical":{"only-for":"staging",`, 1)
				})
			})
		}, `its payload cannot be read: json: unknown field "only-for"`, "", true},
		{"a signature of another algorithm's digest", func() {
			f.unsigned(oci.Options{Content: []byte("e")}, func(digest string) {
				f.borrow(digest, digest, func(s string) string { return strings.Replace(s, "sha256:", "sha512:", 1) })
			})
		}, "the artifact: the signature is about another artifact", "", true},
		{"10,000 signatures", func() {
			f.unsigned(oci.Options{Content: []byte("f")}, nil)
			f.crowd.Store(10_000)
		}, "the artifact: 9000 more signatures and attestations are about it than the 1000 that are looked at", "", true},

		{"a path by PAX", func() {
			f.blocks(pax(entry{name: "gateway.json", size: "0", kind: '0'}, "path", "../../etc/cron.d/x")...)
		}, `entry "../../etc/cron.d/x" does not name a file inside the archive [bad-name]`, "bad-name", true},
		{"a size by PAX", func() {
			f.blocks(pax(entry{name: "x", size: "0", kind: '0'}, "size", "99999999999")...)
		}, `the tar ends within an entry [truncated]`, "truncated", true},
		{"a size below zero by PAX", func() { f.blocks(pax(entry{name: "x", size: "0", kind: '0'}, "size", "-1")...) }, "[corrupt]", "corrupt", true},
		{"a name with NUL by PAX", func() { f.blocks(pax(entry{name: "x", size: "0", kind: '0'}, "path", "manifest.json\x00x")...) }, "[corrupt]", "corrupt", true},
		{"a name with NUL", func() { f.blocks(entry{name: "manifest.json\x00x", size: "0", kind: '0'}) }, `entry "manifest.json" is there twice [duplicate-entry]`, "duplicate-entry", true},
		{"no name", func() { f.blocks(entry{size: "0", kind: '0'}) }, `entry "" does not name a file inside the archive [bad-name]`, "bad-name", true},
		{"a name with a dot", func() { f.blocks(entry{name: "./gateway.json", size: "0", kind: '0'}) }, `entry "./gateway.json" does not name`, "bad-name", true},
		{"a name that is a directory's", func() { f.blocks(entry{name: "gateway.json/", size: "0", kind: '0'}) }, `entry "gateway.json/" does not name a file inside the archive`, "bad-name", true},
		{"a name in capitals", func() { f.blocks(entry{name: "Manifest.json", size: "0", kind: '0'}) }, `the bundle holds "Manifest.json", which its manifest does not name [file-unlisted]`, "file-unlisted", true},
		{"a name for Windows", func() { f.blocks(entry{name: `..\gateway.json`, size: "0", kind: '0'}) }, "[file-unlisted]", "file-unlisted", true},
		{"a time before all times", func() { f.blocks(entry{name: "x", size: "0", mtime: "-1", kind: '0'}) }, "[corrupt]", "corrupt", true},
		{"a negative time in base 256", func() {
			f.tar(func(h *tar.Header) { h.ModTime, h.Format = time.Unix(-1, 0), tar.FormatGNU })
		}, spelled, "not-canonical", true},
		{"attributes by PAX", func() {
			f.tar(func(h *tar.Header) { h.PAXRecords, h.Format = map[string]string{"SCHILY.xattr.a": "b"}, tar.FormatPAX })
		}, spelled, "not-canonical", true},
		{"PAX for all", func() {
			f.blocks(entry{name: "pax_global_header", size: fmt.Sprintf("%011o", 20), kind: 'g', data: "20 path=gateway.jso\n"})
		}, "is of tar's type 'g', and only plain files are allowed", "not-regular", true},
		{"two megabytes of PAX", func() {
			f.blocks(pax(entry{name: "x", size: "0", kind: '0'}, "comment", strings.Repeat("x", 2<<20))...)
		}, "[corrupt]", "corrupt", true},
		{"a sparse file of GNU", func() { f.blocks(entry{name: "x", size: "0", kind: 'S'}) }, "[not-regular]", "not-regular", true},
		{"a sparse file by PAX", func() {
			f.blocks(pax(entry{name: "x", size: "0", kind: '0'}, "GNU.sparse.major", "0", "GNU.sparse.minor", "1", "GNU.sparse.name", "x",
				"GNU.sparse.size", "9999999999", "GNU.sparse.numblocks", "0", "GNU.sparse.map", "")...)
		}, "is a sparse file, and only plain files are allowed", "not-regular", true},
		{"a long name that never ends", func() { f.blocks(entry{name: "././@LongLink", size: "77777777777", kind: 'L'}) }, "[truncated]", "truncated", true},
		{"a file of the oldest tar", func() { f.blocks(entry{name: "x", size: "0"}) }, `the bundle holds "x"`, "file-unlisted", true},
		{"a multi-volume file", func() { f.blocks(entry{name: "gateway.json", size: "0", kind: 'M'}) }, "[not-regular]", "not-regular", true},

		{"gzip with a name", func() { f.push(gzipped(t, f.unzipped(), gzip.Header{Name: "bundle.tar", Comment: "x"})) }, spelled, "not-canonical", true},
		{"gzip with a field", func() { f.push(gzipped(t, f.unzipped(), gzip.Header{Extra: make([]byte, 60_000)})) }, spelled, "not-canonical", true},
		{"gzip of two members", func() {
			b := f.unzipped()
			f.push(append(gzipped(t, b[:512], gzip.Header{}), gzipped(t, b[512:], gzip.Header{})...))
		}, "follow the end of the gzip data [trailing-data]", "trailing-data", true},
		{"gzip with an empty member", func() { f.push(append(slices.Clone(f.next), gzipped(t, nil, gzip.Header{})...)) }, "[trailing-data]", "trailing-data", true},
		{"gzip of nothing before", func() { f.push(append(gzipped(t, nil, gzip.Header{}), f.next...)) }, "[trailing-data]", "trailing-data", true},

		{"a signature with a space", func() {
			f.signature(f.next, func(s string) string { return strings.Replace(s, `"sig":"`, `"sig":" `, 1) })
		},
			"signature.json is no DSSE envelope", "signature-invalid", true},
		{"a signature with a line's end", func() {
			f.signature(f.next, func(s string) string { return strings.Replace(s, `"sig":"`, `"sig":"\n`, 1) })
		},
			spelled, "not-canonical", true},
		{"a signature with another S", func() { f.signature(f.next, func(s string) string { return sig(t, s, otherS) }) },
			"does not fit what it is said to be over [signature-invalid]", "signature-invalid", true},
		{"a signature and more of it", func() {
			f.signature(f.next, func(s string) string { return sig(t, s, func(b []byte) []byte { return append(b, 0) }) })
		}, "[signature-invalid]", "signature-invalid", true},
		{"signatures twice", func() {
			f.signature(f.next, func(s string) string { return strings.Replace(s, `"signatures":`, `"signatures":[],"signatures":`, 1) })
		}, spelled, "not-canonical", true},
		{"signatures in capitals", func() {
			f.signature(f.next, func(s string) string { return strings.Replace(s, `"signatures"`, `"Signatures"`, 1) })
		}, spelled, "not-canonical", true},
		{"our name at a stranger's signature, beside a stranger's own", func() {
			f.signature(f.sealed(9, f.stranger), func(s string) string {
				i := strings.Index(s, `"signatures":[`) + len(`"signatures":[`)
				one := s[i:strings.LastIndex(s, "]")]
				return s[:i] + one + "," + strings.ReplaceAll(one, f.stranger.Public().ID(), f.ours.Public().ID()) + s[strings.LastIndex(s, "]"):]
			})
		}, "[signature-invalid]", "signature-invalid", true},
	}

	f.push(f.sealed(5, f.ours))
	serves := f.serve()
	public := filepath.Join(t.TempDir(), "gwc.pub")
	f.must(os.WriteFile(public, f.ours.Public().Marshal(), 0o600))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.crowd.Store(0)
			tt.forge()
			defer f.crowd.Store(0)
			digest, err := oci.Digest(t.Context(), f.ref, oci.Options{})
			f.must(err)
			var out, said bytes.Buffer
			a := &app{out: &out, err: &said, now: time.Now, getenv: func(string) (string, bool) { return "", false }}
			status := a.run(t.Context(), []string{"verify", f.ref, "--key", public})
			text := said.String()
			if status == 0 || out.Len() > 0 || strings.Count(text, "\n") != 1 || !strings.Contains(text, tt.verify) || len(text) > 900 {
				t.Errorf("gwc verify: status %d\n%s%s\nwant a line with %q", status, &out, text, tt.verify)
			}
			file := filepath.Join(t.TempDir(), "pulled")
			said.Reset()
			if status := a.run(t.Context(), []string{"pull", f.ref, "-o", file}); (status == 0) != tt.pulls {
				t.Errorf("gwc pull: status %d: %s", status, &said)
			}
			if _, err := os.Stat(file); (err == nil) != tt.pulls {
				t.Errorf("gwc pull left a file: %v", err)
			}
			serves(t, digest, tt.proxy)
		})
	}
}

// unzipped returns the bundle's tar.
func (f *forger) unzipped() []byte {
	f.t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(f.next))
	f.must(err)
	data, err := io.ReadAll(z)
	f.must(err)
	return data
}

// borrow puts a payload that we have signed, of one artifact, under the tag for signatures of another. What we may be brought to
// sign that is not quite it, change makes.
func (f *forger) borrow(to, of string, change func(string) string) {
	f.t.Helper()
	payload, annotations, err := sigstore.Payload(f.repository.Name(), of, f.ours)
	f.must(err)
	if change != nil {
		payload = []byte(change(string(payload)))
		by, err := f.ours.Sign(payload)
		f.must(err)
		annotations[sigstore.AnnotationSignature] = base64.StdEncoding.EncodeToString(by)
	}
	layer := strings.TrimSuffix(descriptor(sigstore.PayloadType, payload), "}")
	named, err := json.Marshal(annotations)
	f.must(err)
	c := []byte("{}")
	for _, b := range [][]byte{c, payload} {
		f.must(remote.WriteLayer(f.repository, static.NewLayer(b, "x/y")))
	}
	tag := f.repository.Tag(strings.Replace(to, ":", "-", 1) + ".sig")
	f.must(remote.Put(tag, raw{[]byte(image(descriptor(string(types.OCIConfigJSON), c), layer+`,"annotations":`+string(named)+"}")), types.OCIManifestSchema1}))
}

// serve runs a proxy that follows the tag and has serial 5. What it returns holds that an artifact is refused for a reason, or in
// words, and what was served goes on.
func (f *forger) serve() func(t *testing.T, digest, want string) {
	f.t.Helper()
	server, err := runtime.New(runtime.Options{
		Source: f.ref, PollInterval: 10 * time.Millisecond, Keys: []bundle.PublicKey{f.ours.Public()}, Environment: "test",
		Listen: map[string]string{"http": "127.0.0.1:0"}, Logger: slog.New(slog.DiscardHandler), Version: "test",
	})
	f.must(err)
	done := make(chan error, 1)
	go func() { done <- server.Run(f.t.Context()) }()
	f.t.Cleanup(func() { f.must(<-done) })
	until := func(t *testing.T, what string, holds func(runtime.Status) bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			if holds(server.Status()) {
				return
			}
		}
		t.Errorf("never: %s\nstatus %+v", what, server.Status())
	}
	serial := func(s runtime.Status) uint64 {
		if s.Active == nil {
			return 0
		}
		return s.Active.Serial
	}
	until(f.t, "the good one is served", func(s runtime.Status) bool { return serial(s) == 5 })
	served := uint64(5)
	return func(t *testing.T, digest, want string) {
		t.Helper()
		if want == "" { // the bundle is f.next
			served = 7
			until(t, "the bundle is taken", func(s runtime.Status) bool { return serial(s) == 7 && s.Refused == nil })
		} else {
			until(t, "it is refused: "+want, func(s runtime.Status) bool {
				if r := s.Refused; r != nil && strings.HasSuffix(r.Origin, digest) {
					return r.Reason == want
				}
				return strings.Contains(s.Source.LastError, digest) && strings.Contains(s.Source.LastError, want)
			})
		}
		if got := serial(server.Status()); got != served {
			t.Errorf("serial %d is served, want %d", got, served)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Status().Listeners[0].Address+"/", nil)
		f.must(err)
		answer, err := http.DefaultClient.Do(r)
		f.must(err)
		defer answer.Body.Close()
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" {
			t.Errorf("it answers %q, %v", body, err)
		}
	}
}
