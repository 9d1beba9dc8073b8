package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// standIns are the backends and the identity provider of the dev environment, on loopback.
type standIns struct {
	servers map[string]*httptest.Server
	key     *ecdsa.PrivateKey
}

// upstreams are those of the reference environments.
var upstreams = []string{"echo", "echo-v2", "users", "products"}

const issuer = "https://id.example.com/"

func newStandIns() (*standIns, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &standIns{servers: map[string]*httptest.Server{}, key: key}
	for _, name := range upstreams {
		s.servers[name] = httptest.NewServer(echo(name))
	}
	s.servers["id"] = httptest.NewServer(http.HandlerFunc(s.keys))
	return s, nil
}

// echo answers with what it was asked.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Server", "echo/1.0")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone, or it is not
			"backend": name, "method": r.Method, "path": r.URL.RequestURI(), "x-api-version": r.Header.Get("X-Api-Version"),
			"x-user-id": r.Header.Get("X-User-Id"),
		})
	})
}

// keys serves the identity provider's key set.
func (s *standIns) keys(w http.ResponseWriter, _ *http.Request) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: "demo", Algorithm: "ES256", Use: "sig"}}}
	_ = json.NewEncoder(w).Encode(set)
}

// token returns a token for the users API.
func (s *standIns) token(subject string) (string, error) {
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: "demo"}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: issuer, Subject: subject, Audience: jwt.Audience{"users-api"},
		Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).Serialize()
}

// definition is the CUE that points the dev environment at the stand-ins.
func (s *standIns) definition() string {
	var b strings.Builder
	b.WriteString("package gateway\n\n// Stand-ins on loopback.\n")
	for _, name := range upstreams {
		host, port, _ := net.SplitHostPort(s.servers[name].Listener.Addr().String()) // a listener's own address
		fmt.Fprintf(&b, "upstreams: %q: endpoints: main: {host: %q, port: %s}\n", name, host, port)
	}
	b.WriteString("// Room for the load of the demo.\napis: products: rateLimit: {burst: requests: 1000000, daily: requests: 1000000}\n")
	fmt.Fprintf(&b, "apis: users: _jwt: jwks: url: %q\n", s.servers["id"].URL+"/jwks.json")
	return b.String()
}

func (s *standIns) close() {
	for _, server := range s.servers {
		server.Close()
	}
}
