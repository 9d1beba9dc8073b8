package timestamp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
)

// now is when tokens are made here, and the middle of the time in which certificates are good.
var now = time.Now().UTC().Truncate(time.Second)

var (
	oidTimestamp   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidStamping    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidCodeSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// A party has a certificate and its key.
type party struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a certificate that is good for a year around now, signed by itself without a parent.
func issue(t testing.TB, name string, parent *party, change func(*x509.Certificate)) *party {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: now.AddDate(0, -6, 0), NotAfter: now.AddDate(0, 6, 0),
	}
	change(template)
	by := &party{template, k}
	if parent != nil {
		by = parent
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, k.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &party{c, k}
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

// usages has a certificate say what it is for.
func usages(t testing.TB, critical bool, oids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		if len(oids) > 0 {
			c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Critical: critical, Value: der(t, oids)}}
		}
	}
}

// A token is what an authority answers, for somebody to change.
type token struct {
	imprint     []byte
	hash        asn1.ObjectIdentifier
	at          time.Time
	contentType asn1.ObjectIdentifier
	digest      asn1.ObjectIdentifier // of the content, in what is signed
	signers     []*party
	carries     []*party // certificates
	bare        bool     // without signed attributes
	status      int
}

func tokenOver(message []byte, by *party) token {
	sum := sha256.Sum256(message)
	return token{
		imprint: sum[:], hash: oidSHA256, at: now, contentType: oidTimestamp, digest: oidSHA256,
		signers: []*party{by}, carries: []*party{by},
	}
}

// encode returns the response.
func (tok token) encode(t testing.TB) []byte {
	t.Helper()
	type imprint struct {
		Hash pkix.AlgorithmIdentifier
		Sum  []byte
	}
	info := der(t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  *big.Int
		Time    time.Time `asn1:"generalized"`
	}{1, asn1.ObjectIdentifier{1, 2, 3}, imprint{pkix.AlgorithmIdentifier{Algorithm: tok.hash}, tok.imprint}, big.NewInt(7), tok.at})
	signed, err := pkcs7.NewSignedData(info)
	if err != nil {
		t.Fatal(err)
	}
	signed.SetContentType(tok.contentType)
	signed.SetDigestAlgorithm(tok.digest)
	for _, s := range tok.signers {
		sign := signed.AddSigner
		if tok.bare {
			sign = signed.SignWithoutAttr
		}
		if err := sign(s.Certificate, crypto.Signer(s.key), pkcs7.SignerInfoConfig{SkipCertificates: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range tok.carries {
		signed.AddCertificate(c.Certificate)
	}
	out, err := signed.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return respond(t, tok.status, out)
}

// respond wraps what is signed in a response.
func respond(t testing.TB, status int, signed []byte) []byte {
	t.Helper()
	return der(t, struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{struct{ Status int }{status}, asn1.RawValue{FullBytes: signed}})
}

func der(t testing.TB, v any) []byte {
	t.Helper()
	out, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
