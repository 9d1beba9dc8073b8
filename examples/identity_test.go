package examples_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keyID is the id of the issuer's key.
const keyID = "test-only"

// An issuer is the identity provider of a test: it signs tokens and serves its key set.
type issuer struct {
	key      *ecdsa.PrivateKey // testdata/issuer.pem
	stranger *ecdsa.PrivateKey // somebody else's
	keySet   string            // URL
}

func newIssuer(t *testing.T) *issuer {
	text, err := os.ReadFile("testdata/issuer.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("testdata/issuer.pem holds no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: parsed.(*ecdsa.PrivateKey), stranger: newKey(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{ // fails where the proxy has given up
			Key: i.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig",
		}}})
	}))
	t.Cleanup(server.Close)
	i.keySet = server.URL + "/jwks.json"
	return i
}

// token returns the token that a placeholder asks for: NAME=VALUE pairs, each a claim, whose value is JSON or else a
// string. Times (exp, nbf, iat) are relative to now: +10m, -1h. Without them the token is the issuer's and holds for
// an hour. "key=stranger" signs with a key that nobody knows, "alg=none" not at all.
func (i *issuer) token(description string, now time.Time) (string, error) {
	key, alg := i.key, ""
	claims := map[string]any{
		"iss": "https://id.example.com/",
		"iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(),
	}
	for _, pair := range pairs(description) {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			return "", fmt.Errorf("token: want NAME=VALUE, have %q", pair)
		case name == "key" && value == "stranger":
			key = i.stranger
		case name == "alg" && value == "none":
			alg = value
		case name == "exp" || name == "nbf" || name == "iat":
			d, err := time.ParseDuration(value)
			if err != nil {
				return "", fmt.Errorf("token: %s: %w", name, err)
			}
			claims[name] = now.Add(d).Unix()
		default:
			claims[name] = jsonOr(value)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if alg == "none" {
		return unsigned(payload), nil
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// unsigned returns a token of the algorithm "none" (RFC 7519, section 6).
func unsigned(payload []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + "."
}

// pairs splits a description at spaces that do not stand in quotes.
func pairs(description string) []string {
	quoted := false
	return strings.FieldsFunc(description, func(c rune) bool {
		if c == '"' {
			quoted = !quoted
		}
		return c == ' ' && !quoted
	})
}

// jsonOr returns text as the JSON value that it is, else as a string.
func jsonOr(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}
