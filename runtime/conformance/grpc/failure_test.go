package grpc_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"gwc.dev/runtime/conformance/gateway"
)

// failures is an environment in which calls fail at the gateway, each service for another reason. The key is
// "example-key".
const failures = `
listeners: {
	http: port: 8080
	https: {
		port: 8443
		tls: certificates: main: secret: "tls"
	}
}
upstreams: [string]: protocol: "http2"
upstreams: {
	silent: endpoints: main: {host: "127.0.0.1", port: %[1]d}
	closed: endpoints: main: {host: "127.0.0.1", port: %[2]d}
}
consumers: ada: {
	groups: ["free"]
	apiKeys: primary: sha256: "c018c41c1afaf2c0b66c64f97d0ee135657b699ad260f299234cd40a5d625e0e"
}
timeout: "30s"
auth: apiKey: {}
rateLimit: client: {requests: 1000000, per: "second"}
apis: failing: {
	owner: "conformance"
	routes: {
		keyed: {match: path: prefix: "/test.Keyed", backends: silent: {}}
		paid: {
			match: path: prefix: "/test.Paid"
			auth: {apiKey: {}, allow: groups: ["paid"]}
			backends: silent: {}
		}
		rare: {
			match: path: prefix: "/test.Rare"
			rateLimit: daily: {requests: 1, per: "day", by: "route"}
			backends: closed: {}
		}
		slow: {match: path: prefix: "/test.Slow", timeout: "200ms", backends: silent: {}}
		closed: {match: path: prefix: "/test.Closed", backends: closed: {}}
		token: {
			match: path: prefix: "/test.Token"
			auth: jwt: {issuer: "https://id.example.com/", audiences: ["test"], jwks: url: "http://127.0.0.1:%[2]d/"}
			backends: silent: {}
		}
	}
}
`

// A failure is the status that a call ends with.
type failure struct {
	service string
	sent    []string // request metadata: names, each before its value
	code    codes.Code
	reason  string // the gateway's word for it, which the message ends with
}

func TestAGRPCClientLearnsWhyTheGatewayRefusesItsCall(t *testing.T) {
	key := []string{"apikey", "example-key"}
	// The token's header names a key of the issuer, which the gateway cannot ask.
	token := []string{"authorization", "Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AA"}
	tests := map[string]failure{
		"no route":           {"test.Unknown", key, codes.Unimplemented, "no-route"},
		"no key":             {"test.Keyed", nil, codes.Unauthenticated, "auth-missing"},
		"wrong key":          {"test.Keyed", []string{"apikey", "guessed"}, codes.Unauthenticated, "key-unknown"},
		"not allowed":        {"test.Paid", key, codes.PermissionDenied, "not-allowed"},
		"rate limit":         {"test.Rare", key, codes.Unavailable, "rate-limited"},
		"timeout":            {"test.Slow", key, codes.Unavailable, "timeout"},
		"backend is down":    {"test.Closed", key, codes.Unavailable, "connect-failure"},
		"no keys for tokens": {"test.Token", token, codes.Unavailable, "keys-unavailable"},
	}
	certificate := gateway.NewCertificate(t)
	g := startFailing(t, certificate)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate.Certificate)
	for listener, transport := range map[string]credentials.TransportCredentials{
		"http":  insecure.NewCredentials(),
		"https": credentials.NewTLS(&tls.Config{RootCAs: trusted}),
	} {
		conn, err := grpc.NewClient("passthrough:///"+g.Address(listener), grpc.WithTransportCredentials(transport))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = call(t, conn, failure{service: "test.Rare", sent: key}) // takes the day's only one, at the first listener
		for name, want := range tests {
			t.Run(listener+"/"+name, func(t *testing.T) {
				got := call(t, conn, want)
				if got.Code() != want.code || !strings.HasSuffix(got.Message(), ": "+want.reason) {
					t.Errorf("%v: %q, want %v and a message that ends with %q", got.Code(), got.Message(), want.code, want.reason)
				}
			})
		}
	}
}

// call makes a unary call and returns the status that it ends with.
func call(t *testing.T, conn *grpc.ClientConn, f failure) *status.Status {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), f.sent...)
	return status.Convert(conn.Invoke(ctx, "/"+f.service+"/Call", &emptypb.Empty{}, &emptypb.Empty{}))
}

// startFailing runs a gateway with the environment of failures.
func startFailing(t *testing.T, certificate gateway.Certificate) *gateway.Gateway {
	t.Helper()
	silent, closed := listen(t), listen(t)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		<-stream.Context().Done()
		return context.Cause(stream.Context())
	}))
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(silent) }() // ends with Stop
	return gateway.Build(t).Start(t, gateway.Environment{
		Definition: fmt.Sprintf(failures, port(silent), port(closed)),
		Listeners:  []string{"http", "https"},
		Secrets:    certificate.Secret("tls"),
	})
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func port(l net.Listener) int {
	return l.Addr().(*net.TCPAddr).Port
}
