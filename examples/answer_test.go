package examples_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds one request, with its connection.
const patience = 15 * time.Second

// run takes one step, and holds the answers to what is expected of them.
func (g *gateway) run(t *testing.T, s step) {
	if s.wait > 0 {
		g.clock.wait(s.wait)
		return
	}
	transport := g.transport(t)
	defer transport.CloseIdleConnections()
	var answers []*answer
	for range s.times {
		a, err := g.send(t.Context(), transport, s)
		if err != nil {
			t.Fatalf("requests.txt: line %d: %s %s: %v", s.line, s.method, s.url, err)
		}
		answers = append(answers, a)
	}
	last := answers[len(answers)-1]
	t.Logf("%s %s -> %d %s", s.method, s.url, last.status, strings.TrimSpace(last.body))
	for _, want := range s.answers {
		if fault := verify(want, answers); fault != "" {
			t.Errorf("requests.txt: %s %s: %s", s.method, s.url, fault)
		}
	}
}

// transport returns a client that finds the listeners of the gateway under any host name.
func (g *gateway) transport(t *testing.T) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			listener, err := g.listener(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, g.addresses[listener])
		},
		TLSClientConfig:    &tls.Config{RootCAs: g.ca.pool},
		DisableCompression: true,
	}
}

// listener returns the name of the listener that a client means: the one with that port; for 80 and 443, which stand
// for no port in the URL, the only one that speaks plain HTTP, or TLS.
func (g *gateway) listener(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	var byScheme []string
	for name, l := range g.model.Listeners {
		if strconv.Itoa(l.Port) == port {
			return name, nil
		}
		if port == "80" && l.TLS == nil || port == "443" && l.TLS != nil {
			byScheme = append(byScheme, name)
		}
	}
	if len(byScheme) != 1 {
		return "", fmt.Errorf("%s: %d listeners may be meant: write a port", address, len(byScheme))
	}
	return byScheme[0], nil
}

func (g *gateway) send(ctx context.Context, transport *http.Transport, s step) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var body io.Reader
	if s.body != "" {
		body = strings.NewReader(s.body)
	}
	req, err := http.NewRequestWithContext(ctx, s.method, s.url, body)
	if err != nil {
		return nil, err
	}
	for _, field := range s.header {
		value, err := g.expand(field[1])
		if err != nil {
			return nil, err
		}
		req.Header.Add(field[0], value)
	}
	resp, err := transport.RoundTrip(req) // a redirect is an answer
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: string(text), tls: resp.TLS}
	var from report
	if json.Unmarshal(text, &from) == nil && from.Upstream != "" {
		a.report = &from
	}
	return a, nil
}

var placeholder = regexp.MustCompile(`\{\{(secret|token) (.*?)\}\}`)

// expand puts what {{secret NAME/KEY}} and {{token CLAIM=VALUE ...}} stand for in their place.
func (g *gateway) expand(text string) (string, error) {
	var failure error
	out := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		m := placeholder.FindStringSubmatch(found)
		if m[1] == "token" {
			token, err := g.issuer.token(m[2], g.clock.now())
			if err != nil {
				failure = err
			}
			return token
		}
		value, ok := g.secrets[m[2]]
		if !ok {
			failure = fmt.Errorf("the environment names no secret %q", m[2])
		}
		return value
	})
	return out, failure
}

// An answer is what came back, and what a stand-in reported in it.
type answer struct {
	status int
	header http.Header
	body   string
	tls    *tls.ConnectionState
	report *report // nil: the gateway answered itself
}

// lookup knows status, body, tls.subject, tls.version, upstream and upstream.*; any other name is a header's. Several
// fields of one name are one list.
func (a *answer) lookup(name string) []string {
	switch {
	case name == "status":
		return []string{strconv.Itoa(a.status)}
	case name == "body":
		return []string{strings.TrimSuffix(a.body, "\n")}
	case strings.HasPrefix(name, "tls."):
		return a.session(name)
	case name == "upstream" || strings.HasPrefix(name, "upstream."):
		return a.reported(strings.TrimPrefix(strings.TrimPrefix(name, "upstream"), "."))
	}
	if values := a.header.Values(name); len(values) > 0 {
		return []string{strings.Join(values, ", ")}
	}
	return nil
}

func (a *answer) session(name string) []string {
	switch {
	case a.tls == nil:
		return nil
	case name == "tls.subject":
		return []string{a.tls.PeerCertificates[0].Subject.CommonName}
	case name == "tls.version":
		return []string{strings.TrimPrefix(tls.VersionName(a.tls.Version), "TLS ")}
	}
	return nil
}

// reported returns what a stand-in says that it was asked; "" is its upstream.
func (a *answer) reported(name string) []string {
	r := a.report
	if r == nil {
		return nil
	}
	if field, ok := strings.CutPrefix(name, "header."); ok {
		if value, there := r.Header[strings.ToLower(field)]; there {
			return []string{value}
		}
		return nil
	}
	value, known := map[string]string{
		"": r.Upstream, "endpoint": r.Endpoint, "method": r.Method, "path": r.Path, "query": r.Query, "host": r.Host,
		"body": strings.TrimSuffix(r.Body, "\n"), "serverName": r.ServerName,
	}[name]
	switch {
	case !known:
		return []string{"there is no upstream." + name} // fails every assertion
	case value == "":
		return nil
	}
	return []string{value}
}
