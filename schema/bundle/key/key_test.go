package key_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

func generate(t *testing.T, kind key.Kind) *key.Private {
	t.Helper()
	k, err := key.Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func marshal(t *testing.T, k *key.Private, password string) []byte {
	t.Helper()
	data, err := k.Marshal([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// encrypt encrypts as cosign does, under the password "pw".
func encrypt(t *testing.T, der []byte, strength encrypted.KDFParameterStrength) []byte {
	t.Helper()
	sealed, err := encrypted.EncryptWithCustomKDFParameters(der, []byte("pw"), strength)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestKeysSurviveTheirFile(t *testing.T) {
	for kind, password := range map[key.Kind]string{key.ECDSA: "correct horse", key.Ed25519: ""} {
		k := generate(t, kind)
		back, err := key.Parse(marshal(t, k, password), []byte(password))
		if err != nil {
			t.Fatal(err)
		}
		if back.Public().ID() != k.Public().ID() {
			t.Errorf("%s: another key came back", kind)
		}
		sig, err := back.Sign([]byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		if !k.Public().Verify([]byte("message"), sig) {
			t.Errorf("%s: the signature does not verify", kind)
		}
		if k.Public().Verify([]byte("massage"), sig) {
			t.Errorf("%s: the signature verifies another message", kind)
		}
	}
}

// Private keys are read whether cosign 1 or 2 wrote them, and cosign reads what is written here: both are
// PKCS#8 that go-securesystemslib encrypted, under one of two PEM types.
func TestFilesAreCosigns(t *testing.T) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := bundle.NewPublicKey(&raw.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for pemType, strength := range map[string]encrypted.KDFParameterStrength{
		"ENCRYPTED COSIGN PRIVATE KEY":   encrypted.Legacy,
		"ENCRYPTED SIGSTORE PRIVATE KEY": encrypted.Standard,
	} {
		k, err := key.Parse(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: encrypt(t, der, strength)}), []byte("pw"))
		if err != nil {
			t.Fatalf("%s: %v", pemType, err)
		}
		if k.Public().ID() != want.ID() {
			t.Errorf("%s: another key came back", pemType)
		}
	}

	k := generate(t, key.ECDSA)
	block, _ := pem.Decode(marshal(t, k, "pw"))
	if block.Type != "ENCRYPTED SIGSTORE PRIVATE KEY" {
		t.Errorf("a PEM block of type %q was written", block.Type)
	}
	der, err = encrypted.Decrypt(block.Bytes, []byte("pw"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bundle.NewPublicKey(parsed.(*ecdsa.PrivateKey).Public()); err != nil || got.ID() != k.Public().ID() {
		t.Errorf("another key was written (%v)", err)
	}
}

// RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
func TestECDSAIsDeterministicAsInRFC6979(t *testing.T) {
	raw, err := hex.DecodeString("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	k, err := key.New(private)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := k.Sign([]byte("sample"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
		"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
	} {
		n, _ := new(big.Int).SetString(text, 16)
		if !bytes.Contains(sig, n.Bytes()) {
			t.Errorf("the signature %X lacks %s", sig, text)
		}
	}
}

func TestWhatIsNoPrivateKeyIsNamed(t *testing.T) {
	good := generate(t, key.ECDSA)
	file := marshal(t, good, "pw")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := func(k any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: encrypt(t, der, encrypted.Legacy)})
	}
	noPKCS8 := encrypt(t, []byte("x"), encrypted.Legacy)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "no PEM block"},
		"text":              {[]byte("secret"), "no PEM block"},
		"the public half":   {good.Public().Marshal(), "it is a public key"},
		"unencrypted":       {block("PRIVATE KEY", nil), "not encrypted"},
		"an OpenSSH key":    {block("OPENSSH PRIVATE KEY", nil), `type "OPENSSH PRIVATE KEY" is not supported`},
		"RSA":               {wrapped(rsaKey), "*rsa.PublicKey is not supported"},
		"P-384":             {wrapped(p384), "curve P-384 is not supported"},
		"not JSON":          {block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("x")), "damaged"},
		"JSON of no key":    {block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("{}")), "damaged"},
		"greedy parameters": {block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte(`{"kdf":{"name":"scrypt","params":{"N":1073741824,"r":8,"p":1}},"cipher":{"name":"nacl/secretbox"}}`)), "unsupported scrypt parameters"},
		"no PKCS#8 inside":  {block("ENCRYPTED SIGSTORE PRIVATE KEY", noPKCS8), "damaged"},
		"two keys":          {append(bytes.Clone(file), file...), "something follows"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := key.Parse(tt.data, []byte("pw"))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
			if errors.Is(err, key.ErrPassword) {
				t.Errorf("%v blames the password", err)
			}
		})
	}
	for _, password := range []string{"", "pW"} {
		if _, err := key.Parse(file, []byte(password)); !errors.Is(err, key.ErrPassword) {
			t.Errorf("with password %q: %v, want ErrPassword", password, err)
		}
	}
}

func TestOnlyKnownKindsAreMade(t *testing.T) {
	if _, err := key.Generate("rsa"); err == nil || !strings.Contains(err.Error(), `"rsa"`) {
		t.Errorf("Generate(rsa): %v", err)
	}
	if _, err := key.New(ed25519.PublicKey{}); err == nil {
		t.Error("a public key was taken for a private one")
	}
}
