package jwks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	// minRSA is the size in bits that RFC 7518, section 3.3, asks for; more than maxRSA only costs time.
	minRSA, maxRSA = 2048, 8192
	// maxKeys bounds a set, and maxTries how many keys a token that names none is tried with.
	maxKeys, maxTries = 256, 8
)

// A Set is an issuer's public keys, which never change, and what it remembers of the tokens that they signed.
type Set struct {
	keys   []key
	tokens memory
}

type key struct {
	id     string
	alg    string // the only one that the key is for; "": any that fits it
	public any
}

// A Fault is a key of a set that is not used.
type Fault struct {
	Index int
	// Code is "jwks-symmetric-key", "jwks-private-key" or "jwks-key".
	Code   string
	Reason string
	// Harmless says that the key is none of ours: RFC 7517, section 5, has it ignored.
	Harmless bool
}

// Parse reads a key set (RFC 7517). Keys that are not usable are left out and reported; it is an error when
// none is left.
func Parse(data []byte) (*Set, []Fault, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, nil, fmt.Errorf("not a key set: %w", err)
	}
	if len(raw.Keys) > maxKeys {
		return nil, nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	set := &Set{tokens: memory{seed: maphash.MakeSeed()}}
	var faults []Fault
	for i, data := range raw.Keys {
		k, fault := parseKey(data)
		if fault != nil {
			fault.Index = i
			faults = append(faults, *fault)
			continue
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		return nil, faults, errors.New("the key set holds no usable key")
	}
	return set, faults, nil
}

// parseKey looks for secret members before anything else: whoever publishes them has to hear of it, whether
// the key is usable or not.
func parseKey(data []byte) (key, *Fault) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return key{}, &Fault{Code: "jwks-key", Reason: "is not a JSON object"}
	}
	if string(members["kty"]) == `"oct"` {
		return key{}, &Fault{Code: "jwks-symmetric-key", Reason: "is a shared secret"}
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := members[name]; ok {
			return key{}, &Fault{Code: "jwks-private-key", Reason: "holds private key material"}
		}
	}
	var k jose.JSONWebKey
	err := k.UnmarshalJSON(data)
	switch {
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		return key{}, unused("is of a type that signs no tokens here")
	case err != nil || !k.Valid() || !k.IsPublic():
		return key{}, &Fault{Code: "jwks-key", Reason: "is not a valid public key"}
	case k.Use != "" && k.Use != "sig":
		return key{}, unused("is not for signatures")
	}
	if public, ok := k.Key.(*rsa.PublicKey); ok {
		if n := public.N.BitLen(); n < minRSA || n > maxRSA {
			return key{}, &Fault{Code: "jwks-key", Reason: fmt.Sprintf("is an RSA key of %d bits", n)}
		}
	}
	out := key{id: k.KeyID, alg: k.Algorithm, public: k.Key}
	for _, alg := range algorithms {
		if out.makes(alg) {
			return out, nil
		}
	}
	return key{}, unused("fits no signature algorithm")
}

func unused(reason string) *Fault { return &Fault{Code: "jwks-key", Reason: reason, Harmless: true} }

var algorithms = [...]string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// Algorithm reports whether alg is one that tokens may be signed with. None of them is a MAC, and "none" is not
// among them.
func Algorithm(alg string) bool {
	for _, a := range algorithms {
		if a == alg {
			return true
		}
	}
	return false
}

// makes reports whether signatures of alg can be the key's. A key is never used with an algorithm of another
// kind than its own (RFC 8725, section 3.1).
func (k *key) makes(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return len(alg) == 5 && (alg[:2] == "RS" || alg[:2] == "PS")
	case *ecdsa.PublicKey:
		switch alg {
		case "ES256":
			return public.Curve == elliptic.P256()
		case "ES384":
			return public.Curve == elliptic.P384()
		case "ES512":
			return public.Curve == elliptic.P521()
		}
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// Find returns the keys that a token of that key id and algorithm can be signed with; none: the key is
// unknown. Without a key id those are all that fit the algorithm, up to a bound.
func (s *Set) Find(kid, alg string) []any {
	var found []any
	for i := range s.keys {
		k := &s.keys[i]
		if (kid == "" || k.id == kid) && k.makes(alg) && len(found) < maxTries {
			found = append(found, k.public)
		}
	}
	return found
}

// has reports whether Find finds any.
func (s *Set) has(kid, alg string) bool {
	return slices.ContainsFunc(s.keys, func(k key) bool { return (kid == "" || k.id == kid) && k.makes(alg) })
}

// Current returns s: where keys stand in a model, they are what they are, as opposed to a [Remote]'s.
func (s *Set) Current() *Set { return s }

// Having returns s, as a [Remote] does that knows no newer keys. It never fails.
func (s *Set) Having(context.Context, string, string) (*Set, error) { return s, nil }

// Newer returns s: there is no other.
func (s *Set) Newer(context.Context, *Set, string) *Set { return s }

// same reports whether two sets have the same keys in the same order.
func (s *Set) same(other *Set) bool {
	return slices.EqualFunc(s.keys, other.keys, func(a, b key) bool {
		public, ok := a.public.(interface{ Equal(crypto.PublicKey) bool })
		return a.id == b.id && a.alg == b.alg && ok && public.Equal(b.public)
	})
}

// Len returns the number of keys.
func (s *Set) Len() int { return len(s.keys) }
