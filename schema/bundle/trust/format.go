package trust

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"gwc.dev/schema/bundle"
)

// Format writes whom t trusts as one file that [Load] reads, each once and in an order that depends on nothing but them.
// It is PEM, as every tool reads it, where keys without an end are all there is; else a document that refers to no file.
func Format(t bundle.Trust) ([]byte, error) {
	var d document
	plain := len(t.Identities) == 0
	keys := slices.SortedFunc(slices.Values(t.Keys), func(a, b bundle.PublicKey) int {
		return cmp.Or(cmp.Compare(a.ID(), b.ID()), latest(a.Expires, b.Expires))
	})
	var pems []byte
	for _, k := range slices.CompactFunc(keys, func(a, b bundle.PublicKey) bool { return a.ID() == b.ID() }) {
		pems = append(pems, k.Marshal()...)
		d.Keys = append(d.Keys, entry{PEM: string(k.Marshal()), Expires: formatEnd(k.Expires)})
		plain = plain && k.Expires.IsZero()
	}
	if plain {
		return pems, nil
	}
	for _, i := range t.Identities {
		d.Identities = append(d.Identities, identity{
			Issuer: i.Issuer, IssuerPattern: i.IssuerPattern.String(),
			Subject: i.Subject, SubjectPattern: i.SubjectPattern.String(), Expires: formatEnd(i.Expires),
		})
	}
	slices.SortFunc(d.Identities, func(a, b identity) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.IssuerPattern, b.IssuerPattern), cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(a.SubjectPattern, b.SubjectPattern), cmp.Compare(a.Expires, b.Expires))
	})
	d.Identities = slices.Compact(d.Identities)
	d.Authorities, d.TimeAuthorities = entries(t.Authorities), entries(t.TimeAuthorities)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(d); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

// IsDocument reports whether a file that [Format] wrote is a document, and not PEM.
func IsDocument(file []byte) bool { return !armoured.Match(file) }

// latest orders ends, the one that comes last first: never.
func latest(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero():
		return -1
	case b.IsZero():
		return 1
	}
	return b.Compare(a)
}

func formatEnd(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func entries(certificates []*x509.Certificate) []entry {
	var out []entry
	for _, c := range certificates {
		out = append(out, entry{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))})
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.PEM, b.PEM) })
	return slices.Compact(out)
}
