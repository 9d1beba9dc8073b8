package sigstore

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gwc.dev/schema/bundle"
)

// MaxSize bounds what is read of a registry about an artifact, in bytes.
const MaxSize = 4 << 20

// A Claim is what somebody says of an artifact.
type Claim struct {
	PredicateType string           // [SignType] says only that it is theirs
	Predicate     json.RawMessage  // of a claim that is to be believed
	By            bundle.Signatory // Err is nil if it is
}

// bundleTypes are the media types of bundles that are read, the newest first: others write older ones.
var bundleTypes = []string{
	BundleType,
	"application/vnd.dev.sigstore.bundle+json;version=0.3",
	"application/vnd.dev.sigstore.bundle+json;version=0.2",
	"application/vnd.dev.sigstore.bundle+json;version=0.1",
}

// IsBundle reports whether a media type is that of a Sigstore bundle, of whatever version.
func IsBundle(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.dev.sigstore.bundle")
}

// statementTypes are the versions of in-toto's statement.
var statementTypes = []string{"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}

// ReadBundle reads a Sigstore bundle about the artifact with a digest, "sha256:<hex>". That it cannot be read is an error;
// that it should not be believed stands in the claim.
func ReadBundle(data []byte, digest string, t *bundle.Trust) (Claim, error) {
	sum, err := hexDigest(digest)
	if err != nil {
		return Claim{}, err
	}
	var d document
	if err := decode(data, &d); err != nil {
		return Claim{}, fmt.Errorf("it is no Sigstore bundle: %w", err)
	}
	if !slices.Contains(bundleTypes, d.MediaType) {
		return Claim{}, fmt.Errorf("it is no Sigstore bundle of a version that is known: its type is %.100q", d.MediaType)
	}
	if len(d.Envelope.Signatures) != 1 || d.Envelope.PayloadType != statementType {
		return Claim{}, errors.New("it holds no in-toto statement with one signature")
	}
	message := preAuthEncoding(d.Envelope.Payload)
	s, err := d.Material.signature(d.Envelope.Signatures[0].Sig)
	if err != nil {
		return Claim{}, err
	}
	if len(s.Certificates) == 0 {
		s.KeyID = whose(message, s, t)
	}
	var said struct {
		Type    string `json:"_type"`
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if err := decode(d.Envelope.Payload, &said); err != nil {
		return Claim{}, fmt.Errorf("its statement cannot be read: %w", err)
	}
	if !slices.Contains(statementTypes, said.Type) || said.PredicateType == "" {
		return Claim{}, fmt.Errorf("its statement says nothing that is known: it is of type %.100q, and its predicate of %.100q", said.Type, said.PredicateType)
	}
	c := Claim{PredicateType: said.PredicateType, By: d.Material.judge(message, s, t)}
	switch {
	case c.By.Err != nil:
	case len(said.Subject) != 1 || said.Subject[0].Digest["sha256"] != sum:
		c.By.Err = errAnother
	default:
		c.Predicate = said.Predicate
	}
	return c, nil
}

// signature returns sig with what says who made it.
func (m material) signature(sig []byte) (bundle.Signature, error) {
	s := bundle.Signature{Sig: sig}
	given := 0
	if m.Certificate != nil {
		given++
		s.Certificates = [][]byte{m.Certificate.Raw}
	}
	if m.Chain != nil {
		given++
		for _, c := range m.Chain.Certificates {
			s.Certificates = append(s.Certificates, c.Raw)
		}
		if len(s.Certificates) == 0 {
			return s, errors.New("its chain of certificates is empty")
		}
	}
	if m.PublicKey != nil {
		given++
		id, err := base64.StdEncoding.DecodeString(m.PublicKey.Hint)
		if err != nil {
			return s, errors.New("the hint at its key cannot be read")
		}
		s.KeyID = fmt.Sprintf("%x", id)
	}
	switch given {
	case 0:
		return s, errors.New("it names neither a key nor a certificate")
	case 1:
	default:
		return s, errors.New("it names more than one of a key, a certificate and a chain of certificates")
	}
	return s, nil
}

// maxTimestamps bounds how many authorities are asked for the time of one signature.
const maxTimestamps = 4

// judge says who made a signature. Of several timestamps one by an authority that is trusted with it is enough.
func (m material) judge(message []byte, s bundle.Signature, t *bundle.Trust) bundle.Signatory {
	if m.Timestamps == nil || len(m.Timestamps.RFC3161) == 0 {
		return t.Judge(message, s)
	}
	var first bundle.Signatory
	for i, stamp := range m.Timestamps.RFC3161[:min(len(m.Timestamps.RFC3161), maxTimestamps)] {
		s.Timestamp = stamp.Signed
		by := t.Judge(message, s)
		if !errors.Is(by.Err, bundle.TimestampInvalid) {
			return by
		}
		if i == 0 {
			first = by
		}
	}
	return first
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
