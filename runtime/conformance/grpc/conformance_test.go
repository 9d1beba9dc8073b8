package grpc_test

import (
	"fmt"
	"strconv"
	"testing"

	"gwc.dev/runtime/conformance/gateway"
)

// environment sends every request to one backend.
const environment = `
listeners: {
	http: port: 8080
	https: {
		port: 8443
		tls: certificates: main: secret: "tls"
	}
}
upstreams: backend: {
	endpoints: main: {host: %q, port: %d}
	%s
}
timeout: "30s"
rateLimit: client: {requests: 1000000, per: "second"}
apis: all: {
	owner: "conformance"
	routes: all: backends: backend: {}
}
waivers: all: {
	code:    "write-without-auth"
	path:    "apis.all.routes.all"
	reason:  "The reference client sends no credentials."
	expires: "2099-12-31"
}
`

// receiveLimit is the longest message that the suite expects its server to take, in bytes.
const receiveLimit = 200 << 10

// The server that is tested is the reference server behind the gateway.
func TestAServerConformsBehindTheGateway(t *testing.T) {
	programs, commands, certificate := buildSuite(t), gateway.Build(t), gateway.NewCertificate(t)
	tests := []struct {
		backend string
		request serverRequest
		extra   string // CUE of the upstream
		config  string
	}{
		{"h2c", serverRequest{httpVersion: 2}, `protocol: "http2"`, "any.yaml"},
		{
			"h2",
			serverRequest{httpVersion: 2, certificate: certificate.Certificate, key: certificate.Key},
			`tls: ca: "tls/tls.crt"`, "any.yaml",
		},
		{"http1", serverRequest{httpVersion: 1}, "", "http1.yaml"},
	}
	for _, test := range tests {
		t.Run(test.backend, func(t *testing.T) {
			test.request.receive = receiveLimit
			backend := programs.backend(t, test.request)
			g := commands.Start(t, gateway.Environment{
				Definition: fmt.Sprintf(environment, backend.host, backend.port, test.extra),
				Listeners:  []string{"http", "https"},
				Secrets:    certificate.Secret("tls"),
			})
			where := described{Cleartext: g.Address("http"), TLS: g.Address("https"), Certificate: certificate.Certificate}
			programs.run(t, test.config, where, "--mode", "server")
		})
	}
}

// The client that is tested is the reference client in front of the gateway. Here the reference server answers in all
// the ways that are wrong, too, which must reach the client as they are.
func TestAClientConformsInFrontOfTheGateway(t *testing.T) {
	programs, commands, certificate := buildSuite(t), gateway.Build(t), gateway.NewCertificate(t)
	tests := []struct{ backend, extra, config string }{
		{"h2c", `protocol: "http2"`, "client-http2.yaml"},
		{"http1", "", "client-http1.yaml"},
	}
	for _, test := range tests {
		t.Run(test.backend, func(t *testing.T) {
			backend := freePort(t)
			g := commands.Start(t, gateway.Environment{
				Definition: fmt.Sprintf(environment, "127.0.0.1", backend, test.extra),
				Listeners:  []string{"http", "https"},
				Secrets:    certificate.Secret("tls"),
			})
			where := described{Cleartext: g.Address("http"), Client: programs.referenceClient}
			programs.run(t, test.config, where, "--mode", "client", "--port", strconv.Itoa(backend))
		})
	}
}

// freePort returns a port for the reference server, which the runner must be told.
func freePort(t *testing.T) int {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return port(l)
}
