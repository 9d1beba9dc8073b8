package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
	"gwc.dev/schema/bundle/trust"
)

func newKey(t *testing.T) bundle.PublicKey {
	t.Helper()
	k, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

// newAuthority returns a certificate that signed itself, in PEM.
func newAuthority(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// write puts files into a directory and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// indent makes text a block of a document.
func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ") + "\n"
}

func TestADocumentSaysWhoIsTrustedAndUntilWhen(t *testing.T) {
	old, next, plain := newKey(t), newKey(t), newKey(t)
	dir := write(t, map[string]string{
		"trust.yaml": `keys:
  - file: old.pub
    expires: 2027-03-01
  - pem: |
` + indent(string(next.Marshal())) + `    expires: "2027-03-01T12:30:00+01:00"
identities:
  - issuer: https://ci.example.com
    subject: https://ci.example.com/team/gateway@main
  - issuer: https://accounts.example.com
    subjectPattern: .*@example\.com
    expires: 2028-01-01T00:00:00Z
authorities: [{file: ca.pem}]
`,
		"old.pub": string(old.Marshal()), "ca.pem": newAuthority(t), "plain.pub": string(plain.Marshal()),
		"trust.json": `{"keys": [{"pem": "` + strings.ReplaceAll(string(plain.Marshal()), "\n", `\n`) + `"}]}`,
	})
	got, err := trust.Load(filepath.Join(dir, "trust.yaml"), filepath.Join(dir, "plain.pub"), filepath.Join(dir, "trust.json"))
	if err != nil {
		t.Fatal(err)
	}
	type signer struct {
		Who     string
		Expires time.Time
	}
	var have []signer
	for _, k := range got.Keys {
		have = append(have, signer{k.ID(), k.Expires})
	}
	for _, i := range got.Identities {
		have = append(have, signer{i.String(), i.Expires})
	}
	want := []signer{
		{old.ID(), time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)},
		{next.ID(), time.Date(2027, 3, 1, 11, 30, 0, 0, time.UTC)},
		{plain.ID(), time.Time{}},
		{plain.ID(), time.Time{}},
		{"https://ci.example.com/team/gateway@main (https://ci.example.com)", time.Time{}},
		{`/.*@example\.com/ (https://accounts.example.com)`, time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("trusted (-want +got):\n%s", diff)
	}
	if len(got.Authorities) != 1 {
		t.Errorf("%d authorities", len(got.Authorities))
	}

	// Written as one file it is the same again.
	text, err := trust.Format(got)
	if err != nil || !trust.IsDocument(text) {
		t.Fatalf("%s, %v", text, err)
	}
	back, err := trust.Parse(text, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again, err := trust.Format(back)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), string(again)); diff != "" {
		t.Errorf("written twice (-first +second):\n%s", diff)
	}
	if len(back.Keys) != 3 || len(back.Identities) != 2 || len(back.Authorities) != 1 {
		t.Errorf("read back: %d keys, %d identities, %d authorities", len(back.Keys), len(back.Identities), len(back.Authorities))
	}
}

