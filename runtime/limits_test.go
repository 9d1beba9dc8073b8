package runtime_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gwc.dev/schema"
)

// limited is a gateway whose listener has limits.
func limited(t *testing.T, url string, limits schema.ListenerLimits) *schema.Gateway {
	return gateway(t, url, func(g *schema.Gateway, _ *schema.Route) {
		g.Listeners["http"] = schema.Listener{Port: 8080, Limits: &limits}
	})
}

func TestEachLimitHasItsAnswerAndItsCount(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(limited(t, backend.URL, schema.ListenerLimits{
		HeaderBytes: 2048, HeaderFields: 20, URIBytes: 100, HeaderTimeout: schema.Duration(200 * time.Millisecond),
		BodyTimeout: schema.Duration(200 * time.Millisecond), IdleTimeout: schema.Duration(300 * time.Millisecond),
	}))
	const end = "Host: a\r\nConnection: close\r\n\r\n"
	tests := map[string]struct {
		request string
		status  int
		reason  string
	}{
		"header bytes":  {"GET / HTTP/1.1\r\nX-A: " + strings.Repeat("a", 3000) + "\r\n" + end, 431, "header-size"},
		"header fields": {"GET / HTTP/1.1\r\n" + strings.Repeat("X-A: a\r\n", 30) + end, 431, "field-count"},
		"URI":           {"GET /" + strings.Repeat("a", 200) + " HTTP/1.1\r\n" + end, 414, "target-size"},
		"slow header":   {"GET / HTTP/1.1\r\nHost:", 408, "header-timeout"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := raw(t, p.address("http"), test.request)
			if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", test.status)) || !strings.Contains(got, "application/problem+json") {
				t.Errorf("answer %q, want a problem document of status %d", got, test.status)
			}
			line := fmt.Sprintf("gwproxy_refused_total{listener=\"http\",reason=%q} 1", test.reason)
			p.until("the metrics have "+line, func() bool { return strings.Contains(p.get("/metrics").Body, line) })
		})
	}
	t.Run("slow body", func(t *testing.T) {
		got := raw(t, p.address("http"), "POST / HTTP/1.1\r\nContent-Length: 10\r\nX-Request-Id: slow\r\n"+end+"abc")
		if !strings.HasPrefix(got, "HTTP/1.1 408 ") {
			t.Errorf("answer %q, want status 408", got)
		}
		if r := p.record("slow"); r["reason"] != "body-timeout" {
			t.Errorf("access log %v", r)
		}
	})
	t.Run("idle", func(t *testing.T) {
		got := raw(t, p.address("http"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n") // reads until the server closes
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("answer %q", got)
		}
	})
}

func TestARouteBoundsBodies(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(gateway(t, backend.URL, func(_ *schema.Gateway, r *schema.Route) { r.MaxBodyBytes = 5 }))
	const head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"as large as it may be":  {head + "Content-Length: 5\r\n\r\nabcde", 200},
		"larger":                 {head + "Content-Length: 6\r\n\r\nabcdef", 413},
		"larger, none of it yet": {head + "Content-Length: 1000000\r\n\r\n", 413},
		"chunks":                 {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", 200},
		"chunks that are more":   {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n", 413},
		"chunks without end":     {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4\r\ncdef\r\n", 413},
	} {
		t.Run(name, func(t *testing.T) {
			got := raw(t, p.address("http"), test.request)
			if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", test.status)) {
				t.Errorf("answer %q, want status %d", got, test.status)
			}
		})
	}
}

// open opens a connection and has one request answered on it.
func open(t *testing.T, address string) (status string, c net.Conn) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.Status, c
}

func TestConnectionsAreBounded(t *testing.T) {
	backend := echo(t, "one")
	for name, test := range map[string]struct {
		limits schema.ListenerLimits
		reason string
	}{
		"all":           {schema.ListenerLimits{Connections: 2}, "connections"},
		"of an address": {schema.ListenerLimits{ConnectionsPerAddress: 2}, "connections-per-address"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			p.publish(limited(t, backend.URL, test.limits))
			_, first := open(t, p.address("http"))
			open(t, p.address("http"))
			if status, _ := open(t, p.address("http")); status != "503 Service Unavailable" {
				t.Errorf("the third connection is answered %q", status)
			}
			first.Close()
			p.until("there is room for another", func() bool {
				status, _ := open(t, p.address("http"))
				return status == "200 OK"
			})
			metrics := p.get("/metrics").Body
			if !strings.Contains(metrics, fmt.Sprintf("gwproxy_refused_total{listener=\"http\",reason=%q} ", test.reason)) ||
				!strings.Contains(metrics, "gwproxy_connections{listener=\"http\"} 2") {
				t.Error("the metrics do not say so")
			}
		})
	}
}

func TestLimitsFollowTheBundle(t *testing.T) {
	backend := echo(t, "one")
	p := start(t)
	p.publish(limited(t, backend.URL, schema.ListenerLimits{URIBytes: 100}))
	_, kept := open(t, p.address("http"))
	p.publish(limited(t, backend.URL, schema.ListenerLimits{URIBytes: 10}))
	long := "GET /" + strings.Repeat("a", 50) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	if got := raw(t, p.address("http"), long); !strings.HasPrefix(got, "HTTP/1.1 414 ") {
		t.Errorf("a new connection: answer %q", got)
	}
	_, _ = io.WriteString(kept, long)
	if got, _ := io.ReadAll(kept); !strings.HasPrefix(string(got), "HTTP/1.1 200 ") {
		t.Errorf("a connection of before: answer %q", got)
	}
}
