package filter_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/jwks"
)

// An issuer signs tokens.
type issuer struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

var theIssuer = sync.OnceValue(func() *issuer {
	var i issuer
	var errs [3]error
	i.rsa, errs[0] = rsa.GenerateKey(rand.Reader, 2048)
	i.ec, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, i.ed, errs[2] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		panic(err)
	}
	return &i
})

func (i *issuer) keySet(t testing.TB) string {
	t.Helper()
	data, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: i.rsa.Public(), KeyID: "rsa"}, {Key: i.ec.Public(), KeyID: "ec"}, {Key: i.ed.Public(), KeyID: "ed"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (i *issuer) sign(t testing.TB, alg jose.SignatureAlgorithm, kid string, key crypto.Signer, claims any, o *jose.SignerOptions) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, o)
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := claims.([]byte)
	if !ok {
		if payload, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var tokenTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// with returns the claims of a good token with some changed; nil removes one.
func with(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": "https://issuer.test", "aud": []string{"other", "users"}, "sub": "ann", "exp": tokenTime.Unix() + 60,
		"iat": tokenTime.Unix(), "level": 3, "scope": "read write", "roles": []string{"dev", "ops"}, "admin": true,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func encoded(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) }

// confused is a token whose MAC is made with the issuer's public key, for those who let tokens choose.
func confused(t testing.TB, i *issuer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(i.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(with(nil))
	if err != nil {
		t.Fatal(err)
	}
	input := encoded(`{"alg":"HS256","kid":"rsa"}`) + "." + encoded(string(claims))
	mac := hmac.New(sha256.New, der)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func jwtDeps() filter.Deps {
	return filter.Deps{Secrets: secrets{"ann/key": "first key"}.staged(), Now: func() time.Time { return tokenTime }}
}

func jwtConfig(t testing.TB, more string) string {
	return `"jwt": {"issuer": "https://issuer.test", "audiences": ["users"], "jwks": {"inline": ` + theIssuer().keySet(t) + `}` + more + `}`
}

func TestToken(t *testing.T) {
	i := theIssuer()
	good := with(nil)
	rs := func(claims any) string { return i.sign(t, jose.RS256, "rsa", i.rsa, claims, nil) }
	valid := rs(good)
	parts := strings.Split(valid, ".")
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	crit := func(name string, value any) string {
		return i.sign(t, jose.EdDSA, "ed", i.ed, good, (&jose.SignerOptions{}).WithHeader(jose.HeaderKey(name), value).WithHeader("crit", []string{name}))
	}
	tests := []struct{ name, token, reason string }{
		{"RS256", valid, ""},
		{"ES256", i.sign(t, jose.ES256, "ec", i.ec, good, nil), ""},
		{"EdDSA", i.sign(t, jose.EdDSA, "ed", i.ed, good, nil), ""},
		{"no key id", i.sign(t, jose.EdDSA, "", i.ed, good, nil), ""},
		{"algorithm that is not on the list", i.sign(t, jose.PS256, "rsa", i.rsa, good, nil), "token-algorithm"},
		{"alg none", encoded(`{"alg":"none"}`) + "." + parts[1] + ".", "token-algorithm"},
		{"alg None", encoded(`{"alg":"None"}`) + "." + parts[1] + ".", "token-algorithm"},
		{"no alg", encoded(`{"kid":"rsa"}`) + "." + parts[1] + "." + parts[2], "token-algorithm"},
		{"algorithm confusion", confused(t, i), "token-algorithm"},
		{"key of another kind", encoded(`{"alg":"ES256","kid":"rsa"}`) + "." + parts[1] + "." + parts[2], "token-key-unknown"},
		{"unknown key", i.sign(t, jose.EdDSA, "new", i.ed, good, nil), "token-key-unknown"},
		{"signed by a stranger", i.sign(t, jose.EdDSA, "ed", stranger, good, nil), "token-signature"},
		{"key in the token", i.sign(t, jose.EdDSA, "", stranger, good, &jose.SignerOptions{EmbedJWK: true}), "token-signature"},
		{"changed claims", parts[0] + "." + encoded(`{"iss":"https://issuer.test"}`) + "." + parts[2], "token-signature"},
		{"no signature", parts[0] + "." + parts[1] + ".", "token-signature"},
		{"critical extension", crit("x", true), "token-malformed"},
		{"unencoded payload", crit("b64", false), "token-malformed"},
		{"not a token", "x", "token-malformed"},
		{"empty", " ", "token-malformed"},
		{"two parts", parts[0] + "." + parts[1], "token-malformed"},
		{"JSON serialization", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, "token-malformed"},
		{"padding", parts[0] + "." + parts[1] + "." + parts[2] + "=", "token-malformed"},
		{"spaces inside", parts[0] + ". " + parts[1] + "." + parts[2], "token-malformed"},
		{"too long", rs(with(map[string]any{"x": strings.Repeat("x", 8<<10)})), "token-malformed"},
		{"claims that are no object", rs([]byte(`["a"]`)), "token-malformed"},
		{"claims that are null", rs([]byte(`null`)), "token-malformed"},
		{"claims and more", rs([]byte(`{} {}`)), "token-malformed"},
		{"another issuer", rs(with(map[string]any{"iss": "https://issuer.test/"})), "token-issuer"},
		{"no issuer", rs(with(map[string]any{"iss": nil})), "token-issuer"},
		{"list of issuers", rs(with(map[string]any{"iss": []string{"https://issuer.test"}})), "token-issuer"},
		{"audience as a string", rs(with(map[string]any{"aud": "users"})), ""},
		{"another audience", rs(with(map[string]any{"aud": []any{"user", 1}})), "token-audience"},
		{"no audience", rs(with(map[string]any{"aud": nil})), "token-audience"},
		{"expired within the skew", rs(with(map[string]any{"exp": tokenTime.Unix() - 29})), ""},
		{"expired", rs(with(map[string]any{"exp": tokenTime.Unix() - 30})), "token-expired"},
		{"expires never", rs(with(map[string]any{"exp": nil})), "token-claim"},
		{"expires at a text", rs(with(map[string]any{"exp": "tomorrow"})), "token-malformed"},
		{"expires beyond all numbers", rs(with(map[string]any{"exp": json.Number("1e999")})), "token-malformed"},
		{"expires at a fraction", rs(with(map[string]any{"exp": float64(tokenTime.Unix()) + 0.5})), ""},
		{"not yet, within the skew", rs(with(map[string]any{"nbf": tokenTime.Unix() + 30})), ""},
		{"not yet", rs(with(map[string]any{"nbf": tokenTime.Unix() + 31})), "token-early"},
		{"from the future", rs(with(map[string]any{"iat": tokenTime.Unix() + 31})), "token-early"},
		{"nbf is a text", rs(with(map[string]any{"nbf": "now"})), "token-malformed"},
	}
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, "")+`}}`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := get("Authorization", "bearer "+test.token)
			g.serve("a/r", x)
			if x.Reason != test.reason {
				t.Fatalf("reason %q, want %q", x.Reason, test.reason)
			}
			if test.reason == "" {
				if x.Caller.Consumer != "ann" || x.Request.Header.Count("authorization") != 0 {
					t.Errorf("caller %+v, header %v", x.Caller, x.Request.Header)
				}
				return
			}
			challenge := x.Response.Header.Get("WWW-Authenticate")
			if x.Response.Status != 401 || !strings.HasPrefix(challenge, `Bearer realm="a", error="invalid_token", error_description="`) {
				t.Errorf("status %d, challenge %q", x.Response.Status, challenge)
			}
		})
	}
}

