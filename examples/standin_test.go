package examples_test

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gwc.dev/schema"
)

// A report is what a stand-in answers with: who it is, and what it was asked.
type report struct {
	Upstream string            `json:"upstream"`
	Endpoint string            `json:"endpoint"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Query    string            `json:"query"`
	Host     string            `json:"host"`
	Header   map[string]string `json:"header"`
	Body     string            `json:"body"`
	// ServerName is the name that was asked for in TLS.
	ServerName string `json:"serverName,omitempty"`
}

// slowness is how long an endpoint named slow takes.
const slowness = time.Second

// standIns are servers in the place of an environment's endpoints. The name of an endpoint says how it fares:
//
//	slow       takes a second
//	flaky      answers each request with 503 when it first comes
//	down       takes no connections
//	impostor   shows a certificate for another name, where TLS is spoken
//
// and every other one is fine.
type standIns map[[2]string]string

func newStandIns(t *testing.T, g *schema.Gateway, ca *authority) standIns {
	s := standIns{}
	for upstream, u := range schema.Sorted(g.Upstreams) {
		for endpoint, e := range schema.Sorted(u.Endpoints) {
			server := httptest.NewUnstartedServer(&standIn{upstream: upstream, endpoint: endpoint})
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are meant to
			if u.TLS != nil {
				server.TLS = ca.server(t, certified(endpoint, e, u.TLS))
				server.StartTLS()
			} else {
				server.Start()
			}
			s[[2]string{upstream, endpoint}] = server.Listener.Addr().String()
			if endpoint == "down" {
				server.Close()
			} else {
				t.Cleanup(server.Close)
			}
		}
	}
	return s
}

// certified returns the name that an endpoint has a certificate for.
func certified(name string, e schema.Endpoint, tls *schema.UpstreamTLS) string {
	switch {
	case name == "impostor":
		return "impostor.example.net"
	case tls.ServerName != "":
		return tls.ServerName
	default:
		return e.Host
	}
}

// address is a runtime's Options.Upstream.
func (s standIns) address(upstream, endpoint string) string { return s[[2]string{upstream, endpoint}] }

type standIn struct {
	upstream, endpoint string
	seen               sync.Map // ids of requests
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the proxy has given up
	}
	if s.endpoint == "slow" {
		select {
		case <-time.After(slowness):
		case <-r.Context().Done():
			return
		}
	}
	out := report{
		Upstream: s.upstream, Endpoint: s.endpoint,
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host,
		Header: map[string]string{}, Body: string(body),
	}
	for name, values := range r.Header {
		out.Header[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if r.TLS != nil {
		out.ServerName = r.TLS.ServerName
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Server", "stand-in")
	w.Header().Set("X-Powered-By", "stand-in")
	w.Header().Set("Cache-Control", "no-transform")
	if _, again := s.seen.LoadOrStore(r.Header.Get("X-Request-Id"), true); s.endpoint == "flaky" && !again {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // fails where the proxy has given up
}
