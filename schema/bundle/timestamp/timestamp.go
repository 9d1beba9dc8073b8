// Package timestamp knows when a signature was made: a timestamp authority (RFC 3161) signs its digest with the time.
//
//	at, err := timestamp.Verify(token, sig, authorities)
//
// A token is the authority's whole response in DER, as Sigstore bundles carry it, with the authority's certificate in it.
package timestamp

import (
	"bytes"
	"crypto"
	_ "crypto/sha512" // for authorities that use it
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// MaxSize bounds a token, in bytes. One with its certificates has a few thousand.
const MaxSize = 64 << 10

// Verify returns when a token says that message was there. authorities are those whose word is taken: roots, which sign
// themselves, and what stands between them and the certificate in the token.
func Verify(token, message []byte, authorities []*x509.Certificate) (time.Time, error) {
	if len(token) > MaxSize {
		return time.Time{}, fmt.Errorf("it has %d bytes, the most allowed is %d", len(token), MaxSize)
	}
	if err := distinguished(token); err != nil {
		return time.Time{}, fmt.Errorf("it cannot be read: %w", err)
	}
	said, err := timestamp.ParseResponse(token)
	if err != nil {
		return time.Time{}, fmt.Errorf("it cannot be read: %w", err)
	}
	signed, err := pkcs7.Parse(said.RawToken)
	if err != nil {
		return time.Time{}, fmt.Errorf("it cannot be read: %w", err)
	}
	by := signed.GetOnlySigner()
	if by == nil {
		return time.Time{}, errors.New("it does not hold the certificate of the one authority that signed it")
	}
	if !firmly(signed) {
		return time.Time{}, errors.New("it is signed over a digest that is not SHA-2")
	}
	if !saysTime(signed) {
		return time.Time{}, errors.New("what is signed does not say that it is a timestamp")
	}
	if !onlyStamps(by) {
		return time.Time{}, errors.New("it is signed with a certificate that is not for timestamps alone")
	}
	if said.Time.IsZero() { // which would be taken for now
		return time.Time{}, errors.New("it says no time")
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range authorities {
		if c.CheckSignatureFrom(c) == nil {
			roots.AddCert(c)
		} else {
			between.AddCert(c)
		}
	}
	for _, c := range signed.Certificates {
		between.AddCert(c)
	}
	if err := signed.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: said.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	}); err != nil {
		return time.Time{}, err
	}
	switch said.HashAlgorithm {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return time.Time{}, errors.New("it is over a digest that is not SHA-2")
	}
	h := said.HashAlgorithm.New()
	h.Write(message)
	if !bytes.Equal(h.Sum(nil), said.HashedMessage) {
		return time.Time{}, errors.New("it is about something else")
	}
	return said.Time.UTC(), nil
}

var (
	oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimestamp        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
)

// firmly reports whether the one signature is over SHA-2 alone. Package x509 takes SHA-1 where it is asked of one signature.
func firmly(signed *pkcs7.PKCS7) bool {
	by := signed.Signers[0]
	if by.DigestEncryptionAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmECDSASHA1) {
		return false
	}
	return slices.ContainsFunc([]asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmSHA512,
	}, by.DigestAlgorithm.Algorithm.Equal)
}

// saysTime reports whether what is signed says of itself that it is a timestamp (RFC 5652, section 5.3). Without that, one
// thing that an authority signed could be passed for another.
func saysTime(signed *pkcs7.PKCS7) bool {
	var of asn1.ObjectIdentifier
	return signed.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &of) == nil && of.Equal(oidTimestamp)
}

// onlyStamps reports whether a certificate is for timestamps and nothing else, and says so in a way that nobody may
// overlook (RFC 3161, section 2.3).
func onlyStamps(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return false
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtendedKeyUsage) {
			return e.Critical
		}
	}
	return false
}
