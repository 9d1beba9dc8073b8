package http2_test

import (
	"net/http"
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
	"gwc.dev/schema/header"
)

// The wire keeps the fields that the table of fields calls the connection's, refuses their lookalikes, and passes all
// others on.
func TestFieldsOfTheConnectionEndHere(t *testing.T) {
	seen := make(chan exchange.Header, 1)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		seen <- append(exchange.Header{}, x.Request.Header...)
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	}), http2.Options{})
	values := map[string]string{"content-length": "0", "expect": "100-continue", "host": "h", "te": "trailers"}
	names := []string{"accept", "cookie", "content-type", "x-content-length"}
	for _, f := range header.Fields() {
		plain := strings.ToLower(strings.Replace(f.Name, "*", "Port", 1))
		names = append(names, plain, strings.ReplaceAll(plain, "-", "_"))
	}
	for _, name := range names {
		value := "x"
		if v, ok := values[name]; ok {
			value = v
		}
		w := dialWire(t, address)
		w.send(headersFrame, endHeaders|endStream, 1, block(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", name, value))
		for f := (frame{}); f.stream != 1 || f.kind != headersFrame && f.kind != resetFrame; {
			var err error
			if f, err = w.read(); err != nil {
				t.Fatal(err)
			}
		}
		passed := false
		select {
		case h := <-seen:
			passed = h.Count(name) > 0
			if header.KindOf(name) == header.Lookalike {
				t.Errorf("%s is not refused", name)
			}
		default:
		}
		if want := !header.IsWire(name); passed != want {
			t.Errorf("%s: passed on %v, want %v", name, passed, want)
		}
	}
}

// A field of the connection that a filter or another wire has left among a request's is not sent.
func TestFieldsOfTheConnectionAreNotSent(t *testing.T) {
	got := make(chan http.Header, 1)
	h := func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }
	e := endpoint(t, backend(t, h).Listener.Addr().String())
	x := request(t, "GET", "/", nil, 0)
	x.Request.Header.Add("X-End-To-End", "set")
	for _, f := range header.Fields() {
		if f.Kind == header.Connection {
			x.Request.Header.Add(f.Name, "set")
		}
	}
	call, err := e.Call(x, http1.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	sent := <-got
	if sent.Get("X-End-To-End") != "set" {
		t.Errorf("the others are not sent: %v", sent)
	}
	for name := range sent {
		if header.KindOf(name) == header.Connection {
			t.Errorf("%s is sent: %v", name, sent)
		}
	}
}
