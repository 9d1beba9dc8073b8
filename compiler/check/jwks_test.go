package check_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"gwc.dev/schema"
)

func TestCheckJWKS(t *testing.T) {
	run(t, []test{
		{"no source", jwks(schema.JWKS{}), []string{
			"error jwks-source apis.echo.routes.default.auth.jwt.jwks: jwks has not exactly one of url and inline",
			`  help: write url: "https://issuer.example.com/.well-known/jwks.json", or the public keys inline`,
		}},
		{"two sources", jwks(schema.JWKS{URL: "https://issuer.example.com/keys", Inline: keySet(public)}), []string{
			"error jwks-source apis.echo.routes.default.auth.jwt.jwks: jwks has not exactly one of url and inline",
			`  help: write url: "https://issuer.example.com/.well-known/jwks.json", or the public keys inline`,
		}},
		{"an address is fine", jwks(schema.JWKS{URL: "https://issuer.example.com/keys"}), nil},
		{"public keys are fine", jwks(schema.JWKS{Inline: keySet(public, edwards, rsa(256))}), nil},
		{"no keys", jwks(schema.JWKS{Inline: keySet()}), []string{
			"error jwks-empty apis.echo.routes.default.auth.jwt.jwks.inline.keys: the key set holds no key, so that no token is accepted",
			"  help: put the issuer's public keys in keys, as RFC 7517 writes them",
		}},
		{"not a key set", jwks(schema.JWKS{Inline: schema.JSON(`{"keys":{}}`)}), []string{
			"error jwks-empty apis.echo.routes.default.auth.jwt.jwks.inline.keys: the key set holds no key, so that no token is accepted",
			"  help: put the issuer's public keys in keys, as RFC 7517 writes them",
		}},
		{"private keys", jwks(schema.JWKS{Inline: keySet(public, with(public, `"d":"secret"`), with(rsa(256), `"qi":null,"p":"secret"`))}), []string{
			"error jwks-private-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.1: key 1 holds private key material",
			"  help: keep the public members only, and replace the key: it must be taken for leaked",
			"error jwks-private-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.2: key 2 holds private key material",
			"  help: keep the public members only, and replace the key: it must be taken for leaked",
		}},
		{"a shared secret", jwks(schema.JWKS{Inline: keySet(`{"kty":"oct","k":"secret"}`)}), []string{
			"error jwks-symmetric-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.0: key 0 is a shared secret, with which whoever verifies tokens can also sign them",
			"  help: have the issuer sign with an RSA, EC or Ed25519 key, remove this one, and take it for leaked",
		}},
		{"a short RSA key", jwks(schema.JWKS{Inline: keySet(rsa(128))}), []string{
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.0: key 0 is an RSA key of 1024 bits, below the 2048 that RFC 7518 asks for",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
		}},
		{"members that are missing or no base64url", jwks(schema.JWKS{Inline: keySet(`{"kty":"RSA","n":"+/","e":"AQAB"}`, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `{"kty":"OKP","crv":"Ed25519"}`, `7`)}), []string{
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.0: key 0 is an RSA key without a readable n and e",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.1: key 1 has no readable x and y of 32 bytes each",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.2: key 2 has no readable x of 32 bytes",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.3: key 3 is not a JSON Web Key",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
		}},
		{"a point that is on no curve", jwks(schema.JWKS{Inline: keySet(`{"kty":"EC","crv":"P-256","x":"` + zeros(32) + `","y":"` + zeros(32) + `"}`)}), []string{
			"error jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.0: key 0 is no point of curve P-256",
			"  help: copy the key from the issuer's key set again; RFC 7518 says which members it has",
		}},
		{"keys that no algorithm takes", jwks(schema.JWKS{Inline: keySet(public, `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`, `{"kty":"OKP","crv":"X25519","x":"AA"}`, `{"kty":"new"}`)}), []string{
			`warning jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.1: key 1, of type "EC" and curve "secp256k1", fits no signature algorithm and is not used`,
			"  help: remove it; the algorithms need RSA keys, EC keys on P-256, P-384 or P-521, or Ed25519 keys",
			`warning jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.2: key 2, of type "OKP" and curve "X25519", fits no signature algorithm and is not used`,
			"  help: remove it; the algorithms need RSA keys, EC keys on P-256, P-384 or P-521, or Ed25519 keys",
			`warning jwks-key apis.echo.routes.default.auth.jwt.jwks.inline.keys.3: key 3, of type "new" and curve "", fits no signature algorithm and is not used`,
			"  help: remove it; the algorithms need RSA keys, EC keys on P-256, P-384 or P-521, or Ed25519 keys",
		}},
	})
}

// Keys from RFC 7517, appendix A.1, and RFC 8037, appendix A.2.
const (
	public = `{"kty":"EC","crv":"P-256","kid":"1",` +
		`"x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
	edwards = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

// rsa returns a public key whose modulus has so many bytes.
func rsa(size int) string {
	n := make([]byte, size)
	n[0], n[size-1] = 0x80, 1
	return `{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(n) + `"}`
}

func zeros(size int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, size)) }

// with adds members to a key.
func with(key, members string) string { return strings.TrimSuffix(key, "}") + "," + members + "}" }

func keySet(keys ...string) schema.JSON {
	return schema.JSON(fmt.Sprintf(`{"keys":[%s]}`, strings.Join(keys, ",")))
}

func jwks(set schema.JWKS) func(*schema.Gateway) {
	return only(func(r *schema.Route) { r.Auth.JWT = &schema.JWTAuth{Issuer: "https://issuer.example.com", JWKS: set} })
}
