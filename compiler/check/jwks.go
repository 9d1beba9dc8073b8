package check

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// minRSA is the size that RFC 7518, section 3.3, asks for.
const minRSA = 2048

// checkJWKS: a key set has one source; one that stands in the definition holds public keys that can be used.
func checkJWKS(p *pass) {
	seen := once[*schema.Auth]{}
	for _, r := range p.routes {
		if r.Auth == nil || r.Auth.JWT == nil || !seen.first(r.Auth) {
			continue
		}
		set := r.Auth.JWT.JWKS
		inline := len(set.Inline) > 0 && string(set.Inline) != "null"
		at := r.path("auth", "jwt", "jwks")
		if (set.URL != "") == inline {
			p.report(diag.Finding{
				Code: "jwks-source", Severity: diag.Error, Path: at,
				Message: "jwks has not exactly one of url and inline",
				Hint:    `write url: "https://issuer.example.com/.well-known/jwks.json", or the public keys inline`,
			})
		}
		if inline {
			p.keySet(set.Inline, at.Join("inline", "keys"))
		}
	}
}

func (p *pass) keySet(inline schema.JSON, at schema.Path) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(inline, &set); err != nil || len(set.Keys) == 0 {
		p.report(diag.Finding{
			Code: "jwks-empty", Severity: diag.Error, Path: at,
			Message: "the key set holds no key, so that no token is accepted",
			Hint:    "put the issuer's public keys in keys, as RFC 7517 writes them",
		})
		return
	}
	for i, raw := range set.Keys {
		var key jwk
		place := at.Join(strconv.Itoa(i))
		if err := json.Unmarshal(raw, &key); err != nil {
			p.badKey(place, i, "is not a JSON Web Key")
			continue
		}
		switch {
		case key.Type == "oct":
			p.report(diag.Finding{
				Code: "jwks-symmetric-key", Severity: diag.Error, Path: place,
				Message: fmt.Sprintf("key %d is a shared secret, with which whoever verifies tokens can also sign them", i),
				Hint:    "have the issuer sign with an RSA, EC or Ed25519 key, remove this one, and take it for leaked",
			})
		case key.private():
			p.report(diag.Finding{
				Code: "jwks-private-key", Severity: diag.Error, Path: place,
				Message: fmt.Sprintf("key %d holds private key material", i),
				Hint:    "keep the public members only, and replace the key: it must be taken for leaked",
			})
		default:
			if why := key.fault(); why != "" {
				p.badKey(place, i, why)
			} else if !key.known() {
				p.report(diag.Finding{
					Code: "jwks-key", Severity: diag.Warning, Path: place,
					Message: fmt.Sprintf("key %d, of type %q and curve %q, fits no signature algorithm and is not used", i, key.Type, key.Curve),
					Hint:    "remove it; the algorithms need RSA keys, EC keys on P-256, P-384 or P-521, or Ed25519 keys",
				})
			}
		}
	}
}

func (p *pass) badKey(at schema.Path, i int, why string) {
	p.report(diag.Finding{
		Code: "jwks-key", Severity: diag.Error, Path: at,
		Message: fmt.Sprintf("key %d %s", i, why),
		Hint:    "copy the key from the issuer's key set again; RFC 7518 says which members it has",
	})
}

// A jwk is a JSON Web Key (RFC 7517, 7518 and 8037). Of private members only their presence is looked at.
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	N     string `json:"n"`
	E     string `json:"e"`
	X     string `json:"x"`
	Y     string `json:"y"`

	D   json.RawMessage `json:"d"`
	P   json.RawMessage `json:"p"`
	Q   json.RawMessage `json:"q"`
	DP  json.RawMessage `json:"dp"`
	DQ  json.RawMessage `json:"dq"`
	QI  json.RawMessage `json:"qi"`
	Oth json.RawMessage `json:"oth"`
	K   json.RawMessage `json:"k"`
}

func (k *jwk) private() bool {
	for _, m := range []json.RawMessage{k.D, k.P, k.Q, k.DP, k.DQ, k.QI, k.Oth, k.K} {
		if m != nil {
			return true
		}
	}
	return false
}

// known reports whether some algorithm takes keys of this type. Others are to be ignored (RFC 7517, section 5).
func (k *jwk) known() bool {
	curve, _ := curveOf(k.Curve)
	return k.Type == "RSA" || k.Type == "EC" && curve != nil || k.Type == "OKP" && k.Curve == "Ed25519"
}

// fault says what is wrong with a public key of a known type, or "".
func (k *jwk) fault() string {
	switch k.Type {
	case "RSA":
		n, e := member(k.N), member(k.E)
		if len(n) == 0 || len(e) == 0 {
			return "is an RSA key without a readable n and e"
		}
		if bits := new(big.Int).SetBytes(n).BitLen(); bits < minRSA {
			return fmt.Sprintf("is an RSA key of %d bits, below the %d that RFC 7518 asks for", bits, minRSA)
		}
	case "EC":
		curve, size := curveOf(k.Curve)
		if curve == nil {
			return ""
		}
		x, y := member(k.X), member(k.Y)
		if len(x) != size || len(y) != size {
			return fmt.Sprintf("has no readable x and y of %d bytes each", size)
		}
		if _, err := curve.NewPublicKey(append(append([]byte{4}, x...), y...)); err != nil {
			return "is no point of curve " + k.Curve
		}
	case "OKP":
		if k.Curve == "Ed25519" && len(member(k.X)) != ed25519.PublicKeySize {
			return fmt.Sprintf("has no readable x of %d bytes", ed25519.PublicKeySize)
		}
	}
	return ""
}

func curveOf(name string) (curve ecdh.Curve, size int) {
	switch name {
	case "P-256":
		return ecdh.P256(), 32
	case "P-384":
		return ecdh.P384(), 48
	case "P-521":
		return ecdh.P521(), 66
	}
	return nil, 0
}

// member decodes a base64url member; one that cannot be read is empty.
func member(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}
