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
// Nothing here goes to a transparency log: verify with cosign's --insecure-ignore-tlog.
package sigstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
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

	annotationCertificate = "dev.sigstore.cosign/certificate" // PEM
	annotationChain       = "dev.sigstore.cosign/chain"       // PEM
	annotationTimestamp   = "dev.sigstore.cosign/rfc3161timestamp"
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
	by, err := bundle.SignatureOf(preAuthEncoding(statement), s)
	if err != nil {
		return nil, err
	}
	var m material
	if len(by.Certificates) > 0 {
		m.Certificate = &certificate{by.Certificates[0]}
	} else {
		id, err := hex.DecodeString(by.KeyID)
		if err != nil {
			return nil, fmt.Errorf("the key's ID: %w", err)
		}
		m.PublicKey = &publicKey{base64.StdEncoding.EncodeToString(id)}
	}
	if by.Timestamp != nil {
		m.Timestamps = &timestamps{[]timestamp{{by.Timestamp}}}
	}
	return json.Marshal(document{BundleType, m, envelope{statement, statementType, []signature{{by.Sig}}}})
}

// A document is a Sigstore bundle, in the fields that are written or read here.
type document struct {
	MediaType string   `json:"mediaType"`
	Material  material `json:"verificationMaterial"`
	Envelope  envelope `json:"dsseEnvelope"`
}

type material struct {
	PublicKey   *publicKey   `json:"publicKey,omitempty"`
	Certificate *certificate `json:"certificate,omitempty"`
	Chain       *chain       `json:"x509CertificateChain,omitempty"` // in its place before version 0.3
	Timestamps  *timestamps  `json:"timestampVerificationData,omitempty"`
}

type publicKey struct {
	Hint string `json:"hint"`
}

type certificate struct {
	Raw []byte `json:"rawBytes"`
}

type chain struct {
	Certificates []certificate `json:"certificates"`
}

type timestamps struct {
	RFC3161 []timestamp `json:"rfc3161Timestamps"`
}

type timestamp struct {
	Signed []byte `json:"signedTimestamp"`
}

type envelope struct {
	Payload     []byte      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	Sig []byte `json:"sig"`
}

// preAuthEncoding returns what DSSE signs.
func preAuthEncoding(statement []byte) []byte {
	out := []byte("DSSEv1 " + strconv.Itoa(len(statementType)) + " " + statementType + " " + strconv.Itoa(len(statement)) + " ")
	return append(out, statement...)
}
