package testscripts_test

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// outside starts the registry that documents name, writes its certificate to a file, and returns the settings by which commands
// find it, and trust it. Nothing else is there.
func outside(t *testing.T, file string) []string {
	t.Helper()
	hosts := httptest.NewTLSServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(hosts.Close)
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || !strings.HasSuffix(r.Host, ".example.com:443") {
			http.Error(w, "nobody is there", http.StatusBadGateway)
			return
		}
		join(w, hosts.Listener.Addr())
	}))
	t.Cleanup(way.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hosts.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"HTTPS_PROXY=" + way.URL, "SSL_CERT_FILE=" + file}
}

// join makes a tunnel to an address of the connection that a request came over.
func join(w http.ResponseWriter, to net.Addr) {
	there, err := net.Dial(to.Network(), to.String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connected\r\n\r\n"); err != nil {
		there.Close()
		here.Close()
		return
	}
	copied := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // it ends when either side does
		to.Close()
	}
	go copied(there, here)
	copied(here, there)
}
