package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"gwc.dev/schema/bundle"
)

// A document is a trust document as it is written.
type document struct {
	Keys            []entry    `yaml:"keys,omitempty"`
	Identities      []identity `yaml:"identities,omitempty"`
	Authorities     []entry    `yaml:"authorities,omitempty"`
	TimeAuthorities []entry    `yaml:"timeAuthorities,omitempty"`
}

// An entry is PEM, here or in a file.
type entry struct {
	PEM     string `yaml:"pem,omitempty"`
	File    string `yaml:"file,omitempty"`
	Expires string `yaml:"expires,omitempty"`
}

type identity struct {
	Issuer         string `yaml:"issuer,omitempty"`
	IssuerPattern  string `yaml:"issuerPattern,omitempty"`
	Subject        string `yaml:"subject,omitempty"`
	SubjectPattern string `yaml:"subjectPattern,omitempty"`
	Expires        string `yaml:"expires,omitempty"`
}

func decode(data []byte) (*document, error) {
	var d document
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&d); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty: give public keys in PEM, or a trust document")
		}
		text := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
		return nil, fmt.Errorf("it holds neither PEM nor a trust document: %.300s", text)
	}
	if err := dec.Decode(new(document)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	return &d, nil
}

// trust returns whom the document trusts.
func (d *document) trust(open func(string) ([]byte, error)) (bundle.Trust, error) {
	var t bundle.Trust
	for i, e := range d.Keys {
		keys, err := e.keys(open)
		if err != nil {
			return bundle.Trust{}, fmt.Errorf("keys[%d]: %w", i, err)
		}
		t.Keys = append(t.Keys, keys...)
	}
	for i, e := range d.Identities {
		identity, err := e.identity()
		if err != nil {
			return bundle.Trust{}, fmt.Errorf("identities[%d]: %w", i, err)
		}
		t.Identities = append(t.Identities, identity)
	}
	for _, list := range []struct {
		name string
		from []entry
		to   *[]*x509.Certificate
	}{{"authorities", d.Authorities, &t.Authorities}, {"timeAuthorities", d.TimeAuthorities, &t.TimeAuthorities}} {
		for i, e := range list.from {
			certificates, err := e.certificates(open)
			if err != nil {
				return bundle.Trust{}, fmt.Errorf("%s[%d]: %w", list.name, i, err)
			}
			*list.to = append(*list.to, certificates...)
		}
	}
	switch {
	case t.Empty():
		return bundle.Trust{}, errors.New("it trusts nobody: give keys or identities")
	case len(t.Identities) > 0 && len(t.Authorities) == 0:
		return bundle.Trust{}, errors.New("authorities are missing: they give the identities their certificates")
	}
	return t, nil
}

// text returns the PEM that an entry is.
func (e entry) text(open func(string) ([]byte, error)) ([]byte, error) {
	switch {
	case (e.PEM == "") == (e.File == ""):
		return nil, errors.New("give one of pem and file")
	case e.File != "" && open == nil:
		return nil, fmt.Errorf("file %q: there are no files to refer to here", e.File)
	case e.File != "":
		return open(e.File)
	}
	return []byte(e.PEM), nil
}

func (e entry) keys(open func(string) ([]byte, error)) ([]bundle.PublicKey, error) {
	text, err := e.text(open)
	if err != nil {
		return nil, err
	}
	end, err := parseEnd(e.Expires)
	if err != nil {
		return nil, err
	}
	keys, err := bundle.ParsePublicKeys(text)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		keys[i].Expires = end
	}
	return keys, nil
}

func (e entry) certificates(open func(string) ([]byte, error)) ([]*x509.Certificate, error) {
	if e.Expires != "" {
		return nil, errors.New("expires: certificates say themselves how long they last")
	}
	text, err := e.text(open)
	if err != nil {
		return nil, err
	}
	return ParseCertificates(text)
}

// ParseCertificates reads the certificates of a PEM file.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of type %q is not supported: give a CERTIFICATE", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate is damaged: %w", err)
		}
		out = append(out, c)
	}
	if len(out) == 0 || strings.Count(string(text), "-----BEGIN") != len(out) {
		return nil, errors.New("it holds no certificates in PEM, or a damaged one")
	}
	return out, nil
}

func (i identity) identity() (bundle.Identity, error) {
	end, err := parseEnd(i.Expires)
	if err != nil {
		return bundle.Identity{}, err
	}
	out := bundle.Identity{Issuer: i.Issuer, Subject: i.Subject, Expires: end}
	for _, part := range []struct {
		name, exact, pattern string
		to                   **bundle.Pattern
	}{{"issuer", i.Issuer, i.IssuerPattern, &out.IssuerPattern}, {"subject", i.Subject, i.SubjectPattern, &out.SubjectPattern}} {
		if (part.exact == "") == (part.pattern == "") {
			return bundle.Identity{}, fmt.Errorf("give one of %s and %sPattern", part.name, part.name)
		}
		if part.pattern == "" {
			continue
		}
		if *part.to, err = bundle.NewPattern(part.pattern); err != nil {
			return bundle.Identity{}, fmt.Errorf("%sPattern: %w", part.name, err)
		}
	}
	return out, nil
}

// parseEnd reads when trust ends: the end of a day, in UTC, or a time.
func parseEnd(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("expires: %q is no day, as 2006-01-02, and no time, as 2006-01-02T15:04:05Z", text)
	}
	return at.UTC(), nil
}