func TestKeysWithoutAnEndAreWrittenInPEM(t *testing.T) {
	one, two := newKey(t), newKey(t)
	expiring := one
	expiring.Expires = time.Now()
	a, err := trust.Format(bundle.Trusting(one, two, one, expiring))
	if err != nil {
		t.Fatal(err)
	}
	b, err := trust.Format(bundle.Trusting(two, one))
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) || trust.IsDocument(a) {
		t.Errorf("one way: %s\nthe other: %s", a, b)
	}
	keys, err := bundle.ParsePublicKeys(a)
	if err != nil || len(keys) != 2 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestWhatIsNoTrustIsNamed(t *testing.T) {
	public, authority := string(newKey(t).Marshal()), newAuthority(t)
	bomb := "keys:\n- &a0 {pem: x}\n"
	for i := range 9 {
		bomb += fmt.Sprintf("- &a%d {pem: [%s*a%d]}\n", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	tests := map[string]struct{ text, want string }{
		"empty":                       {"", "it is empty: give public keys in PEM, or a trust document"},
		"text":                        {"hello", "it holds neither PEM nor a trust document"},
		"a field that is none":        {"kyes: []", "field kyes not found"},
		"a field twice":               {"keys: [{file: a.pub}]\nkeys: [{file: a.pub}]", `mapping key "keys" already defined`},
		"a field twice in JSON":       {`{"keys": [], "keys": [{"file": "a.pub"}]}`, `mapping key "keys" already defined`},
		"an end twice":                {"keys: [{file: a.pub, expires: 2020-01-01, expires: 2099-01-01}]", `mapping key "expires" already defined`},
		"a field in capitals":         {"Keys: [{file: a.pub}]", "field Keys not found"},
		"aliases of aliases":          {bomb, "it holds neither PEM nor a trust document"},
		"a key that is a directory":   {"keys: [{file: .}]", "is a directory"},
		"nobody":                      {"keys: []", "it trusts nobody"},
		"two documents":               {"keys: [{file: a.pub}]\n---\nkeys: []\n", "more than one document"},
		"a key twice in one entry":    {"keys: [{file: a.pub, pem: x}]", "keys[0]: give one of pem and file"},
		"a key of nothing":            {"keys: [{expires: 2027-01-01}]", "keys[0]: give one of pem and file"},
		"a file that is not there":    {"keys: [{file: none.pub}]", `none.pub": no such file or directory`},
		"a private key":               {"keys: [{pem: \"-----BEGIN PRIVATE KEY-----\\nAA==\\n-----END PRIVATE KEY-----\\n\"}]", "keys[0]: it is a private key"},
		"an end that is no day":       {"keys: [{file: a.pub, expires: tomorrow}]", `keys[0]: expires: "tomorrow" is no day`},
		"a day that is none":          {"keys: [{file: a.pub, expires: 2027-02-30}]", `expires: "2027-02-30" is no day`},
		"no issuer":                   {"identities: [{subject: a}]", "identities[0]: give one of issuer and issuerPattern"},
		"two subjects":                {"identities: [{issuer: i, subject: a, subjectPattern: a}]", "identities[0]: give one of subject and subjectPattern"},
		"a pattern that is none":      {"identities: [{issuer: i, subjectPattern: '('}]", "identities[0]: subjectPattern: error parsing regexp"},
		"an identity's end":           {"identities: [{issuer: i, subject: a, expires: x}]", "identities[0]: expires"},
		"identities of no authority":  {"identities: [{issuer: i, subject: a}]", "authorities are missing"},
		"an authority that is a key":  {"keys: [{file: a.pub}]\nauthorities: [{file: a.pub}]", `authorities[0]: a PEM block of type "PUBLIC KEY" is not supported`},
		"an authority that ends":      {"keys: [{file: a.pub}]\nauthorities: [{file: ca.pem, expires: 2027-01-01}]", "authorities[0]: expires: certificates say themselves"},
		"a time authority of nothing": {"keys: [{file: a.pub}]\ntimeAuthorities: [{pem: x}]", "timeAuthorities[0]: it holds no certificates"},
		"damaged PEM":                 {public + "-----BEGIN PUBLIC KEY-----\n", "a PEM block is damaged"},
		"a certificate for a key":     {authority, `a PEM block of type "CERTIFICATE" is not supported`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{"trust.yaml": tt.text, "a.pub": public, "ca.pem": authority})
			file := filepath.Join(dir, "trust.yaml")
			_, err := trust.Load(file)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), `reading trust "`+file+`": `) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %v", err)
			}
		})
	}
	if _, err := trust.Load(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("keys:\n  - pem: x\n    expires: 2027-01-01\n")
	f.Add("identities: [{issuer: i, subjectPattern: '.*'}]\nauthorities: [{pem: x}]\n")
	f.Add("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := trust.Parse([]byte(text), func(string) ([]byte, error) { return nil, os.ErrNotExist })
		if err != nil {
			return
		}
		out, err := trust.Format(got)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trust.Parse(out, nil); err != nil {
			t.Errorf("written as %q it is not read: %v", out, err)
		}
	})
}

// TestAPipeHoldsNobodyUp has a named pipe stand where a file should, to which nobody writes.
func TestAPipeHoldsNobodyUp(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "trust.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := trust.Load(pipe)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), pipe) {
			t.Errorf("error %v does not name %s", err, pipe)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for somebody to write")
	}
}
