package e2e_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// A registry keeps what was pushed while it is down.
type ociRegistry struct {
	t       testing.TB
	address string
	handler http.Handler
	server  *http.Server
}

func newRegistry(t testing.TB) *ociRegistry {
	t.Helper()
	r := &ociRegistry{
		t: t, address: freeAddress(t),
		handler: registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))),
	}
	r.up()
	t.Cleanup(r.down)
	return r
}

func (r *ociRegistry) up() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.server = &http.Server{Handler: r.handler} //nolint:gosec // a test's
	go func(s *http.Server) { _ = s.Serve(l) }(r.server)
}

func (r *ociRegistry) down() { _ = r.server.Close() }
