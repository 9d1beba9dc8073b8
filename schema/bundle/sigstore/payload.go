package sigstore

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"

	"gwc.dev/schema/bundle"
)

// Payload returns what cosign signed before version 3, and the annotations of the layer that holds it, which are the
// signature. The repository is where the artifact was pushed first, and says nothing about where it may be pulled from.
func Payload(repository, digest string, s bundle.Signer) (payload []byte, annotations map[string]string, err error) {
	if _, err := hexDigest(digest); err != nil {
		return nil, nil, err
	}
	payload, err = json.Marshal(simple{critical{identity{repository}, image{digest}, payloadKind}, nil})
	if err != nil {
		return nil, nil, err
	}
	by, err := bundle.SignatureOf(payload, s)
	if err != nil {
		return nil, nil, err
	}
	annotations = map[string]string{AnnotationSignature: base64.StdEncoding.EncodeToString(by.Sig)}
	if len(by.Certificates) > 0 {
		annotations[annotationCertificate] = armour(by.Certificates[:1])
		annotations[annotationChain] = armour(by.Certificates[1:])
	}
	if by.Timestamp != nil {
		text, err := json.Marshal(stamped{by.Timestamp})
		if err != nil {
			return nil, nil, err
		}
		annotations[annotationTimestamp] = string(text)
	}
	return payload, annotations, nil
}

// simple is the payload of a signature in the form before version 3.
type simple struct {
	Critical critical       `json:"critical"`
	Optional map[string]any `json:"optional"`
}

type critical struct {
	Identity identity `json:"identity"`
	Image    image    `json:"image"`
	Type     string   `json:"type"`
}

type identity struct {
	Reference string `json:"docker-reference"`
}

type image struct {
	Digest string `json:"docker-manifest-digest"`
}

const payloadKind = "cosign container image signature"

type stamped struct {
	Signed []byte `json:"SignedRFC3161Timestamp"`
}

// armour writes certificates in PEM.
func armour(der [][]byte) string {
	var out []byte
	for _, c := range der {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	return string(out)
}
