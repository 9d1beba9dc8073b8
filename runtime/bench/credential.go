package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certificate returns a certificate for this machine and its key, in PEM.
func certificate() (cert, key string, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		return "", "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), nil
}

// apiKey is what the caller of the case filters sends.
const apiKey = "0123456789abcdef0123456789abcdef"

// issuer and audience are those of the tokens.
const (
	issuer   = "https://issuer.example.com"
	audience = "bench"
)

func apiKeyDigest() string {
	sum := sha256.Sum256([]byte(apiKey))
	return hex.EncodeToString(sum[:])
}

// tokens returns n JSON Web Tokens of different subjects, signed with RS256, and the key set that they are verified
// with.
func tokens(n int) (list []string, keySet string, err error) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", err
	}
	part := base64.RawURLEncoding.EncodeToString
	keySet = fmt.Sprintf(`{"keys":[{"kty":"RSA","alg":"RS256","kid":"bench","n":%q,"e":%q}]}`,
		part(k.N.Bytes()), part(big.NewInt(int64(k.E)).Bytes()))
	for i := range n {
		claims, err := json.Marshal(map[string]any{
			"iss": issuer, "aud": audience, "sub": fmt.Sprintf("user-%d", i),
			"exp": time.Now().Add(24 * time.Hour).Unix(), "scope": "read",
		})
		if err != nil {
			return nil, "", err
		}
		signed := part([]byte(`{"alg":"RS256","kid":"bench","typ":"JWT"}`)) + "." + part(claims)
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
		if err != nil {
			return nil, "", err
		}
		list = append(list, signed+"."+part(signature))
	}
	return list, keySet, nil
}
