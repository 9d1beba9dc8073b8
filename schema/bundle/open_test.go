package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/key"
)

// parts are a bundle taken apart, for a forger to change.
type parts map[string]string

func takeApart(t testing.TB, data []byte) parts {
	t.Helper()
	files, err := archive.Unpack(data, archive.Limits{Packed: bundle.MaxSize, Unpacked: bundle.MaxUnpacked, Files: 16})
	if err != nil {
		t.Fatal(err)
	}
	p := parts{}
	for _, f := range files {
		p[f.Name] = string(f.Data)
	}
	return p
}

// pack puts the parts together the way Seal does, whatever is in them.
func (p parts) pack(t testing.TB) []byte {
	t.Helper()
	names := slices.Sorted(maps.Keys(p))
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == "manifest.json":
			return -1
		case b == "manifest.json":
			return 1
		}
		return strings.Compare(a, b)
	})
	var files []archive.File
	for _, name := range names {
		files = append(files, archive.File{Name: name, Data: []byte(p[name])})
	}
	data, err := archive.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sign replaces the envelope with one that is valid for the manifest there is, made by DSSE's own library.
func (p parts) sign(t testing.TB, k *key.Private) {
	t.Helper()
	const payloadType = "application/vnd.gwc.bundle.manifest.v1+json"
	sig, err := k.Sign(dsse.PAE(payloadType, []byte(p["manifest.json"])))
	if err != nil {
		t.Fatal(err)
	}
	p["signature.json"] = asJSON(t, map[string]any{
		"payloadType": payloadType,
		"payload":     []byte(p["manifest.json"]),
		"signatures":  []map[string]any{{"keyid": k.Public().ID(), "sig": sig}},
	})
}

// rewrite changes a JSON file of the parts.
func (p parts) rewrite(t testing.TB, name string, change func(map[string]any)) {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(p[name]), &v); err != nil {
		t.Fatal(err)
	}
	change(v)
	p[name] = asJSON(t, v)
}

// bind makes the manifest name a file as it is.
func (p parts) bind(t testing.TB, name string) {
	t.Helper()
	p.rewrite(t, "manifest.json", func(m map[string]any) {
		m["files"].(map[string]any)[name] = map[string]any{"digest": bundle.Digest([]byte(p[name])), "size": len(p[name])}
	})
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + "\n"
}

