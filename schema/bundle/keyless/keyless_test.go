package keyless_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/keyless"
	"gwc.dev/schema/bundle/keyless/authority"
)

const (
	issuer  = "https://ci.example.com"
	subject = "https://ci.example.com/team/gateway@main"
)

// sealed returns a bundle that an identity signed at an authority.
func sealed(t *testing.T, a *authority.Authority, now time.Time, o keyless.Options) []byte {
	t.Helper()
	s, err := keyless.Request(t.Context(), now, o)
	if err != nil {
		t.Fatal(err)
	}
	g := &schema.Gateway{Environment: "test", Listeners: map[string]schema.Listener{"http": {Port: 8080}}}
	data, err := bundle.Seal(bundle.Contents{Environment: "test", Serial: 1, Gateway: g.Resolve()}, s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func options(a *authority.Authority) keyless.Options {
	return keyless.Options{Token: authority.Token(issuer, subject), FulcioURL: a.URL, TimestampURL: a.URL + "/timestamp"}
}

// trusting trusts the identity, certified by a, with times by a.
func trusting(a *authority.Authority) bundle.Trust {
	return bundle.Trust{
		Identities:      []bundle.Identity{{Issuer: issuer, Subject: subject}},
		Authorities:     []*x509.Certificate{a.Root},
		TimeAuthorities: []*x509.Certificate{a.TimeRoot},
	}
}

// TestAnIdentitySigns holds that a signature by a certificate of some minutes is good ever after, since its time is proven.
func TestAnIdentitySigns(t *testing.T) {
	a := authority.Start(t)
	now := time.Now()
	data := sealed(t, a, now, options(a))
	for _, later := range []time.Duration{0, time.Hour, 24 * 365 * time.Hour} {
		trust := trusting(a)
		trust.Now = now.Add(later)
		b, err := bundle.Open(data, trust)
		if err != nil {
			t.Fatalf("after %v: %v", later, err)
		}
		if by := b.By; by.Issuer != issuer || by.Subject != subject || by.SignedAt.Sub(now).Abs() > time.Minute || !b.Verified {
			t.Errorf("after %v: signed by %+v", later, b.By)
		}
	}
	again, err := bundle.Inspect(data)
	if err != nil {
		t.Fatal(err)
	}
	if s := again.Signers; again.Verified || len(s) != 1 || s[0].Subject != subject || s[0].Err == nil {
		t.Errorf("unverified, the signers are %+v", s)
	}
	if out, err := again.Encode(); err != nil || !bytes.Equal(out, data) {
		t.Errorf("encoded again it differs: %v", err)
	}
}

func TestWhoIsNotTheIdentityIsRefused(t *testing.T) {
	a, other := authority.Start(t), authority.Start(t)
	now := time.Now()
	good := sealed(t, a, now, options(a))
	pattern := func(text string) *bundle.Pattern {
		p, err := bundle.NewPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tests := map[string]struct {
		data   []byte
		trust  func(*bundle.Trust)
		reason string
	}{
		"another subject":         {good, func(t *bundle.Trust) { t.Identities[0].Subject += "2" }, "unknown-identity"},
		"another issuer":          {good, func(t *bundle.Trust) { t.Identities[0].Issuer = "https://ci.example.org" }, "unknown-identity"},
		"a subject in part":       {good, func(t *bundle.Trust) { t.Identities[0].Subject = subject[:10] }, "unknown-identity"},
		"a pattern of a part":     {good, func(t *bundle.Trust) { t.Identities[0].SubjectPattern = pattern(`team/gateway@.*`) }, "unknown-identity"},
		"a pattern":               {good, func(t *bundle.Trust) { t.Identities[0].SubjectPattern = pattern(`https://ci\.example\.com/team/.*`) }, ""},
		"a pattern in its second": {good, func(t *bundle.Trust) { t.Identities[0].SubjectPattern = pattern(`https://ci|https://ci.*`) }, ""},
		"an issuer's pattern":     {good, func(t *bundle.Trust) { t.Identities[0].IssuerPattern = pattern(`https://.*\.com`) }, ""},
		"an empty identity":       {good, func(t *bundle.Trust) { t.Identities[0] = bundle.Identity{} }, "unknown-identity"},
		"only keys":               {good, func(t *bundle.Trust) { *t = bundle.Trusting(newKey().Public()) }, "unknown-identity"},
		"another authority":       {good, func(t *bundle.Trust) { t.Authorities = []*x509.Certificate{other.Root} }, "untrusted-certificate"},
		"no authority":            {good, func(t *bundle.Trust) { t.Authorities = nil }, "untrusted-certificate"},
		"a time authority's":      {good, func(t *bundle.Trust) { t.Authorities = []*x509.Certificate{a.TimeRoot} }, "untrusted-certificate"},
		"another time authority":  {good, func(t *bundle.Trust) { t.TimeAuthorities = []*x509.Certificate{other.TimeRoot} }, "timestamp-invalid"},
		"the end of the trust":    {good, func(t *bundle.Trust) { t.Identities[0].Expires = now.Add(-time.Hour) }, "expired-trust"},
		"the end, kept":           {good, func(t *bundle.Trust) { t.Identities[0].Expires, t.Kept = now.Add(-time.Hour), true }, ""},
		"no time authority, now":  {good, func(t *bundle.Trust) { t.TimeAuthorities = nil }, ""},
		"no time authority later": {good, func(t *bundle.Trust) { t.TimeAuthorities, t.Now = nil, now.Add(time.Hour) }, "expired-certificate"},
		"the same, kept":          {good, func(t *bundle.Trust) { t.TimeAuthorities, t.Now, t.Kept = nil, now.Add(time.Hour), true }, ""},
		"signed too late":         {sealedLate(t, a), func(*bundle.Trust) {}, "expired-certificate"},
		"another's certificate":   {sealed(t, other, now, options(other)), func(*bundle.Trust) {}, "untrusted-certificate"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			trust := trusting(a)
			tt.trust(&trust)
			b, err := bundle.Open(tt.data, trust)
			if got := bundle.Reason(err); got != tt.reason || (err == nil) != (b != nil) {
				t.Errorf("refused as %q, want %q: %v", got, tt.reason, err)
			}
			if err != nil && (len(err.Error()) > 600 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("the message is not one clear line: %v", err)
			}
		})
	}
}

// TestACertificateOfAnotherPurposeIsRefused has a trusted authority certify the trusted identity for something else than to sign.
func TestACertificateOfAnotherPurposeIsRefused(t *testing.T) {
	address := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	tests := map[string]struct {
		template func(*x509.Certificate)
		trust    func(*bundle.Trust)
		reason   string
	}{
		"as it should be":          {func(*x509.Certificate) {}, nil, ""},
		"for servers":              {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, nil, "untrusted-certificate"},
		"for timestamps":           {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} }, nil, "untrusted-certificate"},
		"for encryption":           {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, nil, "untrusted-certificate"},
		"for nothing that is said": {func(c *x509.Certificate) { c.KeyUsage = 0 }, nil, ""},
		"an authority's":           {func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, nil, "untrusted-certificate"},
		"an authority's that signs": {func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, c.KeyUsage|x509.KeyUsageCertSign
		}, nil, "untrusted-certificate"},
		"with something critical": {func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true})
		}, nil, "untrusted-certificate"},
		"of two subjects":           {func(c *x509.Certificate) { c.URIs = append(c.URIs, address("https://evil.example.com")) }, nil, "unknown-identity"},
		"of a server too":           {func(c *x509.Certificate) { c.DNSNames = []string{"ci.example.com"} }, nil, "unknown-identity"},
		"of no issuer":              {func(c *x509.Certificate) { c.ExtraExtensions = nil }, nil, "unknown-identity"},
		"of an issuer that is none": {func(c *x509.Certificate) { c.ExtraExtensions[1].Value = []byte{0x0c, 0xff} }, nil, "unknown-identity"},
		"of two issuers":            {func(c *x509.Certificate) { c.ExtraExtensions[1].Value = append([]byte{0x0c, 4}, "evil"...) }, nil, "unknown-identity"},
		"of a name like it": {func(c *x509.Certificate) { c.URIs = []*url.URL{address("https://ci-example.com/team/gateway@main")} }, func(t *bundle.Trust) {
			t.Identities[0].SubjectPattern, _ = bundle.NewPattern(`https://ci\.example\.com/team/.*`)
		}, "unknown-identity"},
		"of a name with more before it": {func(c *x509.Certificate) { c.URIs = []*url.URL{address("https://evil.example.com/#" + subject)} }, func(t *bundle.Trust) {
			t.Identities[0].SubjectPattern, _ = bundle.NewPattern(`^https://ci\.example\.com/|/gateway@main$`)
		}, "unknown-identity"},
		"of a name with a line before it": {func(c *x509.Certificate) { c.URIs, c.EmailAddresses = nil, []string{"evil\nops@example.com"} }, func(t *bundle.Trust) {
			t.Identities[0].SubjectPattern, _ = bundle.NewPattern(`(?m)^ops@example\.com$`)
		}, "unknown-identity"},
		"of a name in capitals": {func(c *x509.Certificate) { c.URIs = []*url.URL{address(strings.ToUpper(subject))} }, nil, "unknown-identity"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := authority.Start(t)
			a.Template = tt.template
			trust := trusting(a)
			if tt.trust != nil {
				tt.trust(&trust)
			}
			_, err := bundle.Open(sealed(t, a, time.Now(), options(a)), trust)
			if got := bundle.Reason(err); got != tt.reason || err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("refused as %q, want %q: %v", got, tt.reason, err)
			}
		})
	}
}

