package bundle

import (
	"slices"
	"strconv"
	"strings"

	"gwc.dev/schema"
)

// payloadType tells a signature over a manifest from one over anything else.
const payloadType = "application/vnd.gwc.bundle.manifest.v1+json"

// maxSignatures bounds the work that an envelope can ask for.
const maxSignatures = 16

// An envelope is signature.json, as DSSE defines it, so that any DSSE verifier can check it by itself. Its
// signatures are sorted by key, one a key.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"` // manifest.json once more
	Signatures  []Signature `json:"signatures"`
}

// preAuthEncoding returns what is signed: DSSE's PAE of the manifest.
func preAuthEncoding(manifest []byte) []byte {
	out := []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(manifest)) + " ")
	return append(out, manifest...)
}

// countersign returns signatures with one over manifest by s, in place of an older one by the same key.
func countersign(signatures []Signature, manifest []byte, s Signer) ([]Signature, error) {
	ours, err := SignatureOf(preAuthEncoding(manifest), s)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Clone(signatures), func(s Signature) bool { return s.KeyID == ours.KeyID })
	return append(others, ours), nil
}

// encodeEnvelope returns the one spelling of signature.json.
func encodeEnvelope(manifest []byte, signatures []Signature) ([]byte, error) {
	signatures = slices.SortedStableFunc(slices.Values(signatures), func(a, b Signature) int { return strings.Compare(a.KeyID, b.KeyID) })
	signatures = slices.CompactFunc(signatures, func(a, b Signature) bool { return a.KeyID == b.KeyID })
	return schema.MarshalCanonical(envelope{payloadType, manifest, signatures})
}

// decodeEnvelope reads signature.json without judging who signed.
func decodeEnvelope(data []byte) (envelope, error) {
	var e envelope
	if err := schema.UnmarshalStrict(data, &e); err != nil {
		return envelope{}, refuse(SignatureInvalid, "%s is no DSSE envelope: %.200v", signatureFile, err)
	}
	if len(e.Signatures) > maxSignatures {
		return envelope{}, refuse(SignatureInvalid, "%s holds %d signatures, the most allowed is %d", signatureFile, len(e.Signatures), maxSignatures)
	}
	return e, nil
}
