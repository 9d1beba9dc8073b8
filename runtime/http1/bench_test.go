package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

const plainRequest = "GET /some/path?with=query HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.0\r\n" +
	"Accept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nX-Request-Id: 0123456789abcdef\r\n\r\n"

var plainAnswer = "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n" +
	"Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024)

// A loop is an input that never ends: the same message again and again, a message a read.
type loop string

func (l loop) Read(p []byte) (int, error) { return copy(p, l), nil }

// codec is what a proxy does to a plain request and its answer.
func codec() func() error {
	var x exchange.Exchange
	var in, out, back http1.Meta
	pool := &http1.Buffers{}
	requests, responses := http1.NewReader(loop(plainRequest), http1.Limits{}, pool), http1.NewReader(loop(plainAnswer), http1.Limits{}, pool)
	w := http1.NewWriter(io.Discard, pool)
	return func() error {
		if err := requests.ReadRequest(&x.Request, &in); err != nil {
			return err
		}
		out = http1.Meta{Minor: 1}
		if err := w.WriteRequest(&x.Request, &out); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if err := responses.ReadResponse(x.Request.Method, &x.Response, &back); err != nil {
			return err
		}
		out = http1.Meta{Minor: 1}
		if err := w.WriteResponse(x.Request.Method, &x.Response, &out, ""); err != nil {
			return err
		}
		if err := w.WriteBody(x.Response.Body, x.Response.Length, &out, nil); err != nil {
			return err
		}
		return w.Flush()
	}
}

func TestNothingIsAllocated(t *testing.T) {
	message := codec()
	for name, run := range map[string]func(){
		"for a request and its answer": func() {
			if err := message(); err != nil {
				t.Fatal(err)
			}
		},
		"for a request through a proxy": roundTrip(t),
	} {
		run()
		if n := testing.AllocsPerRun(2000, run); n > pooled {
			t.Errorf("%v allocations %s", n, name)
		}
	}
}

// BenchmarkCodec reads and writes a request and its answer.
func BenchmarkCodec(b *testing.B) {
	run := codec()
	b.ReportAllocs()
	for b.Loop() {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadRequest reads a plain request.
func BenchmarkReadRequest(b *testing.B) {
	var x exchange.Request
	var m http1.Meta
	r := http1.NewReader(loop(plainRequest), http1.Limits{}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.ReadRequest(&x, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// roundTrip returns a function that sends a plain request through a proxy and reads the answer of 1 KB, itself
// without memory.
func roundTrip(tb testing.TB) func() {
	answer := []byte(plainAnswer)
	at := scripted(tb, func(_ int, c net.Conn, _ *bufio.Reader) {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	})
	c := dial(tb, front(tb, at))
	request, got := []byte(plainRequest), make([]byte, 4096)
	return func() {
		if _, err := c.Write(request); err != nil {
			tb.Fatal(err)
		}
		for n := 0; n < len(plainAnswer); {
			m, err := c.Read(got[n:])
			if err != nil {
				tb.Fatal(err)
			}
			n += m
		}
	}
}

// BenchmarkProxy is a request through client, proxy and backend, all in this process.
func BenchmarkProxy(b *testing.B) {
	run := roundTrip(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
