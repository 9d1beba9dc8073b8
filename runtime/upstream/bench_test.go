package upstream_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
	"gwc.dev/schema"
)

// ready is an endpoint that gives one answer, of 1 KB, to everything, and needs no memory for it.
func ready(t testing.TB) string {
	answer := []byte("HTTP/1.1 200 OK\r\nServer: backend\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" +
		strings.Repeat("x", 1024))
	ln := listen(t)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go answerAll(c, answer)
		}
	}()
	return ln.Addr().String()
}

func answerAll(c net.Conn, answer []byte) {
	defer c.Close()
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
}

// roundTrip returns a function that makes a call of a route with all there is to decide, and reads the answer,
// itself without memory.
func roundTrip(t testing.TB) func() {
	retry := &schema.Retry{
		Attempts: 2, On: []string{"503", "5xx", "reset"}, Methods: []string{"GET"},
		PerTryTimeout: schema.Duration(10 * time.Second),
	}
	at := ready(t)
	route := only(t, one(endpoint(t, at, 2), endpoint(t, at, 1)), retry, &counted{})
	x := get(context.Background())
	x.Request.Path, x.Request.Query = "//some/path", "with=query"
	x.Request.Header = exchange.Header{{Name: "User-Agent", Value: "curl/8.0"}, {Name: "Accept", Value: "*/*"}}
	var a upstream.Answer
	in, buf := upstream.Request{Timeout: time.Minute}, make([]byte, 2048)
	return func() {
		a = upstream.Answer{}
		if failure := route.Do(x, &in, &a); failure != nil {
			t.Fatal(failure)
		}
		n, err := io.ReadFull(x.Response.Body, buf[:1024])
		if n != 1024 || err != nil {
			t.Fatal(n, err)
		}
		a.Close()
	}
}

func TestNothingIsAllocatedForACall(t *testing.T) {
	run := roundTrip(t)
	for range 10 { // until there are connections
		run()
	}
	if n := testing.AllocsPerRun(2000, run); n > pooled {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDo is a call over an idle connection, with its endpoint in this process.
func BenchmarkDo(b *testing.B) {
	run := roundTrip(b)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}
