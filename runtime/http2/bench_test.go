package http2_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
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

// BenchmarkUnary is of our own memory: each iteration is a call, as gRPC has them, of a client that takes none, through
// a server and an endpoint to another server.
func BenchmarkUnary(b *testing.B) {
	message := strings.Repeat("x", 100)
	_, behind := serve(b, handle(func(s *http2.Stream, x *exchange.Exchange) {
		_, _ = io.Copy(io.Discard, x.Request.Body)
		x.Response = exchange.Response{Status: 200, Length: -1, Body: strings.NewReader(message)}
		_ = s.Respond(x, nil)
	}), http2.Options{})
	_, address := serve(b, pass(endpoint(b, behind), http1.CallOptions{}), http2.Options{})
	w := dialWire(b, address)
	_ = w.SetDeadline(time.Time{})
	head := block(":method", "POST", ":scheme", "http", ":path", "/some.Service/Method", ":authority", "api.example.com",
		"content-type", "application/grpc", "te", "trailers")
	b.ReportAllocs()
	var call, frame [32 << 10]byte
	id := uint32(1)
	for b.Loop() {
		sent := append(call[:0], frameBytes(headersFrame, endHeaders, id, head)...)
		w.bytes(append(sent, frameBytes(dataFrame, endStream, id, []byte(message))...))
		for {
			if _, err := io.ReadFull(w.r, frame[:9]); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(w.r, frame[9:9+binary.BigEndian.Uint32(frame[:])>>8]); err != nil {
				b.Fatal(err)
			}
			if frame[3] == dataFrame && frame[4]&endStream != 0 {
				break
			}
		}
		if id += 2; id%1000 == 1 { // the window, and the acknowledgement of settings
			w.send(windowFrame, 0, 0, number(50_000))
		}
	}
}
