package routetest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/schema"
)

// A key signs for an issuer.
type issuerKey struct {
	alg string
	key crypto.Signer
}

func issuerKeys(t *testing.T) []issuerKey {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return []issuerKey{{"RS256", r}, {"PS256", r}, {"ES256", curveKey(t, elliptic.P256())}, {"ES384", curveKey(t, elliptic.P384())}, {"EdDSA", e}}
}

func curveKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func asPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func asJWK(t *testing.T, key any, id, alg string) []byte {
	t.Helper()
	data, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: id, Algorithm: alg})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func signer(t *testing.T, data []byte) *routetest.Signer {
	t.Helper()
	s, err := routetest.ReadSigner(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asksForTokens is a model of an API for each algorithm, each of an issuer of its own, and tests of them.
func asksForTokens(t *testing.T, keys []issuerKey) (model, tests string) {
	t.Helper()
	var apis, all []string
	for _, k := range keys {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: curveKey(t, elliptic.P256()).Public(), KeyID: "another"}, {Key: k.key.Public(), KeyID: "the-one"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		apis = append(apis, fmt.Sprintf(`%[1]q: {"hosts": [%[1]q], "auth": {"jwt": {"issuer": "https://%[1]s.test", "algorithms": [%[1]q],
			"audiences": ["us"], "requiredClaims": {"scope": "read"}, "jwks": {"inline": %[2]s}}}, "routes": {"all": {"respond": {"status": 204}}}}`, k.alg, set))
		url := fmt.Sprintf(`"url": "http://%s/"`, strings.ToLower(k.alg))
		all = append(all,
			fmt.Sprintf(`"%[1]s passes": {"request": {%[2]s, "claims": {"scope": "read"}}, "want": {"status": 204}}`, k.alg, url),
			fmt.Sprintf(`"%[1]s lacks": {"request": {%[2]s, "claims": {"scope": "write"}}, "want": {"status": 403}}`, k.alg, url),
			fmt.Sprintf(`"%[1]s late": {"request": {%[2]s, "claims": {"scope": "read", "exp": 1}}, "want": {"status": 401}}`, k.alg, url),
			fmt.Sprintf(`"%[1]s for others": {"request": {%[2]s, "claims": {"scope": "read", "aud": "them"}}, "want": {"status": 401}}`, k.alg, url))
	}
	return fmt.Sprintf(`"listeners": {"http": {"port": 80}}, "apis": {%s}`, strings.Join(apis, ",\n")), strings.Join(all, ",\n")
}

// serveLive has the runtime serve a model, and returns the gateway that listens.
func serveLive(t *testing.T, model string) *routetest.Live {
	t.Helper()
	g, err := schema.Decode([]byte(`{"environment": "test", ` + model + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return dial(t, "http://"+runtimetest.Serve(t, g.Resolve(), runtime.Options{RevealRoute: true})["http"])
}

// Tokens of each kind of key are taken by the runtime as they are by the compiled table.
func TestSendMakesTokens(t *testing.T) {
	keys := issuerKeys(t)
	model, tests := asksForTokens(t, keys)
	s, live := usable(t, model, tests), serveLive(t, model)
	if diff := cmp.Diff([]string(nil), failures(s.Run())); diff != "" {
		t.Fatalf("without a network (-want +got):\n%s", diff)
	}
	for form, write := range map[string]func(k issuerKey) []byte{
		"PEM":                 func(k issuerKey) []byte { return asPEM(t, k.key) },
		"JWK":                 func(k issuerKey) []byte { return asJWK(t, k.key, "", "") },
		"JWK, id, algorithm":  func(k issuerKey) []byte { return asJWK(t, k.key, "the-one", k.alg) },
		"PEM behind comments": func(k issuerKey) []byte { return append([]byte("the key:\n"), asPEM(t, k.key)...) },
	} {
		t.Run(form, func(t *testing.T) {
			live.Signers = map[string]*routetest.Signer{}
			for _, k := range keys {
				live.Signers["https://"+k.alg+".test"] = signer(t, write(k))
			}
			results, err := s.Send(t.Context(), live)
			if err != nil {
				t.Fatal(err)
			}
			for name, came := range outcomes(results) {
				if came != "passed" {
					t.Errorf("%s: %s", name, came)
				}
			}
		})
	}
}

// A key that the gateway does not know fails the tests, with what the gateway says of the token.
func TestSendWithAnotherKey(t *testing.T) {
	keys := issuerKeys(t)[2:3]
	model, tests := asksForTokens(t, keys)
	s, live := usable(t, model, tests), serveLive(t, model)
	for name, test := range map[string]struct {
		key  []byte
		want string
	}{
		"of the same kind": {
			asPEM(t, curveKey(t, elliptic.P256())),
			at + `: want status 204, got 401 (route ES256/all, status 401 (The token's signature is not valid))`,
		},
		"of another id": {
			asJWK(t, keys[0].key, "an-older-one", ""),
			at + `: want status 204, got 401 (route ES256/all, status 401 (The key that the token names is not known))`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			live.Signers = map[string]*routetest.Signer{"https://ES256.test": signer(t, test.key)}
			results, err := s.Send(t.Context(), live)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcomes(results)["ES256 passes"]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A test whose token cannot be made is skipped, and says whose key is missing; other tests are sent.
func TestSendWithoutKeys(t *testing.T) {
	keys := issuerKeys(t)[3:]
	model, tests := asksForTokens(t, keys)
	model = strings.Replace(model, `"apis": {`, `"apis": {"open": {"hosts": ["open"], "routes": {"all": {"respond": {"status": 204}}}}, `, 1)
	s, live := usable(t, model, tests+`, "nobody asks": {"request": {"url": "http://open/", "claims": {"sub": "ann"}}, "want": {"status": 204}}`), serveLive(t, model)
	live.Signers = map[string]*routetest.Signer{"https://EdDSA.test": signer(t, asPEM(t, keys[1].key))}
	results, err := s.Send(t.Context(), live)
	if err != nil {
		t.Fatal(err)
	}
	got := outcomes(results)
	missing := `skipped: the signing key of issuer "https://ES384.test" is not known here`
	for name, want := range map[string]string{
		"ES384 passes": missing, "ES384 late": missing, "EdDSA passes": "passed", "EdDSA lacks": "passed", "nobody asks": "passed",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}

// What keeps all tests from being sent is said, and nothing is sent.
func TestSendRefusesSigners(t *testing.T) {
	keys := issuerKeys(t)[2:]
	model, tests := asksForTokens(t, keys)
	s := usable(t, model, tests)
	ed := signer(t, asPEM(t, keys[2].key))
	for name, test := range map[string]struct {
		signers map[string]*routetest.Signer
		want    string
	}{
		"an issuer that nobody knows": {
			map[string]*routetest.Signer{"https://elsewhere.example": ed},
			`no route takes tokens of issuer "https://elsewhere.example", only of https://ES256.test, https://ES384.test, https://EdDSA.test`,
		},
		"an issuer written wrong": {
			map[string]*routetest.Signer{"https://EdDSA.test/": ed},
			`no route takes tokens of issuer "https://EdDSA.test/": did you mean "https://EdDSA.test"?`,
		},
		"a key of another kind": {
			map[string]*routetest.Signer{"https://ES256.test": ed},
			`test "ES256 for others": the signing key of issuer "https://ES256.test" makes EdDSA, and the route accepts ES256`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := dial(t, "http://127.0.0.1:1")
			live.Signers = test.signers
			_, err := s.Send(t.Context(), live)
			if fmt.Sprint(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	open := usable(t, `"listeners": {"http": {"port": 80}}, "apis": {"a": {"routes": {"b": {"respond": {}}}}}`, "")
	live := dial(t, "http://127.0.0.1:1")
	live.Signers = map[string]*routetest.Signer{"https://a.test": ed}
	if _, err := open.Send(t.Context(), live); fmt.Sprint(err) != `no route takes tokens of issuer "https://a.test", or of anybody` {
		t.Error(err)
	}
}

func TestReadSignerRefuses(t *testing.T) {
	public, err := x509.MarshalPKIXPublicKey(curveKey(t, elliptic.P256()).Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, data []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	for name, test := range map[string]struct{ data, want string }{
		"nothing":           {"", "neither PEM nor a JSON Web Key"},
		"text":              {"key", "neither PEM nor a JSON Web Key"},
		"a public key":      {block("PUBLIC KEY", public), "it has the public key, and tokens are signed with the private one"},
		"a certificate":     {block("CERTIFICATE", nil), "it has the public key, and tokens are signed with the private one"},
		"an encrypted key":  {block("ENCRYPTED PRIVATE KEY", nil), "the key is encrypted: write it without a password, for instance with openssl pkey"},
		"a broken key":      {block("PRIVATE KEY", []byte{1}), `a PEM block "PRIVATE KEY" is no private key`},
		"a curve too small": {string(asPEM(t, curveKey(t, elliptic.P224()))), "want an RSA, EC (P-256, P-384, P-521) or Ed25519 key, and an algorithm of it"},
		"an open object":    {"{", "no JSON Web Key: unexpected end of JSON input"},
		"an object":         {"{}", "no JSON Web Key: go-jose/go-jose: missing json web key type"},
		"a secret":          {`{"kty": "oct", "k": "AAAA"}`, "a shared secret signs for nobody here: want an RSA, EC (P-256, P-384, P-521) or Ed25519 key"},
		"a set":             {`{"keys": []}`, "it is a set of keys: write the one to sign with"},
		"a public JWK":      {string(asJWK(t, curveKey(t, elliptic.P256()).Public(), "", "")), "it has the public key, and tokens are signed with the private one"},
		"another algorithm": {string(asJWK(t, curveKey(t, elliptic.P256()), "", "RS256")), "want an RSA, EC (P-256, P-384, P-521) or Ed25519 key, and an algorithm of it"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := routetest.ReadSigner([]byte(test.data)); fmt.Sprint(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// at is where the position of what a test wants stands where there is no source.
const at = `tests."ES256 passes".want.status`

// A token holds for minutes, and says who has made it for whom.
func TestTokensAreShort(t *testing.T) {
	keys := issuerKeys(t)[2:3]
	model, tests := asksForTokens(t, keys)
	s, live := usable(t, model, tests), serveLive(t, model)
	live.Signers = map[string]*routetest.Signer{"https://ES256.test": signer(t, asPEM(t, keys[0].key))}
	for past, want := range map[time.Duration]string{
		0:           "passed",
		time.Hour:   at + ": want status 204, got 401 (route ES256/all, status 401 (The token has expired))",
		-time.Hour:  at + ": want status 204, got 401 (route ES256/all, status 401 (The token is not valid yet))",
		time.Second: "passed",
	} {
		live.Now = func() time.Time { return time.Now().Add(-past) }
		results, err := s.Send(t.Context(), live)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes(results)["ES256 passes"]; got != want {
			t.Errorf("made %v ago: got %q, want %q", past, got, want)
		}
	}
}
