// Package websocket_test holds gwproxy to be transparent for WebSocket (RFC 6455): what a client and a server say to
// each other through it is, byte by byte, what they say to each other without it. The cases in testdata follow the
// numbers of the Autobahn test suite; what they send and what comes of it are stated there.
package websocket_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"gwc.dev/runtime/conformance/gateway"
)

// commands are those under test.
var commands gateway.Commands

func TestMain(m *testing.M) { os.Exit(gateway.Main(m, &commands)) }

// environment has an upstream without TLS and one with it, chosen by the host, behind a listener of each kind.
const environment = `
listeners: {
	http: port: 8080
	https: {
		port: 8443
		tls: certificates: main: secret: "tls"
	}
}
upstreams: plain: endpoints: main: {host: %q, port: %s}
upstreams: tls: {
	endpoints: main: {host: %q, port: %s}
	tls: {ca: "tls/tls.crt", serverName: "localhost"}
}
timeout: "30s"
rateLimit: client: {requests: 1000000000, per: "second"}
apis: plain: {
	owner: "conformance"
	hosts: ["plain.example.com"]
	routes: all: backends: plain: {}
}
apis: tls: {
	owner: "conformance"
	hosts: ["tls.example.com"]
	routes: all: backends: tls: {}
}
waivers: plain: {
	code:    "write-without-auth"
	path:    "apis.plain.routes.all"
	reason:  "The cases send no credentials."
	expires: "2099-12-31"
}
waivers: tls: {
	code:    "write-without-auth"
	path:    "apis.tls.routes.all"
	reason:  "The cases send no credentials."
	expires: "2099-12-31"
}
`

// hosts are the names that choose an upstream.
var hosts = []string{"plain.example.com", "tls.example.com"}

// A site is a gateway in front of two servers that do the same, one over TLS.
type site struct {
	*gateway.Gateway
	definition string
	plain, tls *httptest.Server
	client     *tls.Config
}

// A path is a way to the servers.
type path struct {
	listener string // "http" or "https"; "": past the gateway
	host     string
}

func (p path) String() string {
	if p.listener == "" {
		return "direct " + p.host
	}
	return p.listener + " " + p.host
}

// paths are all ways through the gateway.
func paths() []path {
	var all []path
	for _, listener := range []string{"http", "https"} {
		for _, host := range hosts {
			all = append(all, path{listener, host})
		}
	}
	return all
}

// start runs a gateway in front of a handler. The server with TLS offers HTTP/2 as well, as most do, so that the gateway
// must choose HTTP/1.1 for what cannot be said otherwise.
func start(t *testing.T, handler http.Handler, flags ...string) *site {
	t.Helper()
	certificate := gateway.NewCertificate(t)
	pair, err := tls.X509KeyPair(certificate.Certificate, certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{plain: httptest.NewServer(handler), tls: httptest.NewUnstartedServer(handler)}
	s.tls.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.tls.EnableHTTP2 = true
	s.tls.StartTLS()
	t.Cleanup(func() {
		for _, server := range []*httptest.Server{s.plain, s.tls} {
			server.CloseClientConnections()
			server.Close()
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	s.client = &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"http/1.1"}}
	plain, encrypted := split(t, s.plain), split(t, s.tls)
	s.definition = fmt.Sprintf(environment, plain[0], plain[1], encrypted[0], encrypted[1])
	s.Gateway = commands.Start(t, gateway.Environment{
		Definition: s.definition, Listeners: []string{"http", "https"}, Flags: flags,
		Secrets: certificate.Secret("tls"),
	})
	return s
}

func split(t *testing.T, server *httptest.Server) [2]string {
	t.Helper()
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{host, port}
}
