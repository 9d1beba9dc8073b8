package main

import (
	"io"
	"time"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema/bundle"
)

// A verifyReport is what --format json prints.
type verifyReport struct {
	Reference   string    `json:"reference"`
	Verified    bool      `json:"verified"`
	Refused     *refusal  `json:"refused,omitempty"`
	Revision    string    `json:"revision,omitempty"`
	Environment string    `json:"environment,omitempty"`
	Serial      uint64    `json:"serial,omitempty"`
	GitRevision string    `json:"gitRevision,omitempty"`
	Signatures  []signed  `json:"signatures"`
	Artifact    *artifact `json:"artifact,omitempty"`
}

type refusal struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type artifact struct {
	Reference    string        `json:"reference"`
	Signatures   []signed      `json:"signatures"`
	Attestations []attestation `json:"attestations"`
}

type signed struct {
	KeyID    string     `json:"keyID,omitempty"`
	Issuer   string     `json:"issuer,omitempty"`
	Subject  string     `json:"subject,omitempty"`
	Verified bool       `json:"verified"`
	Reason   string     `json:"reason,omitempty"`
	SignedAt *time.Time `json:"signedAt,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
}

type attestation struct {
	PredicateType string  `json:"predicateType"`
	By            signed  `json:"by"`
	Provenance    *origin `json:"provenance,omitempty"`
}

// write prints what was found out as JSON; err is why it is refused.
func (v *verification) write(out io.Writer, ref string, err error) error {
	return diag.EncodeJSON(out, v.report(ref, err))
}

func (v *verification) report(ref string, err error) verifyReport {
	r := verifyReport{Reference: ref, Verified: err == nil, Signatures: []signed{}}
	if err != nil {
		r.Refused = &refusal{bundle.Reason(err), err.Error()}
	}
	if b := v.bundle; b != nil {
		r.Revision, r.Environment, r.Serial, r.GitRevision = b.Revision, b.Environment, b.Serial, b.GitRevision
		for _, s := range b.Signers {
			r.Signatures = append(r.Signatures, signedBy(s))
		}
	}
	if v.artifact == "" {
		return r
	}
	r.Artifact = &artifact{v.artifact, []signed{}, []attestation{}}
	for _, c := range v.claims {
		if signs(c) {
			r.Artifact.Signatures = append(r.Artifact.Signatures, signedBy(c.By))
			continue
		}
		r.Artifact.Attestations = append(r.Artifact.Attestations, attestation{c.PredicateType, signedBy(c.By), v.provenance(c)})
	}
	return r
}

func signedBy(s bundle.Signatory) signed {
	out := signed{KeyID: s.KeyID, Issuer: s.Issuer, Subject: s.Subject, Verified: s.Err == nil, Reason: bundle.Reason(s.Err)}
	if !s.SignedAt.IsZero() {
		out.SignedAt = &s.SignedAt
	}
	if !s.Expires.IsZero() {
		out.Expires = &s.Expires
	}
	return out
}
