package bundle_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"gwc.dev/schema/bundle"
)

func pkix(t *testing.T, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestPublicKeysAreReadFromPEM(t *testing.T) {
	one, two := ecdsaKey(t, 1).Public(), ed25519Key(t, 1).Public()
	file := bytes.Join([][]byte{[]byte("# in force\n"), one.Marshal(), []byte("# next\n"), two.Marshal()}, nil)
	keys, err := bundle.ParsePublicKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0].ID() != one.ID() || keys[1].ID() != two.ID() {
		t.Fatalf("read %v", keys)
	}
	block, _ := pem.Decode(one.Marshal())
	sum := sha256.Sum256(block.Bytes)
	if want := hex.EncodeToString(sum[:]); keys[0].ID() != want {
		t.Errorf("ID = %s, want the digest of the PKIX form, %s", keys[0].ID(), want)
	}
}

func TestWhatIsNoPublicKeyIsNamed(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := ecdsaKey(t, 1).Public().Marshal()
	private, err := ecdsaKey(t, 1).Marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Replace(good, []byte("MFk"), []byte("M~k"), 1)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":                   {nil, "no PEM block"},
		"text":                    {[]byte("ssh-ed25519 AAAA"), "no PEM block"},
		"a private key":           {private, "it is a private key"},
		"an RSA key":              {pkix(t, &rsaKey.PublicKey), "*rsa.PublicKey is not supported"},
		"a P-384 key":             {pkix(t, &p384.PublicKey), "curve P-384 is not supported"},
		"a certificate":           {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}), `type "CERTIFICATE" is not supported`},
		"no PKIX inside":          {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "the public key is damaged"},
		"damaged":                 {damaged, "damaged"},
		"good, then damaged":      {append(bytes.Clone(good), damaged...), "damaged"},
		"damaged, then good":      {append(bytes.Clone(damaged), good...), "damaged"},
		"good, then a private":    {append(bytes.Clone(good), private...), "it is a private key"},
		"good, then half a block": {append(bytes.Clone(good), good[:40]...), "damaged"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := bundle.ParsePublicKeys(tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("keys %v, error %v; want an error with %q", keys, err, tt.want)
			}
		})
	}
}

// What is read as keys is still those keys when it is written and read again.
func FuzzParsePublicKeys(f *testing.F) {
	one, two := ecdsaKey(f, 1).Public().Marshal(), ed25519Key(f, 1).Public().Marshal()
	f.Add(one)
	f.Add(append(bytes.Clone(one), two...))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := bundle.ParsePublicKeys(data)
		if err != nil {
			return
		}
		var out []byte
		for _, k := range keys {
			out = append(out, k.Marshal()...)
		}
		again, err := bundle.ParsePublicKeys(out)
		if err != nil || len(again) != len(keys) {
			t.Fatalf("%d keys came back as %d, %v", len(keys), len(again), err)
		}
		for i := range keys {
			if keys[i].ID() != again[i].ID() {
				t.Errorf("key %d came back as another", i)
			}
		}
	})
}
