package bundle

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gwc.dev/schema/bundle/timestamp"
)

// An Identity is whom a certificate speaks of: the subject that an OpenID Connect issuer vouched for, a workflow in CI
// or a person. Both are compared as they are, or, if asked for, with a pattern.
type Identity struct {
	Issuer, Subject               string
	IssuerPattern, SubjectPattern *Pattern  // in place of Issuer or Subject
	Expires                       time.Time // when the trust ends; zero: never
}

// String names the identity for people.
func (i Identity) String() string {
	issuer, subject := quote(i.Issuer), quote(i.Subject)
	if i.IssuerPattern != nil {
		issuer = "/" + i.IssuerPattern.String() + "/"
	}
	if i.SubjectPattern != nil {
		subject = "/" + i.SubjectPattern.String() + "/"
	}
	return fmt.Sprintf("%s (%s)", subject, issuer)
}

// Match reports whether i is the one that issuer vouches for as subject. An Identity without a subject or without an
// issuer is nobody.
func (i Identity) Match(issuer, subject string) bool {
	return matches(i.Issuer, i.IssuerPattern, issuer) && matches(i.Subject, i.SubjectPattern, subject)
}

func matches(exact string, pattern *Pattern, text string) bool {
	switch {
	case text == "":
		return false
	case pattern != nil:
		return pattern.Match(text)
	}
	return exact == text
}

// maxCertificates bounds a signature's chain. Fulcio's has three.
const maxCertificates = 8

func parseChain(der [][]byte) ([]*x509.Certificate, error) {
	if len(der) > maxCertificates {
		return nil, fmt.Errorf("it has %d certificates, the most allowed is %d", len(der), maxCertificates)
	}
	var chain []*x509.Certificate
	for _, one := range der {
		c, err := x509.ParseCertificate(one)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// judgeCertified says who made a signature with a key that a certificate belongs to. Only what a trusted authority has
// signed is looked at closely.
func (t *Trust) judgeCertified(message []byte, s Signature) Signatory {
	who := Signatory{KeyID: s.KeyID}
	fail := func(r Refusal, format string, args ...any) Signatory {
		who.Err = refuse(r, format, args...)
		return who
	}
	chain, err := parseChain(s.Certificates)
	if err != nil {
		return fail(UntrustedCertificate, "its certificates cannot be read: %.200v", err)
	}
	leaf := chain[0]
	who.Issuer, who.Subject = identityOf(leaf)
	key, err := NewPublicKey(leaf.PublicKey)
	if err != nil {
		return fail(UntrustedCertificate, "the certificate of %s: %v", who, err)
	}
	who.KeyID = key.ID()
	if len(t.Identities) == 0 {
		return fail(UnknownIdentity, "it is signed by %s, with a certificate, and not by %s", who, t.who())
	}
	identity, known := t.identity(who)
	if !known {
		return fail(UnknownIdentity, "it is signed by %s, and not by %s", who, t.who())
	}
	who.Expires = identity.Expires
	if !signs(leaf) {
		return fail(UntrustedCertificate, "the certificate of %s is not for signatures: it is an authority's own, or of another usage", who)
	}
	if err := chained(chain, t.Authorities, leaf.NotBefore, x509.ExtKeyUsageCodeSigning); err != nil {
		return fail(UntrustedCertificate, "the certificate of %s is of no trusted authority: %.200v", who, err)
	}
	if s.KeyID != "" && s.KeyID != key.ID() || !key.Verify(message, s.Sig) {
		return fail(SignatureInvalid, "the signature by %s does not fit what it is said to be over", who)
	}
	at := t.now()
	switch {
	case len(s.Timestamp) > 0 && len(t.TimeAuthorities) > 0:
		if who.SignedAt, err = timestamp.Verify(s.Timestamp, s.Sig, t.TimeAuthorities); err != nil {
			return fail(TimestampInvalid, "the timestamp on the signature by %s proves nothing: %.200v", who, err)
		}
		at = who.SignedAt
	case t.Kept:
		at = leaf.NotBefore
	}
	if err := chained(chain, t.Authorities, at, x509.ExtKeyUsageCodeSigning); err != nil {
		if !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter) {
			return fail(ExpiredCertificate, "the certificate of %s is valid at %s, and an authority's above it is not: %.200v", who, stamp(at), err)
		}
		hint := "there is no timestamp that proves when it signed"
		switch {
		case !who.SignedAt.IsZero():
			hint = "it signed at " + stamp(who.SignedAt)
		case len(s.Timestamp) > 0:
			hint = "no authority is trusted with the time of its timestamp"
		}
		return fail(ExpiredCertificate, "the certificate of %s is valid from %s to %s, and %s", who, stamp(leaf.NotBefore), stamp(leaf.NotAfter), hint)
	}
	who.Err = t.ended(who.String(), identity.Expires)
	return who
}

// signs reports whether a certificate is for signatures. An authority's own is for certificates; one that does not say what its
// key is for is for anything (RFC 5280, section 4.2.1.3).
func signs(c *x509.Certificate) bool {
	return !c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageDigitalSignature != 0)
}

// identity finds who of the trusted somebody is; of several the one who is trusted longest.
func (t *Trust) identity(who Signatory) (found Identity, ok bool) {
	for _, i := range t.Identities {
		if i.Match(who.Issuer, who.Subject) && (!ok || outlasts(i.Expires, found.Expires)) {
			found, ok = i, true
		}
	}
	return found, ok
}

// chained reports why a chain, its end first, does not lead to an authority that signed itself.
func chained(chain, authorities []*x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range authorities {
		if c.CheckSignatureFrom(c) == nil {
			roots.AddCert(c)
		} else {
			between.AddCert(c)
		}
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

// The extensions in which Fulcio says who vouched for the subject: as text in DER, and before that as text alone.
var (
	oidIssuer       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
	oidIssuerLegacy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
)

// identityOf returns whom a certificate speaks of. A certificate that names several subjects names none.
func identityOf(c *x509.Certificate) (issuer, subject string) {
	subjects := append([]string{}, c.EmailAddresses...)
	for _, u := range c.URIs {
		subjects = append(subjects, u.String())
	}
	if len(subjects) == 1 && len(c.DNSNames) == 0 && len(c.IPAddresses) == 0 {
		subject = subjects[0]
	}
	var legacy string
	for _, e := range c.Extensions {
		switch {
		case e.Id.Equal(oidIssuer):
			text, err := utf8String(e.Value)
			if err != nil {
				return "", subject
			}
			issuer = text
		case e.Id.Equal(oidIssuerLegacy) && utf8.Valid(e.Value):
			legacy = string(e.Value)
		}
	}
	if issuer == "" {
		issuer = legacy
	}
	return issuer, subject
}

func utf8String(der []byte) (string, error) {
	var out string
	rest, err := asn1.UnmarshalWithParams(der, &out, "utf8")
	if err == nil && len(rest) > 0 {
		err = errors.New("data after the end")
	}
	return out, err
}

// quote prepares what a file says of somebody for a message.
func quote(text string) string {
	const enough = 200
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	if text == "" {
		return "nobody"
	}
	return strings.ToValidUTF8(strings.Map(printable, text), "?")
}
