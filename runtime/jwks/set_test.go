package jwks_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/jwks"
)

func jwk(t testing.TB, k jose.JSONWebKey) json.RawMessage {
	t.Helper()
	data, err := k.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keySet(t testing.TB, keys ...json.RawMessage) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func edKey(t testing.TB) ed25519.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0") // the small key is there to be refused
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestParseKeepsUsableKeysOnly(t *testing.T) {
	big := rsaKey(t, 2048)
	data := keySet(t,
		jwk(t, jose.JSONWebKey{Key: &big.PublicKey, KeyID: "rsa"}),
		jwk(t, jose.JSONWebKey{Key: big, KeyID: "private"}),
		jwk(t, jose.JSONWebKey{Key: &rsaKey(t, 1024).PublicKey, KeyID: "small"}),
		jwk(t, jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "shared"}),
		jwk(t, jose.JSONWebKey{Key: edKey(t), KeyID: "enc", Use: "enc"}),
		jwk(t, jose.JSONWebKey{Key: edKey(t), KeyID: "mac", Algorithm: "HS256"}),
		json.RawMessage(`{"kty":"future","kid":"future"}`),
		json.RawMessage(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`),
		json.RawMessage(`"text"`),
		json.RawMessage(`{"kty":"RSA","n":"AQ","e":"AQAB","d":"AQ"}`),
		json.RawMessage(`{}`),
	)
	set, faults, err := jwks.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	type fault struct {
		Index    int
		Code     string
		Harmless bool
	}
	var got []fault
	for _, f := range faults {
		got = append(got, fault{f.Index, f.Code, f.Harmless})
		if f.Reason == "" {
			t.Errorf("key %d has no reason", f.Index)
		}
	}
	want := []fault{
		{1, "jwks-private-key", false}, {2, "jwks-key", false}, {3, "jwks-symmetric-key", false}, {4, "jwks-key", true},
		{5, "jwks-key", true}, {6, "jwks-key", true}, {7, "jwks-key", false}, {8, "jwks-key", false},
		{9, "jwks-private-key", false}, {10, "jwks-key", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if set.Len() != 1 {
		t.Errorf("%d keys, want 1", set.Len())
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ data, want string }{
		{``, "not a key set"},
		{`[]`, "not a key set"},
		{`{}`, "no usable key"},
		{`{"keys":[]}`, "no usable key"},
		{`{"keys":[{"kty":"oct","k":"AAAA"}]}`, "no usable key"},
		{`{"keys":[` + strings.Repeat(`{},`, 256) + `{}]}`, "more than 256 keys"},
	}
	for _, test := range tests {
		if _, _, err := jwks.Parse([]byte(test.data)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Parse(%.40s): %v, want an error with %q", test.data, err, test.want)
		}
	}
}

// No token chooses a key of another kind than its algorithm's.
func TestKeysFitTheirAlgorithm(t *testing.T) {
	big := rsaKey(t, 2048)
	set, _, err := jwks.Parse(keySet(t,
		jwk(t, jose.JSONWebKey{Key: &big.PublicKey, KeyID: "rsa"}),
		jwk(t, jose.JSONWebKey{Key: &big.PublicKey, KeyID: "ps", Algorithm: "PS256", Use: "sig"}),
		jwk(t, jose.JSONWebKey{Key: &ecKey(t, elliptic.P256()).PublicKey, KeyID: "p256"}),
		jwk(t, jose.JSONWebKey{Key: &ecKey(t, elliptic.P384()).PublicKey, KeyID: "p384"}),
		jwk(t, jose.JSONWebKey{Key: edKey(t), KeyID: "ed"}),
		jwk(t, jose.JSONWebKey{Key: edKey(t), KeyID: "ed"}),
	))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		kid, alg string
		want     int
	}{
		{"rsa", "RS256", 1}, {"rsa", "PS512", 1}, {"rsa", "ES256", 0}, {"rsa", "HS256", 0}, {"rsa", "none", 0}, {"rsa", "", 0},
		{"ps", "PS256", 1}, {"ps", "RS256", 0}, {"ps", "PS384", 0},
		{"p256", "ES256", 1}, {"p256", "ES384", 0}, {"p384", "ES384", 1},
		{"ed", "EdDSA", 2}, {"ed", "RS256", 0},
		{"none", "RS256", 0},
		{"", "RS256", 1}, {"", "PS256", 2}, {"", "EdDSA", 2},
	}
	for _, test := range tests {
		if keys := set.Find(test.kid, test.alg); len(keys) != test.want {
			t.Errorf("Find(%q, %q) = %d keys, want %d", test.kid, test.alg, len(keys), test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, _, err := jwks.Parse(data)
		if (err == nil) != (set != nil && set.Len() > 0) {
			t.Fatalf("Parse(%q) = %v, %v", data, set, err)
		}
	})
}
