package sigstore_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/keyless"
	"gwc.dev/schema/bundle/keyless/authority"
	"gwc.dev/schema/bundle/sigstore"
)

const (
	issuer  = "https://ci.example.com"
	subject = "https://ci.example.com/team/gateway@main"

	another = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

// statement returns what the tests' bundles say.
func statement(t testing.TB) []byte {
	t.Helper()
	out, err := sigstore.Statement(digest, sigstore.SignType, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func bundled(t testing.TB, statement []byte, s bundle.Signer) string {
	t.Helper()
	out, err := sigstore.Bundle(statement, s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// changed returns a bundle of which a part was replaced, which has to be there.
func changed(t testing.TB, data, old, by string) string {
	t.Helper()
	if !strings.Contains(data, old) {
		t.Fatalf("%s is not in %s", old, data)
	}
	return strings.Replace(data, old, by, 1)
}

// A verdict is whether a claim is believed, cannot be read, or is refused for a reason.
func verdict(c sigstore.Claim, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case c.By.Err != nil:
		return bundle.Reason(c.By.Err)
	}
	return "believed"
}

func TestOnlyWhatIsMeantIsReadOfABundle(t *testing.T) {
	k, stranger := newKey(t, key.ECDSA), newKey(t, key.ECDSA)
	trust := bundle.Trusting(k.Public())
	good := bundled(t, statement(t), k)
	says := func(old, by string) string {
		return bundled(t, []byte(changed(t, string(statement(t)), old, by)), k)
	}
	sum := strings.TrimPrefix(digest, "sha256:")
	var d struct {
		DsseEnvelope struct{ Signatures []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(good), &d); err != nil {
		t.Fatal(err)
	}
	signature := string(d.DsseEnvelope.Signatures[0])
	tests := map[string]struct{ data, want string }{
		"a bundle":               {good, "believed"},
		"with a field of later":  {changed(t, good, `{`, `{"later":{"a":[1,{}]},`), "believed"},
		"of version 0.1":         {changed(t, good, sigstore.BundleType, "application/vnd.dev.sigstore.bundle+json;version=0.1"), "believed"},
		"of in-toto's version 0": {says("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"), "believed"},
		"nothing":                {"", "it is no Sigstore bundle: EOF"},
		"a page":                 {"<html>", "it is no Sigstore bundle"},
		"a list":                 {"[]", "it is no Sigstore bundle"},
		"half of it":             {good[:len(good)/2], "it is no Sigstore bundle"},
		"more after it":          {good + "{}", "it is no Sigstore bundle"},
		"a nest":                 {strings.Repeat(`{"a":`, 1_000_000), "it nests more than 100 levels deep"},
		"no type":                {changed(t, good, sigstore.BundleType, ""), `it is no Sigstore bundle of a version that is known: its type is ""`},
		"a type of later":        {changed(t, good, "v0.3", "v0.4"), `its type is "application/vnd.dev.sigstore.bundle.v0.4+json"`},
		"a type twice":           {changed(t, good, `{`, `{"mediaType":"x",`), `it has "mediaType" twice`},
		"an envelope twice":      {changed(t, good, `{`, `{"dsseEnvelope":{},`), `it has "dsseEnvelope" twice`},
		"a payload twice":        {changed(t, good, `"payload":`, `"payload":"e30=","payload":`), `it has "payload" twice`},
		"no envelope":            {changed(t, good, "dsseEnvelope", "messageSignature"), "it holds no in-toto statement with one signature"},
		"two signatures":         {changed(t, good, signature, signature+","+signature), "it holds no in-toto statement with one signature"},
		"no signature":           {changed(t, good, signature, ""), "it holds no in-toto statement with one signature"},
		"another payload's type": {changed(t, good, `"application/vnd.in-toto+json"`, `"text/plain"`), "it holds no in-toto statement with one signature"},
		"neither key nor certificate": {changed(t, good, `"publicKey":`, `"nobody":`),
			"it names neither a key nor a certificate"},
		"a key and a certificate": {changed(t, good, `"publicKey":`, `"certificate":{"rawBytes":"AAAA"},"publicKey":`),
			"it names more than one of a key, a certificate and a chain of certificates"},
		"an empty chain":                   {changed(t, good, `"publicKey":`, `"x509CertificateChain":{"certificates":[]},"publicKey":`), "its chain of certificates is empty"},
		"a certificate that is none":       {changed(t, good, `"publicKey":{`, `"certificate":{"rawBytes":"AAAA"},"nobody":{`), "untrusted-certificate"},
		"a hint that is none":              {changed(t, good, `"hint":"`, `"hint":"!`), "the hint at its key cannot be read"},
		"another's hint":                   {changed(t, good, `"hint":"`, `"hint":"AAAA`), "believed"}, // hints are nobody's word
		"a signature that was changed":     {changed(t, good, `"sig":"ME`, `"sig":"MA`), "signature-invalid"},
		"an empty signature":               {changed(t, good, signature, `{"sig":""}`), "signature-invalid"},
		"a stranger's":                     {bundled(t, statement(t), stranger), "unknown-key"},
		"no statement":                     {bundled(t, []byte("x"), k), "its statement cannot be read"},
		"a statement and more":             {bundled(t, append(statement(t), "{}"...), k), "its statement cannot be read"},
		"a statement of another form":      {says("https://in-toto.io/Statement/v1", "https://in-toto.io/Link/v1"), `its statement says nothing that is known: it is of type "https://in-toto.io/Link/v1"`},
		"a statement without a predicate":  {says(sigstore.SignType, ""), "its statement says nothing that is known"},
		"two predicates":                   {says(`"predicateType"`, `"predicateType":"x","predicateType"`), `it has "predicateType" twice`},
		"two digests":                      {says(`"sha256":`, `"sha256":"`+sum+`","sha256":`), `it has "sha256" twice`},
		"another's digest":                 {says(sum, strings.Repeat("0", 64)), "signature-invalid"},
		"a digest in capitals":             {says(sum, strings.ToUpper(sum)), "signature-invalid"},
		"by another algorithm":             {says(`"sha256"`, `"sha512"`), "signature-invalid"},
		"about nothing":                    {says(`[{"digest":{"sha256":"`+sum+`"}}]`, `[]`), "signature-invalid"},
		"about more than one":              {says(`"subject":[`, `"subject":[{"digest":{"sha256":"`+sum+`"}},`), "signature-invalid"},
		"a timestamp without certificates": {changed(t, good, `"publicKey":`, `"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AAAA"}]},"publicKey":`), "believed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := verdict(sigstore.ReadBundle([]byte(tt.data), digest, &trust))
			if !strings.Contains(got, tt.want) || len(got) > 400 {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
		})
	}
	if got := verdict(sigstore.ReadBundle([]byte(good), another, &trust)); got != "signature-invalid" {
		t.Errorf("about another artifact it is %s", got)
	}
	if got := verdict(sigstore.ReadBundle([]byte(good), "latest", &trust)); got != `"latest" is no SHA-256 digest` {
		t.Errorf("about a tag it is %s", got)
	}
}

func TestOnlyWhatIsMeantIsReadOfAPayload(t *testing.T) {
	k, stranger := newKey(t, key.Ed25519), newKey(t, key.Ed25519)
	trust := bundle.Trusting(k.Public())
	payload, annotations, err := sigstore.Payload("registry.example.com/gateway", digest, k)
	if err != nil {
		t.Fatal(err)
	}
	good := string(payload)
	signed := func(text string, by *key.Private) map[string]string {
		sig, err := by.Sign([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{sigstore.AnnotationSignature: base64.StdEncoding.EncodeToString(sig)}
	}
	with := func(name, value string) map[string]string {
		out := maps.Clone(annotations)
		out[name] = value
		return out
	}
	sig := annotations[sigstore.AnnotationSignature]
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err != nil {
		t.Fatal(err)
	}
	const certificate, chain, stamp = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain", "dev.sigstore.cosign/rfc3161timestamp"
	says := func(old, by string) struct {
		payload     string
		annotations map[string]string
		want        string
	} {
		text := changed(t, good, old, by)
		return struct {
			payload     string
			annotations map[string]string
			want        string
		}{text, signed(text, k), ""}
	}
	tests := map[string]struct {
		payload     string
		annotations map[string]string
		want        string
	}{
		"a payload":                     {good, annotations, "believed"},
		"payload of another name":       {says("registry.example.com/gateway", "elsewhere.example.com/x").payload, says("registry.example.com/gateway", "elsewhere.example.com/x").annotations, "believed"},
		"with something optional":       {says(`"optional":null`, `"optional":{"creator":"ci"}`).payload, says(`"optional":null`, `"optional":{"creator":"ci"}`).annotations, "believed"},
		"changed":                       {changed(t, good, "registry", "egistry"), annotations, "unknown-key"},
		"a stranger's":                  {good, signed(good, stranger), "unknown-key"},
		"no annotation":                 {good, nil, "it has no signature"},
		"no signature":                  {good, with(sigstore.AnnotationSignature, ""), "it has no signature"},
		"a signature with a space":      {good, with(sigstore.AnnotationSignature, " "+sig), "it has no signature"},
		"a signature without its end":   {good, with(sigstore.AnnotationSignature, strings.TrimRight(sig, "=")), "it has no signature"},
		"a signature with more":         {good, with(sigstore.AnnotationSignature, base64.StdEncoding.EncodeToString(append(raw, 0))), "unknown-key"},
		"a signature of another S":      {good, with(sigstore.AnnotationSignature, base64.StdEncoding.EncodeToString(malleable(raw))), "unknown-key"},
		"a certificate that is none":    {good, with(certificate, "x"), "its certificate cannot be read"},
		"a key for a certificate":       {good, with(certificate, string(k.Public().Marshal())), `its certificate cannot be read: a PEM block is of type "PUBLIC KEY"`},
		"half a certificate":            {good, with(certificate, "-----BEGIN CERTIFICATE-----\nAAAA"), "its certificate cannot be read"},
		"a chain without a certificate": {good, with(chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "it has a chain of certificates, and none of its own"},
		"a timestamp that is none":      {good, with(stamp, "AAAA"), "its timestamp cannot be read"},
		"a timestamp twice":             {good, with(stamp, `{"SignedRFC3161Timestamp":"","SignedRFC3161Timestamp":""}`), "its timestamp cannot be read"},
	}
	for name, tt := range map[string]struct{ old, by, want string }{
		"nothing critical":          {`"critical"`, `"uncritical"`, "its payload cannot be read: nothing is critical in it"},
		"something critical more":   {`"critical":{`, `"critical":{"expires":"2020-01-01",`, `its payload cannot be read: json: unknown field "expires"`},
		"two digests":               {`"docker-manifest-digest":`, `"docker-manifest-digest":"` + another + `","docker-manifest-digest":`, `it has "docker-manifest-digest" twice`},
		"another's digest":          {digest, another, "signature-invalid"},
		"a digest by another":       {"sha256:", "sha512:", "signature-invalid"},
		"a digest without its name": {"sha256:", "", "signature-invalid"},
		"of another kind":           {"cosign container image signature", "atomic container signature", "signature-invalid"},
		"more after it":             {"null}", "null}{}", "its payload cannot be read"},
		"no end":                    {"null}", "null", "its payload cannot be read"},
	} {
		test := says(tt.old, tt.by)
		test.want = tt.want
		tests[name] = test
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := verdict(sigstore.ReadPayload([]byte(tt.payload), tt.annotations, digest, &trust))
			if !strings.Contains(got, tt.want) || len(got) > 400 {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
		})
	}
}

// malleable returns an Ed25519 signature with the group's order added to its S, which is another spelling of it.
func malleable(sig []byte) []byte {
	order := []byte{
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	}
	out := append([]byte{}, sig...)
	carry := 0
	for i, b := range order {
		sum := int(out[32+i]) + int(b) + carry
		out[32+i], carry = byte(sum), sum>>8
	}
	return out
}

// TestWhatLeadsToAnAuthorityMayComeWithASignature has trust name only a root, and the certificate between come from whoever
// signed. It is never trusted by itself.
func TestWhatLeadsToAnAuthorityMayComeWithASignature(t *testing.T) {
	a, other := authority.Start(t), authority.Start(t)
	sign := func(a *authority.Authority) *keyless.Signer {
		s, err := keyless.Request(t.Context(), time.Now(), keyless.Options{
			Token: authority.Token(issuer, subject), FulcioURL: a.URL, TimestampURL: a.URL + "/timestamp",
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	encode := base64.StdEncoding.EncodeToString
	// chained puts a bundle's certificate in front of others, as versions before 0.3 have it.
	chained := func(by *authority.Authority, certificates ...*x509.Certificate) string {
		s := sign(by)
		data := bundled(t, statement(t), s)
		leaf := fmt.Sprintf(`"certificate":{"rawBytes":%q}`, encode(s.Certificates()[0]))
		list := fmt.Sprintf(`{"rawBytes":%q}`, encode(s.Certificates()[0]))
		for _, c := range certificates {
			list += fmt.Sprintf(`,{"rawBytes":%q}`, encode(c.Raw))
		}
		return changed(t, data, leaf, `"x509CertificateChain":{"certificates":[`+list+`]}`)
	}
	rooted := bundle.Trust{
		Identities:  []bundle.Identity{{Issuer: issuer, Subject: subject}},
		Authorities: []*x509.Certificate{a.Root}, TimeAuthorities: []*x509.Certificate{a.TimeRoot},
	}
	full := rooted
	full.Authorities = []*x509.Certificate{a.Root, a.Between}
	// stamped puts timestamps by others before, or behind, the authority's own.
	stamped := func(before, behind int) string {
		s := sign(a)
		data := bundled(t, statement(t), s)
		var d struct {
			VerificationMaterial struct {
				TimestampVerificationData struct {
					RFC3161Timestamps []struct{ SignedTimestamp string }
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &d); err != nil {
			t.Fatal(err)
		}
		ours := fmt.Sprintf(`{"signedTimestamp":%q}`, d.VerificationMaterial.TimestampVerificationData.RFC3161Timestamps[0].SignedTimestamp)
		token, err := sign(other).Timestamp([]byte("something else"))
		if err != nil {
			t.Fatal(err)
		}
		theirs := fmt.Sprintf(`{"signedTimestamp":%q}`, encode(token))
		return changed(t, data, ours, strings.Repeat(theirs+",", before)+ours+strings.Repeat(","+theirs, behind))
	}
	nine := []*x509.Certificate{a.Between, a.Between, a.Between, a.Between, a.Between, a.Between, a.Between, a.Between}
	for name, tt := range map[string]struct {
		data  string
		trust bundle.Trust
		want  string
	}{
		"the leaf alone":                       {bundled(t, statement(t), sign(a)), rooted, "untrusted-certificate"},
		"the leaf, and the rest trusted":       {bundled(t, statement(t), sign(a)), full, "believed"},
		"another's timestamp too":              {stamped(1, 1), full, "believed"},
		"behind too many timestamps":           {stamped(4, 0), full, "timestamp-invalid"},
		"a chain":                              {chained(a, a.Between), rooted, "believed"},
		"a chain with its root":                {chained(a, a.Between, a.Root), rooted, "believed"},
		"a chain in another order":             {chained(a, a.Root, a.Between), rooted, "believed"},
		"a chain of one":                       {chained(a), rooted, "untrusted-certificate"},
		"a chain of another":                   {chained(a, other.Between, other.Root), rooted, "untrusted-certificate"},
		"a chain too long":                     {chained(a, nine...), rooted, "untrusted-certificate"},
		"a stranger's chain with its own root": {chained(other, other.Between, other.Root), rooted, "untrusted-certificate"},
		"a stranger's chain with ours behind":  {chained(other, other.Between, other.Root, a.Between, a.Root), rooted, "untrusted-certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdict(sigstore.ReadBundle([]byte(tt.data), digest, &tt.trust)); got != tt.want {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
		})
	}

	const certificate, chain = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/chain"
	payload := func(by *authority.Authority, change func(map[string]string)) string {
		payload, annotations, err := sigstore.Payload("registry.example.com/gateway", digest, sign(by))
		if err != nil {
			t.Fatal(err)
		}
		change(annotations)
		return verdict(sigstore.ReadPayload(payload, annotations, digest, &rooted))
	}
	for name, tt := range map[string]struct {
		by     *authority.Authority
		change func(map[string]string)
		want   string
	}{
		"a payload":                         {a, func(map[string]string) {}, "believed"},
		"a payload without a chain":         {a, func(a map[string]string) { delete(a, chain) }, "untrusted-certificate"},
		"a payload with its root":           {a, func(m map[string]string) { m[chain] += authority.PEM(a.Root) }, "believed"},
		"a payload of a stranger":           {other, func(m map[string]string) { m[chain] += authority.PEM(other.Root) }, "untrusted-certificate"},
		"a payload with all in one":         {a, func(m map[string]string) { m[certificate] += m[chain]; delete(m, chain) }, "it has more than one certificate of its own"},
		"a payload with a damaged chain":    {a, func(m map[string]string) { m[chain] = m[chain][:100] }, "its chain of certificates cannot be read: it is no PEM, or damaged"},
		"a payload with another's identity": {a, func(m map[string]string) { m[certificate] = authority.PEM(other.Between) }, "unknown-identity"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := payload(tt.by, tt.change); got != tt.want {
				t.Errorf("it is %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzRead holds that only what somebody trusted signed about the artifact is believed.
func FuzzRead(f *testing.F) {
	k, err := key.Generate(key.Ed25519)
	if err != nil {
		f.Fatal(err)
	}
	trust := bundle.Trusting(k.Public())
	payload, annotations, err := sigstore.Payload("registry.example.com/gateway", digest, k)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(bundled(f, statement(f), k)), "", "", "")
	f.Add(payload, annotations[sigstore.AnnotationSignature], "", "")
	f.Add(payload, annotations[sigstore.AnnotationSignature], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", `{"SignedRFC3161Timestamp":"AAAA"}`)
	f.Fuzz(func(t *testing.T, data []byte, sig, certificate, stamp string) {
		if c, err := sigstore.ReadBundle(data, another, &trust); err == nil && c.By.Err == nil {
			t.Errorf("it is believed of another artifact: %s", data)
		}
		c, err := sigstore.ReadPayload(data, map[string]string{
			sigstore.AnnotationSignature: sig, "dev.sigstore.cosign/certificate": certificate, "dev.sigstore.cosign/rfc3161timestamp": stamp,
		}, digest, &trust)
		if err == nil && c.By.Err == nil && string(data) != string(payload) {
			t.Errorf("it is believed: %s", data)
		}
	})
}