// TestATimeOutsideACertificatesIsRefused holds that a signature counts only if all that leads to its authority was valid then.
func TestATimeOutsideACertificatesIsRefused(t *testing.T) {
	at := func(shift time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(shift) } }
	for name, tt := range map[string]struct {
		stamped time.Duration
		want    string
	}{
		"in it":             {0, ""},
		"before it":         {-time.Hour, "it signed at "},
		"after it":          {time.Hour, "it signed at "},
		"before its root":   {-20 * 365 * 24 * time.Hour, "the timestamp on the signature by"},
		"after its root is": {20 * 365 * 24 * time.Hour, "the timestamp on the signature by"},
	} {
		a := authority.Start(t)
		s, err := keyless.Request(t.Context(), time.Now(), options(a))
		if err != nil {
			t.Fatal(err)
		}
		a.Now = at(tt.stamped)
		message := []byte("message")
		sig, err := bundle.SignatureOf(message, s)
		if err != nil {
			t.Fatal(err)
		}
		trust := trusting(a)
		by := trust.Judge(message, sig)
		if (by.Err == nil) != (tt.want == "") || by.Err != nil && !strings.Contains(by.Err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, by.Err, tt.want)
		}
	}
	// A root that has ended, of a certificate that has not, and nobody to prove a time.
	a := authority.Start(t)
	a.Lasts = 30 * 365 * 24 * time.Hour
	o := options(a)
	o.TimestampURL = ""
	trust := trusting(a)
	trust.Now = time.Now().AddDate(20, 0, 0)
	_, err := bundle.Open(sealed(t, a, time.Now(), o), trust)
	if want := "and an authority's above it is not: x509: certificate has expired"; bundle.Reason(err) != "expired-certificate" || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

