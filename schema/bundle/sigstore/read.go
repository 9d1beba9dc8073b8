package sigstore

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"gwc.dev/schema/bundle"
)

// MaxSize bounds what is read of a registry about an artifact, in bytes.
const MaxSize = 4 << 20

// A Claim is what somebody says of an artifact.
type Claim struct {
	PredicateType string // [SignType] says only that it is theirs
	Predicate     json.RawMessage
	By            bundle.Signatory // Err is nil if the claim is to be believed
}

// ReadBundle reads a Sigstore bundle about the artifact with a digest, "sha256:<hex>". That it cannot be read is an error;
// that it should not be believed stands in the claim.
func ReadBundle(data []byte, digest string, t *bundle.Trust) (Claim, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return Claim{}, fmt.Errorf("it is no Sigstore bundle: %w", err)
	}
	if len(d.Envelope.Signatures) != 1 || d.Envelope.PayloadType != statementType {
		return Claim{}, errors.New("it holds no in-toto statement with one signature")
	}
	s := bundle.Signature{Sig: d.Envelope.Signatures[0].Sig}
	switch m := d.Material; {
	case m.Certificate != nil:
		s.Certificates = [][]byte{m.Certificate.Raw}
	case m.PublicKey != nil:
		id, err := base64.StdEncoding.DecodeString(m.PublicKey.Hint)
		if err != nil {
			return Claim{}, errors.New("the hint at its key cannot be read")
		}
		s.KeyID = fmt.Sprintf("%x", id)
		s.KeyID = whose(preAuthEncoding(d.Envelope.Payload), s, t)
	default:
		return Claim{}, errors.New("it names neither a key nor a certificate")
	}
	if m := d.Material.Timestamps; m != nil && len(m.RFC3161) > 0 {
		s.Timestamp = m.RFC3161[0].Signed
	}
	var said struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(d.Envelope.Payload, &said); err != nil {
		return Claim{}, fmt.Errorf("its statement cannot be read: %w", err)
	}
	c := Claim{PredicateType: said.PredicateType, Predicate: said.Predicate, By: t.Judge(preAuthEncoding(d.Envelope.Payload), s)}
	sum, err := hexDigest(digest)
	if err != nil {
		return Claim{}, err
	}
	if c.By.Err == nil && (len(said.Subject) != 1 || said.Subject[0].Digest["sha256"] != sum) {
		c.By.Err = errAnother
	}
	return c, nil
}

// whose returns the trusted key that made a signature, or else the one that is said to have: others hint at keys in other
// ways.
func whose(message []byte, s bundle.Signature, t *bundle.Trust) string {
	for _, k := range t.Keys {
		if k.Verify(message, s.Sig) {
			return k.ID()
		}
	}
	return s.KeyID
}

// errAnother refuses a signature that is genuine and was made for something else.
var errAnother = bundle.Refuse(bundle.SignatureInvalid, "the signature is about another artifact")

// ReadPayload reads what cosign signed before version 3, and the annotations of the layer that holds it, about the artifact
// with a digest. The form does not say which key signed, so all that are trusted are tried.
func ReadPayload(payload []byte, annotations map[string]string, digest string, t *bundle.Trust) (Claim, error) {
	sig, err := base64.StdEncoding.DecodeString(annotations[AnnotationSignature])
	if err != nil || len(sig) == 0 {
		return Claim{}, errors.New("it has no signature")
	}
	s := bundle.Signature{Sig: sig}
	for rest := []byte(annotations[annotationCertificate] + annotations[annotationChain]); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		s.Certificates = append(s.Certificates, block.Bytes)
	}
	if text := annotations[annotationTimestamp]; text != "" {
		var at stamped
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			return Claim{}, errors.New("its timestamp cannot be read")
		}
		s.Timestamp = at.Signed
	}
	var said simple
	if err := json.Unmarshal(payload, &said); err != nil {
		return Claim{}, fmt.Errorf("its payload cannot be read: %w", err)
	}
	if len(s.Certificates) == 0 {
		s.KeyID = whose(payload, s, t)
	}
	c := Claim{PredicateType: SignType, By: t.Judge(payload, s)}
	if c.By.Err == nil && (said.Critical.Image.Digest != digest || said.Critical.Type != payloadKind) {
		c.By.Err = errAnother
	}
	return c, nil
}
