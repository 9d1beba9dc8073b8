// Package authority stands in, in tests, for those who certify identities and prove times: a certificate authority with
// Fulcio's interface, and a timestamp authority (RFC 3161). They believe whatever they are told.
//
//	a := authority.Start(t)
//	s, err := keyless.Request(ctx, now, keyless.Options{Token: authority.Token(issuer, subject), FulcioURL: a.URL, TimestampURL: a.URL + "/timestamp"})
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	_ "crypto/sha256" // for timestamps
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	rfc3161 "github.com/digitorus/timestamp"
)

// An Authority certifies and stamps at URL: POST /api/v2/signingCert and POST /timestamp.
type Authority struct {
	URL string

	// Root and what it signed, Between, certify identities; TimeRoot and Stamper prove times.
	Root, Between, TimeRoot, Stamper *x509.Certificate

	// Now is the time that it goes by, and Lasts how long its certificates are valid.
	Now   func() time.Time
	Lasts time.Duration
	// Template, if not nil, changes what it certifies.
	Template func(*x509.Certificate)
	// Answer, if not nil, changes the status and the body of an answer.
	Answer func(path string, status int, body []byte) (int, []byte)

	between, stamper *ecdsa.PrivateKey
}

// New returns an authority that is served by nobody yet.
func New() (*Authority, error) {
	a := &Authority{Now: time.Now, Lasts: 10 * time.Minute}
	var root, timeRoot *ecdsa.PrivateKey
	for _, c := range []struct {
		name        string
		certificate **x509.Certificate
		key         **ecdsa.PrivateKey
		parent      **x509.Certificate
		by          **ecdsa.PrivateKey
		usage       x509.ExtKeyUsage
	}{
		{"root", &a.Root, &root, nil, nil, x509.ExtKeyUsageAny},
		{"between", &a.Between, &a.between, &a.Root, &root, x509.ExtKeyUsageCodeSigning},
		{"time root", &a.TimeRoot, &timeRoot, nil, nil, x509.ExtKeyUsageAny},
		{"stamper", &a.Stamper, &a.stamper, &a.TimeRoot, &timeRoot, x509.ExtKeyUsageTimeStamping},
	} {
		var parent *x509.Certificate
		var by *ecdsa.PrivateKey
		if c.parent != nil {
			parent, by = *c.parent, *c.by
		}
		var err error
		if *c.certificate, *c.key, err = issue(c.name, parent, by, c.usage); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Start serves an authority until the test ends.
func Start(t testing.TB) *Authority {
	t.Helper()
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Handler answers as the authority.
func (a *Authority) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/signingCert", a.handle(a.certify))
	mux.HandleFunc("POST /timestamp", a.handle(a.stamp))
	return mux
}

// PEM returns certificates in PEM.
func PEM(certificates ...*x509.Certificate) string {
	var out []byte
	for _, c := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return string(out)
}

// Token returns an identity token that nobody signed.
func Token(issuer, subject string) string {
	claims, _ := json.Marshal(map[string]string{"iss": issuer, "sub": subject}) // strings can be encoded
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + "."
}

// issue makes an authority's own certificate, signed by itself without a parent.
func issue(name string, parent *x509.Certificate, by *ecdsa.PrivateKey, usage x509.ExtKeyUsage) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}},
		NotBefore: now.AddDate(-10, 0, 0), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	switch usage {
	case x509.ExtKeyUsageCodeSigning:
		template.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	case x509.ExtKeyUsageTimeStamping:
		template.KeyUsage, template.IsCA = x509.KeyUsageDigitalSignature, false
		value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
		if err != nil {
			return nil, nil, err
		}
		template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}}
	}
	if parent == nil {
		parent, by = template, k
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, k.Public(), by)
	if err != nil {
		return nil, nil, err
	}
	c, err := x509.ParseCertificate(der)
	return c, k, err
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // the system's randomness does not fail
	return n
}

func (a *Authority) handle(answer func([]byte) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		question, _ := io.ReadAll(r.Body)
		status := http.StatusCreated
		body, err := answer(question)
		if err != nil {
			status, body = http.StatusBadRequest, []byte(`{"code":3,"message":"`+err.Error()+`"}`)
		}
		if a.Answer != nil {
			status, body = a.Answer(r.URL.Path, status, body)
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

// certify answers a request as Fulcio does.
func (a *Authority) certify(question []byte) ([]byte, error) {
	var q struct {
		Credentials struct{ OIDCIdentityToken string }
		Request     []byte `json:"certificateSigningRequest"`
	}
	if err := json.Unmarshal(question, &q); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(q.Request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("no signing request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	var claims struct{ Iss, Sub string }
	parts := strings.Split(q.Credentials.OIDCIdentityToken, ".")
	if len(parts) != 3 {
		return nil, errors.New("the token is none")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		return nil, err
	}
	leaf, err := a.Certify(csr.PublicKey, claims.Iss, claims.Sub)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"signedCertificateEmbeddedSct": map[string]any{
		"chain": map[string]any{"certificates": []string{PEM(leaf), PEM(a.Between), PEM(a.Root)}},
	}})
}

// Certify gives a key to an identity.
func (a *Authority) Certify(public crypto.PublicKey, issuer, subject string) (*x509.Certificate, error) {
	text, err := asn1.MarshalWithParams(issuer, "utf8")
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), NotBefore: a.Now().Add(-time.Second), NotAfter: a.Now().Add(a.Lasts),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(issuer)},
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: text},
		},
	}
	if u, err := url.Parse(subject); err == nil && u.Scheme != "" {
		template.URIs = []*url.URL{u}
	} else {
		template.EmailAddresses = []string{subject}
	}
	if a.Template != nil {
		a.Template(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Between, public, a.between)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// stamp answers a timestamp query.
func (a *Authority) stamp(question []byte) ([]byte, error) {
	q, err := rfc3161.ParseRequest(question)
	if err != nil {
		return nil, err
	}
	answer := &rfc3161.Timestamp{
		HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Nonce: q.Nonce, Time: a.Now(),
		Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: q.Certificates,
	}
	return answer.CreateResponseWithOpts(a.Stamper, a.stamper, crypto.SHA256)
}
