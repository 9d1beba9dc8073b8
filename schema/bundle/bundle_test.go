package bundle_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/key"
)

// ecdsaKey returns a P-256 key that is the same in every run.
func ecdsaKey(t testing.TB, seed int64) *key.Private {
	t.Helper()
	raw := big.NewInt(seed + 1).FillBytes(make([]byte, 32))
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return wrap(t, k)
}

// ed25519Key returns an Ed25519 key that is the same in every run.
func ed25519Key(t testing.TB, seed byte) *key.Private {
	t.Helper()
	return wrap(t, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
}

func wrap(t testing.TB, k any) *key.Private {
	t.Helper()
	p, err := key.New(k)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// contents returns a small environment.
func contents() bundle.Contents {
	return bundle.Contents{
		Environment: "production",
		Serial:      7,
		GitRevision: "0123456789abcdef0123456789abcdef01234567",
		Gateway: &schema.Gateway{
			Environment: "production",
			Listeners:   map[string]schema.Listener{"http": {Port: 8080}},
			Upstreams:   map[string]schema.Upstream{"echo": {Endpoints: map[string]schema.Endpoint{"main": {Host: "echo", Port: 80, Weight: 1}}}},
			APIs: map[string]schema.API{"echo": {
				Owner: "team <&> \u2028 ü",
				Routes: map[string]schema.Route{"default": {
					Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/echo"}},
					Backends: map[string]schema.Backend{"echo": {Weight: 100}},
				}},
			}},
		},
		Positions: map[string]string{
			"apis.echo":                        "gateway.cue:12:7",
			"apis.echo.routes.default":         "gateway.cue:20:3",
			"apis.echo.routes.default.timeout": "production/echo.cue:4:9",
		},
	}
}

func seal(t testing.TB, c bundle.Contents, s bundle.Signer) []byte {
	t.Helper()
	data, err := bundle.Seal(c, s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func trusting(keys ...*key.Private) bundle.Trust {
	var t bundle.Trust
	for _, k := range keys {
		t.Keys = append(t.Keys, k.Public())
	}
	return t
}

func TestWhatIsSealedOpens(t *testing.T) {
	for name, k := range map[string]*key.Private{"ecdsa": ecdsaKey(t, 1), "ed25519": ed25519Key(t, 1)} {
		t.Run(name, func(t *testing.T) {
			data := seal(t, contents(), k)
			trust := trusting(ed25519Key(t, 9), k)
			trust.Environment, trust.MinSerial = "production", 7
			b, err := bundle.Open(data, trust)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(contents(), b.Contents); diff != "" {
				t.Errorf("contents (-want +got):\n%s", diff)
			}
			id := k.Public().ID()
			want := bundle.Bundle{Verified: true, By: bundle.Signatory{KeyID: id}, Signers: []bundle.Signatory{{KeyID: id}}}
			if diff := cmp.Diff(want, *b, cmpopts.IgnoreUnexported(want), cmpopts.IgnoreFields(want, "Contents", "Revision"), cmpopts.IgnoreFields(bundle.Signatory{}, "Err")); diff != "" {
				t.Errorf("bundle (-want +got):\n%s", diff)
			}
			again, err := b.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, data) {
				t.Error("Encode gave other bytes than were opened")
			}
		})
	}
}

func TestSealIsReproducible(t *testing.T) {
	for name, s := range map[string]bundle.Signer{"unsigned": nil, "ecdsa": ecdsaKey(t, 1), "ed25519": ed25519Key(t, 1)} {
		if !bytes.Equal(seal(t, contents(), s), seal(t, contents(), s)) {
			t.Errorf("%s: the same contents and key gave different bytes", name)
		}
	}
}

// The digests are fixed so that a change of the format, the compressor or the signature scheme cannot pass
// unseen: deployed proxies would refuse what it writes.
func TestTheFormatIsFixed(t *testing.T) {
	data := seal(t, contents(), ed25519Key(t, 1))
	b, err := bundle.Inspect(data)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{b.Revision, bundle.Digest(data)}
	want := []string{
		"sha256:26ad5974e9a6392578671f9ae2d1a5b052fd236842c9705aadcb28c137d16df9",
		"sha256:77314f93756eac66cfa9f4c3d991fc36d58f13d50bf8b38651288040129aab3f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revision and digest of a fixed bundle (-want +got):\n%s", diff)
	}
}

func TestFilesStandInOrder(t *testing.T) {
	files, err := archive.Unpack(seal(t, contents(), ecdsaKey(t, 1)), archive.Limits{Packed: 1 << 20, Unpacked: 1 << 20, Files: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name)
	}
	want := []string{"manifest.json", "gateway.json", "positions.json", "signature.json"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSigningAgainKeepsTheRevision(t *testing.T) {
	first, second := ecdsaKey(t, 1), ed25519Key(t, 2)
	one := seal(t, contents(), first)
	both, err := bundle.Sign(one, second)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*key.Private{first, second} {
		b, err := bundle.Open(both, trusting(k))
		if err != nil {
			t.Fatal(err)
		}
		before, err := bundle.Inspect(one)
		if err != nil {
			t.Fatal(err)
		}
		if b.Revision != before.Revision || b.By.KeyID != k.Public().ID() || len(b.Signers) != 2 {
			t.Errorf("revision %s, key %s, signers %v", b.Revision, b.By.KeyID, b.Signers)
		}
	}
	swapped, err := bundle.Sign(seal(t, contents(), second), first)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(both, swapped) {
		t.Error("the order of signing shows in the bytes")
	}
	again, err := bundle.Sign(both, first)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(both, again) {
		t.Error("signing twice with one key changed the bytes")
	}
}

func TestSealRefusesWhatOpenWould(t *testing.T) {
	tests := map[string]func(*bundle.Contents){
		"no model":            func(c *bundle.Contents) { c.Gateway = nil },
		"another environment": func(c *bundle.Contents) { c.Environment = "staging" },
		"text that is not UTF-8": func(c *bundle.Contents) {
			c.Positions = map[string]string{"apis.\xff": "a:1:1"}
		},
		"a model that is not UTF-8": func(c *bundle.Contents) {
			c.Gateway.APIs["echo"] = schema.API{Owner: "\xff"}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := contents()
			change(&c)
			if _, err := bundle.Seal(c, nil); err == nil {
				t.Error("it was sealed")
			}
		})
	}
}

func TestPositionIsTheNearestKnown(t *testing.T) {
	c := contents()
	for path, want := range map[schema.Path]string{
		"apis.echo.routes.default.timeout":        "production/echo.cue:4:9",
		"apis.echo.routes.default.backends.echo":  "gateway.cue:20:3",
		"apis.echo.routes.other":                  "gateway.cue:12:7",
		"upstreams.echo":                          "",
		schema.NewPath("apis", "echo", "a.b\"c."): "gateway.cue:12:7",
		"": "",
	} {
		if got := c.Position(path); got != want {
			t.Errorf("Position(%q) = %q, want %q", path, got, want)
		}
	}
}