// tarOf packs entries with the standard library, as any tool would.
func tarOf(t testing.TB, p parts, extra ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(p[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, p[name]); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range extra {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zip(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func noise(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.Read(out)
	return out
}

func TestOpenFailsClosed(t *testing.T) {
	k, other := ecdsaKey(t, 1), ed25519Key(t, 2)
	sealed := seal(t, contents(), k)
	intact := bundle.Trust{Keys: trusting(k).Keys, Environment: "production", MinSerial: 7}

	// forge returns the sealed bundle with its parts changed.
	forge := func(change func(p parts)) []byte {
		p := takeApart(t, sealed)
		change(p)
		return p.pack(t)
	}
	// foreign returns the same packed by tar(1) and gzip(1), with entries added.
	foreign := func(extra ...tar.Header) []byte { return zip(t, tarOf(t, takeApart(t, sealed), extra...)) }

	tests := []struct {
		name   string
		data   []byte
		trust  func(*bundle.Trust)
		reason string
	}{
		{name: "empty", data: nil, reason: "not-an-archive"},
		{name: "garbage", data: []byte("<html>404 not found</html>"), reason: "not-an-archive"},
		{name: "garbage that is short", data: []byte("<html>"), reason: "not-an-archive"},
		{name: "gzip of garbage", data: zip(t, noise(4096)), reason: "corrupt"},
		{name: "an empty tar", data: zip(t, tarOf(t, nil)), reason: "manifest-missing"},
		{name: "ends in the header", data: sealed[:5], reason: "truncated"},
		{name: "ends half-way", data: sealed[:len(sealed)/2], reason: "truncated"},
		{name: "lacks the last byte", data: sealed[:len(sealed)-1], reason: "truncated"},
		{name: "tar ends half-way", data: zip(t, tarOf(t, takeApart(t, sealed))[:700]), reason: "truncated"},
		{name: "checksum differs", data: flip(sealed, len(sealed)-6), reason: "corrupt"},
		{name: "larger than the bound", data: make([]byte, bundle.MaxSize+1), reason: "too-large"},
		{name: "a decompression bomb", data: bomb(t), reason: "too-large"},
		{name: "a second gzip member", data: append(bytes.Clone(sealed), sealed...), reason: "trailing-data"},
		{name: "bytes after the gzip", data: append(bytes.Clone(sealed), 0), reason: "trailing-data"},
		{name: "bytes after the tar", data: zip(t, append(tarOf(t, takeApart(t, sealed)), "more"...)), reason: "trailing-data"},
		{name: "an entry twice", data: foreign(tar.Header{Name: "manifest.json"}), reason: "duplicate-entry"},
		{name: "a symbolic link", data: foreign(tar.Header{Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), reason: "not-regular"},
		{name: "a hard link", data: foreign(tar.Header{Name: "x", Typeflag: tar.TypeLink, Linkname: "gateway.json"}), reason: "not-regular"},
		{name: "a device", data: foreign(tar.Header{Name: "x", Typeflag: tar.TypeChar}), reason: "not-regular"},
		{name: "a named pipe", data: foreign(tar.Header{Name: "x", Typeflag: tar.TypeFifo}), reason: "not-regular"},
		{name: "a directory", data: foreign(tar.Header{Name: "x/", Typeflag: tar.TypeDir}), reason: "not-regular"},
		{name: "a path that climbs", data: foreign(tar.Header{Name: "../gateway.json"}), reason: "bad-name"},
		{name: "an absolute path", data: foreign(tar.Header{Name: "/gateway.json"}), reason: "bad-name"},
		{name: "an unclean path", data: foreign(tar.Header{Name: "./gateway.json"}), reason: "bad-name"},
		{name: "too many entries", data: zip(t, tarOf(t, many(17))), reason: "too-many-entries"},
		{name: "no manifest", data: forge(func(p parts) { delete(p, "manifest.json") }), reason: "manifest-missing"},

		{name: "never signed", data: seal(t, contents(), nil), reason: "unsigned"},
		{name: "signature stripped", data: forge(func(p parts) { delete(p, "signature.json") }), reason: "unsigned"},
		{name: "signatures emptied", data: forge(func(p parts) {
			p.rewrite(t, "signature.json", func(e map[string]any) { e["signatures"] = []any{} })
		}), reason: "unsigned"},
		{name: "signatures null", data: forge(func(p parts) {
			p.rewrite(t, "signature.json", func(e map[string]any) { e["signatures"] = nil })
		}), reason: "unsigned"},
		{name: "signed by a stranger", data: forge(func(p parts) { p.sign(t, other) }), reason: "unknown-key"},
		{name: "signed by a stranger, with a model that is none", data: forge(func(p parts) {
			p["gateway.json"] = "{"
			p.bind(t, "gateway.json")
			p.sign(t, other)
		}), reason: "unknown-key"},
		{name: "a stranger's signature under our key's name", data: forge(func(p parts) {
			p.sign(t, other)
			p["signature.json"] = strings.ReplaceAll(p["signature.json"], other.Public().ID(), k.Public().ID())
		}), reason: "signature-invalid"},
		{name: "our signature without a name", data: forge(func(p parts) {
			p["signature.json"] = strings.ReplaceAll(p["signature.json"], k.Public().ID(), "")
		}), reason: "unknown-key"},
		{name: "signature of another bundle", data: forge(func(p parts) {
			c := contents()
			c.Serial++
			p["signature.json"] = takeApart(t, seal(t, c, k))["signature.json"]
		}), reason: "signature-invalid"},
		{name: "another bundle's signature with our payload", data: forge(func(p parts) {
			c := contents()
			c.Serial++
			p.rewrite(t, "signature.json", func(e map[string]any) {
				var theirs map[string]any
				_ = json.Unmarshal([]byte(takeApart(t, seal(t, c, k))["signature.json"]), &theirs)
				e["signatures"] = theirs["signatures"]
			})
		}), reason: "signature-invalid"},
		{name: "payload type changed", data: forge(func(p parts) {
			p.rewrite(t, "signature.json", func(e map[string]any) { e["payloadType"] = "text/plain" })
		}), reason: "signature-invalid"},
		{name: "signature is no envelope", data: forge(func(p parts) { p["signature.json"] = "[]" }), reason: "signature-invalid"},
		{name: "a manifest that is a bomb", data: forge(func(p parts) {
			p["manifest.json"] = `{"formatVersion":1,"files":{` + strings.Repeat(`"a":{},`, 10_000) + `"b":{}}}`
		}), reason: "malformed"},
		{name: "signatures that are a bomb", data: forge(func(p parts) {
			p["signature.json"] = `{"signatures":[` + strings.Repeat(`{},`, 100_000) + `{}]}`
		}), reason: "signature-invalid"},
		{name: "far too many signatures", data: forge(func(p parts) {
			p.rewrite(t, "signature.json", func(e map[string]any) {
				e["signatures"] = slices.Repeat(e["signatures"].([]any), 17)
			})
		}), reason: "signature-invalid"},
		{name: "manifest changed", data: forge(func(p parts) {
			p["manifest.json"] = strings.Replace(p["manifest.json"], `"serial":7`, `"serial":8`, 1)
		}), reason: "signature-invalid"},
		{name: "manifest changed and the payload with it", data: forge(func(p parts) {
			p["manifest.json"] = strings.Replace(p["manifest.json"], `"serial":7`, `"serial":8`, 1)
			p.rewrite(t, "signature.json", func(e map[string]any) { e["payload"] = []byte(p["manifest.json"]) })
		}), reason: "signature-invalid"},

		{name: "model changed", data: forge(func(p parts) {
			p["gateway.json"] = strings.Replace(p["gateway.json"], "8080", "8081", 1)
		}), reason: "digest-differs"},
		{name: "model broken", data: forge(func(p parts) { p["gateway.json"] = "{" }), reason: "digest-differs"},
		{name: "model changed, packed by tar", data: func() []byte {
			p := takeApart(t, sealed)
			p["gateway.json"] = strings.Replace(p["gateway.json"], "8080", "8081", 1)
			return zip(t, append(tarOf(t, p), make([]byte, 8192)...))
		}(), reason: "digest-differs"},
		{name: "positions changed", data: forge(func(p parts) {
			p["positions.json"] = strings.Replace(p["positions.json"], "12:7", "13:7", 1)
		}), reason: "digest-differs"},
		{name: "model missing", data: forge(func(p parts) { delete(p, "gateway.json") }), reason: "file-missing"},
		{name: "positions missing", data: forge(func(p parts) { delete(p, "positions.json") }), reason: "file-missing"},
		{name: "a file too many", data: forge(func(p parts) { p["extra.json"] = "{}" }), reason: "file-unlisted"},
		{name: "signed manifest without the model", data: forge(func(p parts) {
			p.rewrite(t, "manifest.json", func(m map[string]any) { delete(m["files"].(map[string]any), "gateway.json") })
			delete(p, "gateway.json")
			p.sign(t, k)
		}), reason: "file-missing"},
		{name: "signed manifest with a file more", data: forge(func(p parts) {
			p["extra.json"] = "{}"
			p.bind(t, "extra.json")
			p.sign(t, k)
		}), reason: "not-canonical"},

		{name: "a format from the future", data: forge(func(p parts) {
			p["manifest.json"] = strings.Replace(p["manifest.json"], `"formatVersion":1`, `"formatVersion":2`, 1)
			p.sign(t, k)
		}), reason: "future-format"},
		{name: "no format version", data: forge(func(p parts) {
			p["manifest.json"] = strings.Replace(p["manifest.json"], `"formatVersion":1`, `"formatVersion":0`, 1)
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed manifest that is no JSON", data: forge(func(p parts) {
			p["manifest.json"] = "formatVersion: 1"
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed manifest with an unknown field", data: forge(func(p parts) {
			p.rewrite(t, "manifest.json", func(m map[string]any) { m["critical"] = true })
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed model with an unknown field", data: forge(func(p parts) {
			p.rewrite(t, "gateway.json", func(g map[string]any) { g["listner"] = map[string]any{} })
			p.bind(t, "gateway.json")
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed positions that are a list", data: forge(func(p parts) {
			p["positions.json"] = "[]"
			p.bind(t, "positions.json")
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed model of another environment", data: forge(func(p parts) {
			p.rewrite(t, "gateway.json", func(g map[string]any) { g["environment"] = "staging" })
			p.bind(t, "gateway.json")
			p.sign(t, k)
		}), reason: "malformed"},
		{name: "signed model with a space", data: forge(func(p parts) {
			p["gateway.json"] = strings.Replace(p["gateway.json"], ":", ": ", 1)
			p["manifest.json"] = string(rebound(t, p))
			p.sign(t, k)
		}), reason: "not-canonical"},
		{name: "packed by tar", data: foreign(), reason: "not-canonical"},

		{name: "another environment", data: sealed, trust: func(t *bundle.Trust) { t.Environment = "staging" }, reason: "wrong-environment"},
		{name: "an older serial", data: sealed, trust: func(t *bundle.Trust) { t.MinSerial = 8 }, reason: "older-serial"},
		{name: "the serial in force with other content", data: sealed, trust: func(t *bundle.Trust) { t.Revision = "sha256:00" }, reason: "serial-reused"},
		{name: "no key trusted", data: sealed, trust: func(t *bundle.Trust) { t.Keys = nil }, reason: "no-trusted-key"},
		{name: "a key that is none", data: sealed, trust: func(t *bundle.Trust) { t.Keys = []bundle.PublicKey{{}} }, reason: "unknown-key"},
	}
	if _, err := bundle.Open(sealed, intact); err != nil {
		t.Fatalf("the bundle is refused before anyone tampered with it: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trust := intact
			if tt.trust != nil {
				tt.trust(&trust)
			}
			b, err := bundle.Open(tt.data, trust)
			if err == nil || b != nil {
				t.Fatalf("it was opened: %v", b)
			}
			if got := bundle.Reason(err); got != tt.reason {
				t.Errorf("refused as %q, want %q: %v", got, tt.reason, err)
			}
			if text := err.Error(); len(text) > 600 || strings.Contains(text, "\n") {
				t.Errorf("the message is not one clear line: %s", text)
			}
		})
	}
}

// Of all that Trust can say only InsecureSkipVerify accepts a bundle whose signature was stripped.
func TestAStrippedSignatureIsNeverTrust(t *testing.T) {
	k := ecdsaKey(t, 1)
	p := takeApart(t, seal(t, contents(), k))
	delete(p, "signature.json")
	stripped := p.pack(t)
	inForce, err := bundle.Inspect(stripped)
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]bundle.PublicKey{nil, {}, {{}}, trusting(k).Keys, trusting(k, ed25519Key(t, 1)).Keys} {
		for _, environment := range []string{"", "production"} {
			for _, revision := range []string{"", inForce.Revision} {
				trust := bundle.Trust{Keys: keys, Environment: environment, MinSerial: 7, Revision: revision}
				if _, err := bundle.Open(stripped, trust); err == nil {
					t.Errorf("accepted by %+v", trust)
				}
				trust.InsecureSkipVerify = true
				b, err := bundle.Open(stripped, trust)
				if err != nil {
					t.Errorf("refused although told to skip verification: %v", err)
				} else if b.Verified || b.By.KeyID != "" {
					t.Errorf("an unsigned bundle claims to be verified: %+v", b)
				}
			}
		}
	}
}

func TestRefusalsAreFoundByErrorsIs(t *testing.T) {
	k := ecdsaKey(t, 1)
	_, err := bundle.Open(seal(t, contents(), nil), trusting(k))
	if !errors.Is(err, bundle.Unsigned) {
		t.Errorf("%v is not Unsigned", err)
	}
	_, err = bundle.Open(nil, trusting(k))
	if !errors.Is(err, archive.NotAnArchive) {
		t.Errorf("%v is not NotAnArchive", err)
	}
	for _, err := range []error{nil, io.EOF} {
		if got := bundle.Reason(err); got != "" {
			t.Errorf("Reason(%v) = %q", err, got)
		}
	}
}

// An ECDSA signature has a second spelling, with the group's order less its S. Anybody can write it, and all that it makes is
// another file of the same revision.
func TestTheOtherSpellingOfASignatureIsTheSameRevision(t *testing.T) {
	k := ecdsaKey(t, 1)
	sealed := seal(t, contents(), k)
	p := takeApart(t, sealed)
	p.rewrite(t, "signature.json", func(e map[string]any) {
		s := e["signatures"].([]any)[0].(map[string]any)
		der, err := base64.StdEncoding.DecodeString(s["sig"].(string))
		if err != nil {
			t.Fatal(err)
		}
		var sig struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &sig); err != nil {
			t.Fatal(err)
		}
		sig.S.Sub(elliptic.P256().Params().N, sig.S)
		if der, err = asn1.Marshal(sig); err != nil {
			t.Fatal(err)
		}
		s["sig"] = base64.StdEncoding.EncodeToString(der)
	})
	// As Seal spells it: a map's fields are in another order.
	var e struct {
		PayloadType string           `json:"payloadType"`
		Payload     []byte           `json:"payload"`
		Signatures  []map[string]any `json:"signatures"`
	}
	if err := json.Unmarshal([]byte(p["signature.json"]), &e); err != nil {
		t.Fatal(err)
	}
	p["signature.json"] = asJSON(t, e)
	other := p.pack(t)
	if bytes.Equal(other, sealed) {
		t.Fatal("nothing was changed")
	}
	want, err := bundle.Open(sealed, trusting(k))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bundle.Open(other, trusting(k)); err != nil || got.Revision != want.Revision || got.By.KeyID != k.Public().ID() {
		t.Errorf("opened %+v, %v", got, err)
	}
}

// A changed bit in any byte in the file is noticed.
func TestEveryByteCounts(t *testing.T) {
	k := ed25519Key(t, 1)
	sealed := seal(t, contents(), k)
	for i := range sealed {
		if b, err := bundle.Open(flip(sealed, i), trusting(k)); err == nil {
			t.Fatalf("byte %d changed, and %s was opened", i, b.Revision)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := ed25519Key(f, 1)
	sealed := seal(f, contents(), k)
	f.Add(sealed)
	f.Add(seal(f, contents(), nil))
	f.Add(seal(f, contents(), ecdsaKey(f, 1)))
	f.Add(sealed[:len(sealed)/2])
	f.Add(zip(f, tarOf(f, takeApart(f, sealed))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, trust := range []bundle.Trust{{InsecureSkipVerify: true}, trusting(k)} {
			b, err := bundle.Open(data, trust)
			if err != nil {
				if bundle.Reason(err) == "" {
					t.Errorf("refused without a reason: %v", err)
				}
				continue
			}
			again, err := b.Encode()
			if err != nil {
				t.Fatalf("opened, but does not encode: %v", err)
			}
			if !bytes.Equal(again, data) {
				t.Errorf("opened from %d bytes, encodes to %d others", len(data), len(again))
			}
			if b.Verified == trust.InsecureSkipVerify {
				t.Errorf("Verified is %v under %+v", b.Verified, trust)
			}
		}
	})
}

func flip(data []byte, i int) []byte {
	out := bytes.Clone(data)
	out[i] ^= 1
	return out
}

// A proxy has little memory, and whoever can write where bundles come from can write anything there.
func TestNothingIsHeldThatNobodyVouchesFor(t *testing.T) {
	k := ed25519Key(t, 1)
	signed := func(change func(parts)) []byte {
		p := takeApart(t, seal(t, contents(), k))
		change(p)
		return p.pack(t)
	}
	large := strings.Repeat(" ", 32<<20)
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"more than is allowed": {bomb(t), "too-large"},
		"a file that grew":     {signed(func(p parts) { p["gateway.json"] += large }), "digest-differs"},
		"a file more":          {signed(func(p parts) { p["more.json"] = large }), "file-unlisted"},
		"a manifest that grew": {signed(func(p parts) { p["manifest.json"] += large }), "malformed"},
		"signatures that grew": {signed(func(p parts) { p["signature.json"] += large }), "signature-invalid"},
		"a model by nobody": {signed(func(p parts) {
			delete(p, "signature.json")
			p["gateway.json"] += large
			p.bind(t, "gateway.json")
		}), "unsigned"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := bundle.Open(tt.data, trusting(k))
		runtime.ReadMemStats(&after)
		if got := bundle.Reason(err); got != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
			t.Errorf("%s: an archive of %d bytes took %d bytes of memory", name, len(tt.data), took)
		}
	}
}

// bomb is a small file that unpacks to more than is allowed: a mebibyte of zeros, compressed once, again and
// again.
func bomb(t testing.TB) []byte {
	t.Helper()
	var chunk bytes.Buffer
	w := gzip.NewWriter(&chunk)
	_, err := w.Write(make([]byte, 1<<20))
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	const header = 10
	out := bytes.Clone(chunk.Bytes()[:header])
	return append(out, bytes.Repeat(chunk.Bytes()[header:], bundle.MaxUnpacked>>20+1)...)
}

func many(n int) parts {
	p := parts{}
	for i := range n {
		p[string(rune('a'+i))] = ""
	}
	return p
}

// rebound returns the manifest with gateway.json's new digest and size, spelled as Seal spells it.
func rebound(t testing.TB, p parts) []byte {
	t.Helper()
	var m struct {
		FormatVersion int    `json:"formatVersion"`
		Environment   string `json:"environment"`
		Serial        uint64 `json:"serial"`
		GitRevision   string `json:"gitRevision"`
		Files         map[string]struct {
			Digest string `json:"digest"`
			Size   int    `json:"size"`
		} `json:"files"`
	}
	if err := json.Unmarshal([]byte(p["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	f := m.Files["gateway.json"]
	f.Digest, f.Size = bundle.Digest([]byte(p["gateway.json"])), len(p["gateway.json"])
	m.Files["gateway.json"] = f
	return []byte(asJSON(t, m))
}
