package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"gwc.dev/compiler/provenance"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/sigstore"
)

// A verification is what was found out about a bundle, and the artifact that holds it.
type verification struct {
	bundle   *bundle.Bundle // nil if it is refused
	artifact string         // oci://...@sha256:...; "" of a file
	claims   []sigstore.Claim
}

// signed returns the refusal of an artifact that nobody signed who is trusted. One good signature is enough, as it is for
// cosign and Flux: others may stand beside it.
func (v *verification) signed() error {
	var all []bundle.Signatory
	var unread error
	for _, c := range v.claims {
		switch {
		case !signs(c):
		case c.By.Err == nil:
			return nil
		case errors.Is(c.By.Err, bundle.TooManySignatures):
			unread = c.By.Err
		default:
			all = append(all, c.By)
		}
	}
	if unread != nil { // a good one may be among them
		return &artifactRefused{unread}
	}
	_, err := bundle.Decide(all)
	if len(all) == 0 {
		return bundle.Refuse(bundle.Unsigned, "its bundle is signed, and the artifact is not, which Flux refuses: push it with --key")
	}
	return &artifactRefused{err}
}

// artifactRefused says that a refusal is of the artifact, and not of the bundle in it.
type artifactRefused struct{ error }

func (e *artifactRefused) Error() string { return "the artifact: " + e.error.Error() }
func (e *artifactRefused) Unwrap() error { return e.error }

func (v *verification) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printOrigin(w, v.bundle)
	for _, s := range v.bundle.Signers {
		printSigner(w, "signed by", s)
	}
	if v.artifact != "" {
		fmt.Fprintf(w, "artifact\t%s\n", v.artifact)
	}
	for _, c := range v.claims {
		if signs(c) {
			printSigner(w, "artifact signed by", c.By)
		}
	}
	for _, c := range v.claims {
		if signs(c) {
			continue
		}
		fmt.Fprintf(w, "attestation\t%.200q\n", c.PredicateType)
		if p := v.provenance(c); p != nil {
			for _, line := range p.describe() {
				fmt.Fprintf(w, "\t%s\n", line)
			}
		}
		printSigner(w, "attested by", c.By)
	}
	return w.Flush()
}

// signs reports whether a claim says only who signed. One that cannot be read says no more.
func signs(c sigstore.Claim) bool {
	return c.PredicateType == sigstore.SignType || c.PredicateType == ""
}

func printSigner(w io.Writer, what string, s bundle.Signatory) {
	if errors.Is(s.Err, bundle.TooManySignatures) {
		fmt.Fprintf(w, "not looked at\t%v\n", s.Err)
		return
	}
	fmt.Fprintf(w, "%s\t%s, %s\n", what, signatory(s), standing(s))
	if s.Err != nil {
		return
	}
	at := "unknown: there is no timestamp"
	if !s.SignedAt.IsZero() {
		at = s.SignedAt.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(w, "signed at\t%s\n", at)
}

// standing says whether a signature counts.
func standing(s bundle.Signatory) string {
	switch {
	case s.Err == nil:
		return "verified"
	case errors.Is(s.Err, bundle.UnknownKey), errors.Is(s.Err, bundle.UnknownIdentity):
		return "not trusted"
	}
	return fmt.Sprintf("refused: %v [%s]", s.Err, bundle.Reason(s.Err))
}

// An origin is what provenance says of where a bundle comes from.
type origin struct {
	Repository string  `json:"repository,omitempty"`
	Commit     string  `json:"commit,omitempty"`
	Builder    string  `json:"builder"`
	Inputs     []input `json:"inputs"`
}

type input struct {
	Name   string `json:"name,omitempty"`
	URI    string `json:"uri,omitempty"`
	SHA256 string `json:"sha256"`
}

// provenance returns what a claim says of where the bundle comes from; nil if it does not, or is not to be believed.
func (v *verification) provenance(c sigstore.Claim) *origin {
	var p provenance.Predicate
	if c.PredicateType != provenance.Type || c.By.Err != nil || json.Unmarshal(c.Predicate, &p) != nil {
		return nil
	}
	if p.BuildDefinition.InternalParameters.Revision != v.bundle.Revision {
		return nil
	}
	o := &origin{Builder: p.RunDetails.Builder.ID, Inputs: []input{}}
	if version := p.RunDetails.Builder.Version["gwc"]; version != "" {
		o.Builder += " " + version
	}
	for _, d := range p.BuildDefinition.Resolved {
		if commit := d.Digest["gitCommit"]; commit != "" {
			o.Repository, o.Commit = d.URI, commit
			continue
		}
		o.Inputs = append(o.Inputs, input{d.Name, d.URI, d.Digest["sha256"]})
	}
	return o
}

// describe says it in a few lines.
func (o *origin) describe() []string {
	var lines []string
	if o.Commit != "" {
		from := ""
		if o.Repository != "" {
			from = " of " + o.Repository
		}
		lines = append(lines, fmt.Sprintf("commit %.100q%s", o.Commit, from))
	}
	if len(o.Inputs) == 1 {
		return append(lines, "1 file went in")
	}
	return append(lines, fmt.Sprintf("%d files went in", len(o.Inputs)))
}
