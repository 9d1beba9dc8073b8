package http2_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// Each iteration is a request of net/http's client through a server and an endpoint of ours to a server of net/http.
func benchmarkProxy(b *testing.B, method, body string) {
	answer := []byte(strings.Repeat("x", 1024))
	behind := backend(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		_, _ = w.Write(answer)
	})
	_, address := serve(b, pass(endpoint(b, behind.Listener.Addr().String()), http1.CallOptions{}), http2.Options{})
	client := browser(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := &http.Request{
				Method: method, URL: &url.URL{Scheme: "http", Host: address, Path: "/some/path"},
				Header: http.Header{"Accept": {"*/*"}, "X-Request-Id": {"0123456789abcdef"}},
			}
			if body != "" {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			}
			answer, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, answer.Body); n != 1024 || err != nil {
				b.Errorf("%d bytes: %v", n, err)
			}
			answer.Body.Close()
		}
	})
}

func BenchmarkGet(b *testing.B)  { benchmarkProxy(b, "GET", "") }
func BenchmarkPost(b *testing.B) { benchmarkProxy(b, "POST", `{"name":"value"}`) }
