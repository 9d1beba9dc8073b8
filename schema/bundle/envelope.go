package bundle

import (
	"errors"
	"slices"
	"strconv"
	"strings"
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
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"`
}

// preAuthEncoding returns what is signed: DSSE's PAE of the manifest.
func preAuthEncoding(manifest []byte) []byte {
	out := []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(manifest)) + " ")
	return append(out, manifest...)
}

// countersign returns signatures with one over manifest by s, in place of an older one by the same key.
func countersign(signatures []signature, manifest []byte, s Signer) ([]signature, error) {
	message, key := preAuthEncoding(manifest), s.Public()
	sig, err := s.Sign(message)
	if err != nil {
		return nil, err
	}
	if !key.Verify(message, sig) {
		return nil, errors.New("the signer's signature does not fit its public key")
	}
	others := slices.DeleteFunc(slices.Clone(signatures), func(s signature) bool { return s.KeyID == key.ID() })
	return append(others, signature{key.ID(), sig}), nil
}

func signers(signatures []signature) []string {
	ids := make([]string, len(signatures))
	for i, s := range signatures {
		ids[i] = s.KeyID
	}
	return ids
}

// encodeEnvelope returns the one spelling of signature.json.
func encodeEnvelope(manifest []byte, signatures []signature) ([]byte, error) {
	signatures = slices.SortedStableFunc(slices.Values(signatures), func(a, b signature) int { return strings.Compare(a.KeyID, b.KeyID) })
	signatures = slices.CompactFunc(signatures, func(a, b signature) bool { return a.KeyID == b.KeyID })
	return encodeJSON(envelope{payloadType, manifest, signatures})
}

// decodeEnvelope reads signature.json without judging who signed.
func decodeEnvelope(data []byte) (envelope, error) {
	if len(data) > maxSignature {
		return envelope{}, refuse(SignatureInvalid, "%s has %d bytes, the most allowed is %d", signatureFile, len(data), maxSignature)
	}
	var e envelope
	if err := decodeJSON(data, &e); err != nil {
		return envelope{}, refuse(SignatureInvalid, "%s is no DSSE envelope: %.200v", signatureFile, err)
	}
	if len(e.Signatures) > maxSignatures {
		return envelope{}, refuse(SignatureInvalid, "%s holds %d signatures, the most allowed is %d", signatureFile, len(e.Signatures), maxSignatures)
	}
	return e, nil
}
