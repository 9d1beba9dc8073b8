// Package reload_test holds that gwproxy takes new bundles under load without anybody noticing: no request fails, no
// stream or WebSocket breaks, connections to backends and rate limits stay, and nothing is left of old tables.
//
// It swaps 25 times; SWAPS=1000 goes all the way, in half an hour.
package reload_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"gwc.dev/runtime/conformance/gateway"
	"gwc.dev/schema/bundle"
)

// commands are those under test.
var commands gateway.Commands

func TestMain(m *testing.M) { os.Exit(gateway.Main(m, &commands)) }

// environment has one API that is used, beside those of a large table.
const environment = `
listeners: {
	http: port: 8080
	https: {
		port: 8443
		tls: certificates: main: secret: "tls"
	}
}
upstreams: backend: endpoints: main: {host: %q, port: %s}
timeout: "24h"
rateLimit: client: {requests: 1000000000, per: "second"}
apis: used: {
	owner: "conformance"
	hosts: ["localhost"]
	routes: {
		all: {match: methods: ["GET"], backends: backend: {}}
		limited: {
			match: {path: exact: "/limited", methods: ["GET"]}
			rateLimit: client: {requests: %d, per: "day"}
			backends: backend: {}
		}
		version: {match: {path: exact: "/version", methods: ["GET"]}, respond: body: "1"}
	}
}
`

// allowance is how many requests the limited route takes a day.
const allowance = 10

// A site is a gateway with a large table.
type site struct {
	*gateway.Gateway
	next   *bundle.Bundle // the bundle in force, or the one after it
	client *tls.Config
}

func start(t *testing.T, b *backend) *site {
	t.Helper()
	host, port, err := net.SplitHostPort(b.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	certificate := gateway.NewCertificate(t)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate.Certificate) {
		t.Fatal("the certificate is none")
	}
	s := &site{client: &tls.Config{RootCAs: roots}}
	s.Gateway = commands.Start(t, gateway.Environment{
		Definition: fmt.Sprintf(environment, host, port, allowance) + table(), Listeners: []string{"http", "https"}, Secrets: certificate.Secret("tls"),
	})
	s.next, err = bundle.Open(s.Bundle(t), bundle.Trust{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// table returns the definitions of 10,000 routes, ten of a host each.
func table() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "apis: a%d: {owner: \"conformance\", hosts: [\"h%[1]d.example.com\"], routes: {\n", i)
		for j := range 10 {
			fmt.Fprintf(&b, "\tr%d: {match: {path: prefix: \"/p%[1]d\", methods: [\"GET\"]}, backends: backend: {}}\n", j)
		}
		b.WriteString("}}\n")
	}
	return b.String()
}

// prepare returns the bundle with the next serial. /version answers with that serial.
func (s *site) prepare(t *testing.T) []byte {
	t.Helper()
	s.next.Serial++
	s.next.Gateway.APIs["used"].Routes["version"].Respond.Body = strconv.FormatUint(s.next.Serial, 10)
	data, err := s.next.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// swaps returns how often to swap.
func swaps(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SWAPS")
	if text == "" {
		return 25
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2 {
		t.Fatalf("SWAPS=%s: want a number from 2 on", text)
	}
	return n
}
