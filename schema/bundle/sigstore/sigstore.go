// Package sigstore writes signatures in the forms that cosign, Flux and admission controllers verify, about an
// artifact in a registry.
//
// What is signed is an in-toto statement, which names the artifact by its digest and says something about it:
//
//	statement, err := sigstore.Statement(digest, sigstore.SignType, struct{}{})
//	data, err := sigstore.Bundle(statement, signer)
//
// A bundle stands in the registry as a referrer of the artifact, which is what cosign writes since version 3.
// Earlier verifiers look for a [Payload] under a tag instead. Either is signed by the very keys that sign
// gwc's bundles, and is the same every time.
//
// Nothing here goes to a transparency log: verify with a key, and cosign's --insecure-ignore-tlog.
package sigstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gwc.dev/schema/bundle"
)

// Media types and annotations of what stands in a registry.
const (
	BundleType  = "application/vnd.dev.sigstore.bundle.v0.3+json"
	PayloadType = "application/vnd.dev.cosign.simplesigning.v1+json"

	AnnotationContent   = "dev.sigstore.bundle.content" // "dsse-envelope"
	AnnotationPredicate = "dev.sigstore.bundle.predicateType"
	AnnotationSignature = "dev.cosignproject.cosign/signature" // of a payload, in base64
)

// SignType is the predicate of a statement that says only: this artifact is mine.
const SignType = "https://sigstore.dev/cosign/sign/v1"

// statementType is in-toto's media type of a DSSE payload.
const statementType = "application/vnd.in-toto+json"

// Statement returns an in-toto statement (v1) about the artifact with a digest, "sha256:<hex>".
func Statement(digest, predicateType string, predicate any) ([]byte, error) {
	sum, err := hexDigest(digest)
	if err != nil {
		return nil, err
	}
	type subject struct {
		Digest map[string]string `json:"digest"`
	}
	return json.Marshal(struct {
		Type          string    `json:"_type"`
		Subject       []subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     any       `json:"predicate"`
	}{"https://in-toto.io/Statement/v1", []subject{{map[string]string{"sha256": sum}}}, predicateType, predicate})
}

// hexDigest returns the digest without its algorithm.
func hexDigest(digest string) (string, error) {
	sum, ok := strings.CutPrefix(digest, "sha256:")
	if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf("%.100q is no SHA-256 digest", digest)
	}
	return sum, nil
}

// Bundle returns a statement as a Sigstore bundle (v0.3): in a DSSE envelope that is signed by s.
func Bundle(statement []byte, s bundle.Signer) ([]byte, error) {
	sig, err := signed(preAuthEncoding(statement), s)
	if err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(s.Public().ID())
	if err != nil {
		return nil, fmt.Errorf("the key's ID: %w", err)
	}
	type (
		publicKey struct {
			Hint string `json:"hint"`
		}
		material struct {
			PublicKey publicKey `json:"publicKey"`
		}
		signature struct {
			Sig []byte `json:"sig"`
		}
		envelope struct {
			Payload     []byte      `json:"payload"`
			PayloadType string      `json:"payloadType"`
			Signatures  []signature `json:"signatures"`
		}
	)
	return json.Marshal(struct {
		MediaType string   `json:"mediaType"`
		Material  material `json:"verificationMaterial"`
		Envelope  envelope `json:"dsseEnvelope"`
	}{
		BundleType,
		material{publicKey{base64.StdEncoding.EncodeToString(id)}},
		envelope{statement, statementType, []signature{{sig}}},
	})
}

// preAuthEncoding returns what DSSE signs.
func preAuthEncoding(statement []byte) []byte {
	out := []byte("DSSEv1 " + strconv.Itoa(len(statementType)) + " " + statementType + " " + strconv.Itoa(len(statement)) + " ")
	return append(out, statement...)
}

// Payload returns what cosign signed before version 3, and the signature in base64. The repository is where the artifact
// was pushed first, and says nothing about where it may be pulled from.
func Payload(repository, digest string, s bundle.Signer) (payload []byte, signature string, err error) {
	if _, err := hexDigest(digest); err != nil {
		return nil, "", err
	}
	type (
		identity struct {
			Reference string `json:"docker-reference"`
		}
		image struct {
			Digest string `json:"docker-manifest-digest"`
		}
		critical struct {
			Identity identity `json:"identity"`
			Image    image    `json:"image"`
			Type     string   `json:"type"`
		}
	)
	payload, err = json.Marshal(struct {
		Critical critical `json:"critical"`
		Optional *string  `json:"optional"`
	}{critical{identity{repository}, image{digest}, "cosign container image signature"}, nil})
	if err != nil {
		return nil, "", err
	}
	sig, err := signed(payload, s)
	if err != nil {
		return nil, "", err
	}
	return payload, base64.StdEncoding.EncodeToString(sig), nil
}

// signed returns a signature that its key verifies.
func signed(message []byte, s bundle.Signer) ([]byte, error) {
	sig, err := s.Sign(message)
	if err != nil {
		return nil, err
	}
	if !s.Public().Verify(message, sig) {
		return nil, errors.New("the signer's signature does not fit its public key")
	}
	return sig, nil
}
