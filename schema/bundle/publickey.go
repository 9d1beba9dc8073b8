package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Signer signs manifests. Package key's private keys are signers.
type Signer interface {
	Public() PublicKey
	// Sign returns a signature over message that Public verifies, the same every time: ECDSA P-256 over
	// SHA-256 in ASN.1 with RFC 6979's nonces, or Ed25519.
	Sign(message []byte) ([]byte, error)
}

// A CertifiedSigner is a Signer whose key is known by a certificate, and not by itself.
type CertifiedSigner interface {
	Signer
	// Certificates returns the key's certificate and those it is chained with, in DER, without a root.
	Certificates() [][]byte
	// Timestamp returns proof of when a signature was made: an RFC 3161 response in DER, or nil without an authority
	// that gives one.
	Timestamp(sig []byte) ([]byte, error)
}

// A PublicKey verifies signatures. The zero PublicKey verifies none.
type PublicKey struct {
	// Expires is when the trust in it ends; the zero time is never. It is no part of the key: files of keys do not say it.
	Expires time.Time

	key crypto.PublicKey // *ecdsa.PublicKey or ed25519.PublicKey
	id  string
	der []byte // PKIX
}

// NewPublicKey wraps an ECDSA P-256 or an Ed25519 key.
func NewPublicKey(k crypto.PublicKey) (PublicKey, error) {
	switch k := k.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return PublicKey{}, fmt.Errorf("an ECDSA key on curve %s is not supported: use P-256 or Ed25519", k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	default:
		return PublicKey{}, fmt.Errorf("a key of type %T is not supported: use ECDSA P-256 or Ed25519", k)
	}
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encoding a public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{key: k, id: hex.EncodeToString(sum[:]), der: der}, nil
}

// ID returns the SHA-256 of the key's PKIX form, in hexadecimal.
func (k PublicKey) ID() string { return k.id }

// Key returns the key as package crypto has it.
func (k PublicKey) Key() crypto.PublicKey { return k.key }

// Marshal returns the key as PEM, as cosign and openssl read it.
func (k PublicKey) Marshal() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der})
}

// Verify reports whether sig is k's signature over message.
func (k PublicKey) Verify(message, sig []byte) bool {
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, sum[:], sig)
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, sig)
	}
	return false
}

// ParsePublicKeys reads the keys of a PEM file, of which there may be several while one follows another. A
// file of which any part cannot be read is an error, so that no key is lost without a word.
func ParsePublicKeys(data []byte) ([]PublicKey, error) {
	var keys []PublicKey
	rest := data
	for {
		before := rest
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		// pem.Decode steps over what it cannot read.
		if strings.Count(string(before[:len(before)-len(rest)]), "-----BEGIN") != 1 {
			return nil, errors.New("a PEM block is damaged")
		}
		k, err := parsePublicKey(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if strings.Contains(string(rest), "-----BEGIN") {
		return nil, errors.New("a PEM block is damaged")
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no PEM block: not a public key")
	}
	return keys, nil
}

func parsePublicKey(block *pem.Block) (PublicKey, error) {
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return PublicKey{}, errors.New("it is a private key: give the public one, and keep this one secret")
	}
	if block.Type != "PUBLIC KEY" {
		return PublicKey{}, fmt.Errorf("a PEM block of type %q is not supported: give a PUBLIC KEY", block.Type)
	}
	k, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("the public key is damaged: %w", err)
	}
	return NewPublicKey(k)
}