// sealedLate returns a bundle with a timestamp that is later than its certificate lasts.
func sealedLate(t *testing.T, a *authority.Authority) []byte {
	t.Helper()
	defer func(now func() time.Time) { a.Now = now }(a.Now)
	s, err := keyless.Request(t.Context(), time.Now(), options(a))
	if err != nil {
		t.Fatal(err)
	}
	a.Now = func() time.Time { return time.Now().Add(time.Hour) }
	g := &schema.Gateway{Environment: "test"}
	data, err := bundle.Seal(bundle.Contents{Environment: "test", Serial: 1, Gateway: g.Resolve()}, s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newKey() *key.Private {
	k, err := key.Generate(key.ECDSA)
	if err != nil {
		panic(err) // the system's randomness does not fail
	}
	return k
}

// TestAKeyWithACertificateSigns holds that a certificate may come from elsewhere, and what is then refused at once.
func TestAKeyWithACertificateSigns(t *testing.T) {
	a := authority.Start(t)
	k, now := newKey(), time.Now()
	leaf, err := a.Certify(k.Public().Key(), issuer, "someone@example.com")
	if err != nil {
		t.Fatal(err)
	}
	stamped := keyless.Options{TimestampURL: a.URL + "/timestamp"}
	s, err := keyless.New(t.Context(), k, []*x509.Certificate{leaf, a.Between, a.Root}, now, stamped)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Certificates()); n != 2 {
		t.Errorf("it hands out %d certificates, want its own and the one between", n)
	}
	for want, try := range map[string]func() error{
		"there is no certificate": func() error { _, err := keyless.New(t.Context(), k, nil, now, stamped); return err },
		"the certificate is of another key": func() error {
			_, err := keyless.New(t.Context(), newKey(), []*x509.Certificate{leaf}, now, stamped)
			return err
		},
		"nobody takes a signature by it then unless it is proven when it was made": func() error {
			_, err := keyless.New(t.Context(), k, []*x509.Certificate{leaf}, now, keyless.Options{})
			return err
		},
		"the certificate has expired": func() error {
			_, err := keyless.New(t.Context(), k, []*x509.Certificate{leaf}, now.Add(time.Hour), stamped)
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestWhatAuthoritiesAnswerIsSaid(t *testing.T) {
	const certify, stamp = "/api/v2/signingCert", "/timestamp"
	tests := map[string]struct {
		at     string
		status int
		body   string
		want   string
	}{
		"a refusal":                  {certify, 401, `{"code":16,"message":"the token has expired"}`, `certificate authority "URL": it answers 401 Unauthorized: "the token has expired"`},
		"an error without a word":    {certify, 502, "<html>", `certificate authority "URL": it answers 502 Bad Gateway`},
		"a page":                     {certify, 200, "<html>", "its answer is no JSON"},
		"no certificate":             {certify, 200, "{}", "its answer holds no certificate"},
		"certificates that are none": {certify, 200, `{"signedCertificateDetachedSct":{"chain":{"certificates":["x"]}}}`, "its answer: it holds no certificates"},
		"no timestamp":               {stamp, 200, "<html>", `timestamp authority "URL/timestamp": its answer is no timestamp`},
		"an authority out of work":   {stamp, 503, "", `timestamp authority "URL/timestamp": it answers 503 Service Unavailable`},
		"an endless timestamp":       {stamp, 200, strings.Repeat("x", 1<<17), "its answer has more than 65536 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := authority.Start(t)
			a.Answer = func(path string, status int, body []byte) (int, []byte) {
				if path == tt.at {
					return tt.status, []byte(tt.body)
				}
				return status, body
			}
			s, err := keyless.Request(t.Context(), time.Now(), options(a))
			if err == nil {
				_, err = s.Timestamp([]byte("signature"))
			}
			if want := strings.ReplaceAll(tt.want, "URL", a.URL); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		})
	}
	o := keyless.Options{FulcioURL: "http://127.0.0.1:1", Client: &http.Client{}}
	if _, err := keyless.Request(t.Context(), time.Now(), o); err == nil || !strings.Contains(err.Error(), `certificate authority "http://127.0.0.1:1": dial tcp`) {
		t.Errorf("error %v", err)
	}
	a := authority.Start(t)
	o = options(a)
	o.Token = "nonsense"
	if _, err := keyless.Request(t.Context(), time.Now(), o); err == nil || !strings.Contains(err.Error(), "the token is none") {
		t.Errorf("error %v", err)
	}
}

// TestATimestampIsForOneSignature holds that neither an old answer is taken for a new one, nor another signature's
// timestamp for one's own.
func TestATimestampIsForOneSignature(t *testing.T) {
	a := authority.Start(t)
	s, err := keyless.Request(t.Context(), time.Now(), options(a))
	if err != nil {
		t.Fatal(err)
	}
	var old []byte
	a.Answer = func(_ string, status int, body []byte) (int, []byte) {
		if old == nil {
			old = body
		}
		return status, old
	}
	if _, err := s.Timestamp([]byte("one")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Timestamp([]byte("two")); err == nil || !strings.Contains(err.Error(), "its answer is to another question") {
		t.Errorf("error %v", err)
	}
	message := []byte("message")
	sig, err := bundle.SignatureOf(message, fixed{s, old})
	if err != nil {
		t.Fatal(err)
	}
	trust := trusting(a)
	if by := trust.Judge(message, sig); bundle.Reason(by.Err) != "timestamp-invalid" {
		t.Errorf("judged %+v", by)
	}
}

// fixed signs with one timestamp for all.
type fixed struct {
	*keyless.Signer
	token []byte
}

func (f fixed) Timestamp([]byte) ([]byte, error) { return f.token, nil }
