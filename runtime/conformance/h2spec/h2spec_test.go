// Package h2spec_test holds gwproxy's HTTP/2 server to the cases of h2spec: RFC 9113's (as http2/*, which counts
// sections as RFC 7540 did), RFC 7541's (hpack/*) and general ones, the strict ones included.
package h2spec_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
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
upstreams: backend: endpoints: main: {host: %q, port: %s}
timeout: "30s"
rateLimit: client: {requests: 1000000, per: "second"}
apis: all: {
	owner: "conformance"
	routes: all: backends: backend: {}
}
waivers: all: {
	code:    "write-without-auth"
	path:    "apis.all.routes.all"
	reason:  "The cases send no credentials."
	expires: "2099-12-31"
}
`

func TestEveryCasePasses(t *testing.T) {
	g := start(t)
	for _, listener := range []string{"http", "https"} {
		t.Run(listener, func(t *testing.T) {
			host, port := split(t, g.Address(listener))
			number, err := strconv.Atoi(port)
			if err != nil {
				t.Fatal(err)
			}
			s := suite{config.Config{
				Host: host, Port: number, Path: "/", TLS: listener == "https", Insecure: true,
				Timeout: patience, MaxHeaderLen: 4000, Strict: true,
			}}
			for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
				s.run(t, group)
			}
		})
	}
}

// patience is how long a case waits for the gateway's next frame. Only a case that fails waits for so long, and one of
// which that is expected waits for the short time.
const (
	patience      = 10 * time.Second
	shortPatience = time.Second
)

// A suite runs cases against one listener.
type suite struct {
	config config.Config
}

// run runs the cases of a group and of those below it.
func (s *suite) run(t *testing.T, group *spec.TestGroup) {
	for i, test := range slices.Concat(group.Tests, group.StrictTests) {
		id := fmt.Sprintf("%s/%d", group.ID(), i+1)
		t.Run(id, func(t *testing.T) {
			why, expected := s.failing(id)
			err := s.try(t, test, expected)
			switch {
			case err == nil && expected:
				t.Errorf("%s: passes, and stands among those that do not: %s", test.Desc, why)
			case err != nil && !expected:
				t.Errorf("%s\n%s\n%s", test.Desc, test.Requirement, explain(err))
			}
		})
	}
	for _, sub := range group.Groups {
		s.run(t, sub)
	}
}

// try runs a case on a connection of its own.
func (s *suite) try(t *testing.T, test *spec.TestCase, failing bool) error {
	t.Helper()
	c := s.config
	if failing {
		c.Timeout = shortPatience
	}
	conn, err := spec.Dial(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return test.Run(&c, conn)
}

// explain says what was to come and what came.
func explain(err error) string {
	if failed, ok := errors.AsType[*spec.TestError](err); ok {
		return fmt.Sprintf("want one of %s\ngot  %s", strings.Join(failed.Expected, ", "), failed.Actual)
	}
	return err.Error()
}

// start runs a gateway in front of a backend whose answers are longer than the windows that cases open.
func start(t *testing.T) *gateway.Gateway {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("h2spec ", 100))) // the client is gone, or it is not
	}))
	t.Cleanup(backend.Close)
	host, port := split(t, backend.Listener.Addr().String())
	return gateway.Build(t).Start(t, gateway.Environment{
		Definition: fmt.Sprintf(environment, host, port),
		Listeners:  []string{"http", "https"},
		Secrets:    gateway.NewCertificate(t).Secret("tls"),
	})
}

func split(t *testing.T, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
