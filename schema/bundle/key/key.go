// Package key is the private half of signing: it makes, reads and writes the keys that seal bundles, in
// cosign's own files, so that one pair serves gwc and cosign alike.
//
// A private key is PKCS#8, encrypted under a password (scrypt and NaCl's secretbox, as
// go-securesystemslib does it), in a PEM block "ENCRYPTED SIGSTORE PRIVATE KEY"; a public key is PKIX in a
// block "PUBLIC KEY". The kinds are ECDSA P-256, cosign's, and Ed25519.
//
//	k, err := key.Load("gwc.key", password)
//	data, err := bundle.Seal(contents, k)
//
// Where a password comes from is the caller's business. The proxy does not link this package: it needs
// public keys only, and those are package bundle's.
package key

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"gwc.dev/schema/bundle"
)

// A Kind is a kind of key.
type Kind string

// The kinds that sign bundles.
const (
	ECDSA   Kind = "ecdsa-p256"
	Ed25519 Kind = "ed25519"
)

// The PEM types of a private key: what is written, and what cosign wrote before version 2.
const (
	pemType       = "ENCRYPTED SIGSTORE PRIVATE KEY"
	pemTypeCosign = "ENCRYPTED COSIGN PRIVATE KEY"
)

// ErrPassword says that a private key does not open with the password given.
var ErrPassword = errors.New("the password is wrong")

// A Private is a private key. It is a [bundle.Signer].
type Private struct {
	key    crypto.Signer // *ecdsa.PrivateKey or ed25519.PrivateKey
	public bundle.PublicKey
}

// Generate makes a new key.
func Generate(kind Kind) (*Private, error) {
	switch kind {
	case ECDSA:
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("generating a key: %w", err)
		}
		return New(k)
	case Ed25519:
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("generating a key: %w", err)
		}
		return New(k)
	}
	return nil, fmt.Errorf("there is no kind of key %q: use %q or %q", kind, ECDSA, Ed25519)
}

// New wraps an *ecdsa.PrivateKey on P-256 or an ed25519.PrivateKey.
func New(k crypto.PrivateKey) (*Private, error) {
	signer, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T is not supported: use ECDSA P-256 or Ed25519", k)
	}
	public, err := bundle.NewPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	return &Private{signer, public}, nil
}

// Public returns the public half.
func (p *Private) Public() bundle.PublicKey { return p.public }

// Sign implements [bundle.Signer]. It never draws on randomness, so the same message has the same signature.
func (p *Private) Sign(message []byte) ([]byte, error) {
	if k, ok := p.key.(*ecdsa.PrivateKey); ok {
		sum := sha256.Sum256(message)
		return k.Sign(nil, sum[:], crypto.SHA256) // no source of randomness: RFC 6979
	}
	return p.key.Sign(nil, message, crypto.Hash(0))
}

// CertificateRequest returns a request (PKCS#10) for a certificate of the key, in DER. It names nobody: whom the key
// belongs to is for the authority to find out.
func (p *Private) CertificateRequest(rand io.Reader) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand, &x509.CertificateRequest{}, p.key)
	if err != nil {
		return nil, fmt.Errorf("requesting a certificate: %w", err)
	}
	return der, nil
}

// Marshal returns the key as PEM, encrypted under password. An empty password is one, as it is for cosign.
func (p *Private) Marshal(password []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	sealed, err := encrypted.Encrypt(der, password)
	if err != nil {
		return nil, fmt.Errorf("encrypting a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: sealed}), nil
}

// Parse reads a private key from PEM. The error is [ErrPassword] if only the password is amiss.
func Parse(data, password []byte) (*Private, error) {
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, errors.New("there is no PEM block: not a private key")
	}
	switch block.Type {
	case pemType, pemTypeCosign:
	case "PUBLIC KEY":
		return nil, errors.New("it is a public key: give the private one to sign with")
	case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY":
		return nil, errors.New("the private key is not encrypted: import it with cosign import-key-pair, or make one with gwc keygen")
	default:
		return nil, fmt.Errorf("a PEM block of type %q is not supported: give an %s", block.Type, pemType)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("something follows the private key: give a file of one key")
	}
	// The library says of a damaged file and of a wrong password the same thing.
	if !json.Valid(block.Bytes) {
		return nil, errors.New("the private key is damaged: what it holds is not JSON")
	}
	der, err := encrypted.Decrypt(block.Bytes, password)
	if err != nil {
		if err.Error() == "encrypted: decryption failed" {
			return nil, ErrPassword
		}
		return nil, fmt.Errorf("the private key is damaged: %w", err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("the private key is damaged: %w", err)
	}
	return New(k)
}