func TestWhereTheTokenIs(t *testing.T) {
	i := theIssuer()
	token := i.sign(t, jose.EdDSA, "ed", i.ed, with(nil), nil)
	tests := []struct {
		name, config string
		header       []string
		reason       string
		left         []string
	}{
		{"no header", "", nil, "auth-missing", nil},
		{"another scheme", "", []string{"Authorization", "Basic " + token}, "auth-missing", nil},
		{"no scheme", "", []string{"Authorization", token}, "auth-missing", nil},
		{"a tab before it", "", []string{"Authorization", "Bearer\t" + token}, "", nil},
		{"two headers", "", []string{"Authorization", "Bearer " + token, "authorization", "Bearer " + token}, "token-malformed", nil},
		{"spaces around it", "", []string{"Authorization", "Bearer   " + token + " "}, "", nil},
		{"passed on", `, "forward": true`, []string{"Authorization", "Bearer " + token}, "", []string{"Authorization: Bearer " + token}},
		{"another header", `, "header": "X-Token"`, []string{"x-token", "Bearer " + token, "Authorization", "Basic x"}, "", []string{"Authorization: Basic x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, test.config)+`}}`)
			x := get(test.header...)
			g.serve("a/r", x)
			if x.Reason != test.reason {
				t.Fatalf("reason %q, want %q", x.Reason, test.reason)
			}
			if test.reason == "" {
				if diff := cmp.Diff(test.left, lines(x.Request.Header, "authorization:", "x-token:")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			} else if got := x.Response.Header.Get("WWW-Authenticate"); test.reason == "auth-missing" && got != `Bearer realm="a"` {
				t.Errorf("challenge %q", got)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestKeysFromAURL(t *testing.T) {
	i := theIssuer()
	keys := i.keySet(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		up := false
		store := jwks.New(jwks.Options{Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if !up {
				return nil, errors.New("down")
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(keys)), Request: r}, nil
		})}})
		defer store.Close()
		g := one(t, filter.Deps{Keys: store}, `{"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "https://issuer.test",
			"jwks": {"url": "https://issuer.test/keys"}}}}`)
		token := i.sign(t, jose.EdDSA, "ed", i.ed, with(map[string]any{"exp": time.Now().Unix() + 3600, "iat": nil}), nil)
		x := get("Authorization", "Bearer "+token)
		x.Context = context.Background()
		g.serve("a/r", x)
		if x.Response.Status != 503 || x.Reason != "keys-unavailable" || x.Response.Header.Get("Retry-After") != "5" {
			t.Errorf("status %d, reason %q, header %v", x.Response.Status, x.Reason, x.Response.Header)
		}
		mu.Lock()
		up = true
		mu.Unlock()
		time.Sleep(time.Minute)
		if x = get("Authorization", "Bearer "+token); !g.serve("a/r", x) {
			t.Errorf("status %d, reason %q", x.Response.Status, x.Reason)
		}
	})
}

func TestTokenConfigurationThatIsRefused(t *testing.T) {
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "",
		"algorithms": ["RS256", "none", "HS256", "rs256"], "header": "x:y", "requiredClaims": {"a": [1], "b": null, "c": {}},
		"forwardClaims": {"x-a": "", "Host": "sub", "b c": "sub"},
		"jwks": {"inline": {"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "AQ", "e": "AQAB", "d": "AQ"}, {"kty": "new"}]}}}}},
		"s": {"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "i", "jwks": {"url": "ftp://x"}, "forwardClaims": {"authorization": "sub"}}}},
		"t": {"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "i", "jwks": {}}}}}}}`)
	at := "apis.a.routes.r.auth.jwt."
	want := []string{
		at + "jwks.inline.keys.0 jwks-symmetric-key", at + "jwks.inline.keys.1 jwks-private-key", at + "jwks.inline jwks-empty",
		at + "issuer jwt-issuer", at + "requiredClaims.a jwt-claim", at + "requiredClaims.b jwt-claim", at + "requiredClaims.c jwt-claim",
		at + `header header-name`, at + "algorithms.1 jwt-algorithm", at + "algorithms.2 jwt-algorithm", at + "algorithms.3 jwt-algorithm",
		at + `forwardClaims.Host header-forbidden`, at + `forwardClaims."b c" header-name`, at + "forwardClaims.x-a jwt-claim",
		"apis.a.routes.s.auth.jwt.jwks.url jwks-source", "apis.a.routes.s.auth.jwt.forwardClaims.authorization header-forbidden",
		"apis.a.routes.t.auth.jwt.jwks jwks-source",
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzToken holds that no text but a signed token passes, and that none panics.
func FuzzToken(f *testing.F) {
	f.Add(encoded(`{"alg":"EdDSA","kid":"ed"}`) + "." + encoded(`{"iss":"https://issuer.test"}`) + ".AA")
	f.Add(encoded(`{"alg":"none"}`) + ".e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, "")+`}}`)
		x := get("Authorization", "Bearer "+token)
		if g.serve("a/r", x) || x.Response.Status != 401 {
			t.Fatalf("%q: status %d", token, x.Response.Status)
		}
	})
}
