package routetest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/schema"
)

// A Signer makes tokens as an issuer does whose private key it has.
type Signer struct {
	key        any
	id         string // the key's, where its file has one
	algorithms []string
}

// ReadSigner reads a private key: PEM (PKCS #8, or the older forms of RSA and EC keys), or a JSON Web Key (RFC 7517).
func ReadSigner(data []byte) (*Signer, error) {
	if data = bytes.TrimSpace(data); bytes.HasPrefix(data, []byte("{")) {
		return readJWK(data)
	}
	block, rest := pem.Decode(data)
	for block != nil && block.Type == "EC PARAMETERS" { // openssl writes these before the key
		block, rest = pem.Decode(rest)
	}
	switch {
	case block == nil:
		return nil, errors.New("neither PEM nor a JSON Web Key")
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, errors.New("the key is encrypted: write it without a password, for instance with openssl pkey")
	case strings.Contains(block.Type, "PUBLIC KEY") || block.Type == "CERTIFICATE":
		return nil, errors.New("it has the public key, and tokens are signed with the private one")
	}
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	} {
		if key, err := parse(block.Bytes); err == nil {
			return newSigner(key, "", "")
		}
	}
	return nil, fmt.Errorf("a PEM block %q is no private key", block.Type)
}

func readJWK(data []byte) (*Signer, error) {
	var set struct{ Keys json.RawMessage }
	if json.Unmarshal(data, &set) == nil && set.Keys != nil {
		return nil, errors.New("it is a set of keys: write the one to sign with")
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("no JSON Web Key: %w", err)
	}
	_, shared := key.Key.([]byte)
	switch {
	case shared:
		return nil, errors.New("a shared secret signs for nobody here: want an RSA, EC (P-256, P-384, P-521) or Ed25519 key")
	case key.IsPublic():
		return nil, errors.New("it has the public key, and tokens are signed with the private one")
	case !key.Valid():
		return nil, errors.New("the JSON Web Key is not valid")
	}
	return newSigner(key.Key, key.KeyID, key.Algorithm)
}

// newSigner returns who signs with a key; algorithm is what the key says that it is for, "" anything.
func newSigner(key any, id, algorithm string) (*Signer, error) {
	s := &Signer{key: key, id: id}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		s.algorithms = []string{"RS256", "PS256", "RS384", "PS384", "RS512", "PS512"}
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			s.algorithms = []string{"ES256"}
		case elliptic.P384():
			s.algorithms = []string{"ES384"}
		case elliptic.P521():
			s.algorithms = []string{"ES512"}
		}
	case ed25519.PrivateKey:
		s.algorithms = []string{"EdDSA"}
	}
	if algorithm != "" {
		s.algorithms = slices.DeleteFunc(s.algorithms, func(alg string) bool { return alg != algorithm })
	}
	if len(s.algorithms) == 0 {
		return nil, errors.New("want an RSA, EC (P-256, P-384, P-521) or Ed25519 key, and an algorithm of it")
	}
	return s, nil
}

// tokenLife is how long a token holds: long enough for a clock that goes wrong, and too short to be of use to anybody else.
const tokenLife = 2 * time.Minute

// token returns a token that says what the claims do, and what a route asks of every token.
func (s *Signer) token(asked *schema.JWTAuth, claims map[string]schema.JSON, now time.Time) (string, error) {
	algorithm := ""
	for _, alg := range s.algorithms {
		if slices.Contains(asked.Algorithms, alg) {
			algorithm = alg
			break
		}
	}
	if algorithm == "" {
		return "", fmt.Errorf("the signing key of issuer %q makes %s, and the route accepts %s",
			asked.Issuer, strings.Join(s.algorithms, ", "), strings.Join(asked.Algorithms, ", "))
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: jose.JSONWebKey{Key: s.key, KeyID: s.idIn(asked.JWKS.Inline)}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("signing with the key of issuer %q: %w", asked.Issuer, err)
	}
	signed, err := signer.Sign(payload(asked, claims, now, tokenLife))
	if err != nil {
		return "", fmt.Errorf("signing with the key of issuer %q: %w", asked.Issuer, err)
	}
	return signed.CompactSerialize()
}

// idIn returns the key's id: its own, or the one that it has in a set; "": it has none there, or the set is elsewhere.
// Without an id gwproxy tries the keys that fit the algorithm.
func (s *Signer) idIn(keys schema.JSON) string {
	var set jose.JSONWebKeySet
	if s.id != "" || json.Unmarshal([]byte(keys), &set) != nil {
		return s.id
	}
	public, ok := s.key.(crypto.Signer).Public().(interface{ Equal(crypto.PublicKey) bool })
	for _, key := range set.Keys {
		if ok && public.Equal(key.Key) {
			return key.KeyID
		}
	}
	return ""
}

// payload returns what a token says (RFC 7519): the claims, and of those that they do not have, what a route asks of every
// token.
func payload(asked *schema.JWTAuth, claims map[string]schema.JSON, now time.Time, life time.Duration) []byte {
	all := map[string]any{"iss": asked.Issuer, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix()}
	if len(asked.Audiences) > 0 {
		all["aud"] = asked.Audiences[0]
	}
	for name, value := range claims {
		all[name] = value
	}
	data, _ := json.Marshal(all) // strings, numbers, and JSON that was read as such
	return data
}
