package sigstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"gwc.dev/schema/bundle"
)

// ReadPayload reads what cosign signed before version 3, and the annotations of the layer that holds it, about the artifact
// with a digest. The form does not say which key signed, so all that are trusted are tried. Nor is it asked under which name
// the artifact was signed: it may have been copied since.
func ReadPayload(payload []byte, annotations map[string]string, digest string, t *bundle.Trust) (Claim, error) {
	sig, err := base64.StdEncoding.DecodeString(annotations[AnnotationSignature])
	if err != nil || len(sig) == 0 {
		return Claim{}, errors.New("it has no signature")
	}
	s := bundle.Signature{Sig: sig}
	if s.Certificates, err = chainOf(annotations); err != nil {
		return Claim{}, err
	}
	if text := annotations[annotationTimestamp]; text != "" {
		var at stamped
		if err := decode([]byte(text), &at); err != nil {
			return Claim{}, errors.New("its timestamp cannot be read")
		}
		s.Timestamp = at.Signed
	}
	if len(s.Certificates) == 0 {
		s.KeyID = whose(payload, s, t)
	}
	said, err := readCritical(payload)
	if err != nil {
		return Claim{}, fmt.Errorf("its payload cannot be read: %w", err)
	}
	c := Claim{PredicateType: SignType, By: t.Judge(payload, s)}
	if c.By.Err == nil && (said.Image.Digest != digest || said.Type != payloadKind) {
		c.By.Err = errAnother
	}
	return c, nil
}

// readCritical returns the part of a payload of which nothing may be overlooked.
func readCritical(payload []byte) (critical, error) {
	var said struct {
		Critical json.RawMessage `json:"critical"`
	}
	if err := decode(payload, &said); err != nil {
		return critical{}, err
	}
	if said.Critical == nil {
		return critical{}, errors.New("nothing is critical in it")
	}
	dec := json.NewDecoder(bytes.NewReader(said.Critical))
	dec.DisallowUnknownFields()
	var c critical
	return c, dec.Decode(&c)
}

// chainOf returns the certificates in annotations, the key's own first.
func chainOf(annotations map[string]string) ([][]byte, error) {
	chain, err := disarm(annotations[annotationCertificate])
	if err != nil {
		return nil, fmt.Errorf("its certificate cannot be read: %w", err)
	}
	if len(chain) > 1 {
		return nil, errors.New("it has more than one certificate of its own")
	}
	more, err := disarm(annotations[annotationChain])
	if err != nil {
		return nil, fmt.Errorf("its chain of certificates cannot be read: %w", err)
	}
	if len(chain) == 0 && len(more) > 0 {
		return nil, errors.New("it has a chain of certificates, and none of its own")
	}
	return append(chain, more...), nil
}

// disarm reads certificates in PEM; of no text none.
func disarm(text string) ([][]byte, error) {
	var der [][]byte
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block is of type %.100q", block.Type)
		}
		der = append(der, block.Bytes)
	}
	if strings.Count(text, "-----BEGIN") != len(der) || len(der) == 0 && strings.TrimSpace(text) != "" {
		return nil, errors.New("it is no PEM, or damaged")
	}
	return der, nil
}
