package http1_test

import (
	"strings"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/schema/header"
)

// The wire keeps the fields that the table of fields calls the connection's, refuses their lookalikes, and passes all
// others on, in both directions.
func TestFieldsOfTheConnectionEndHere(t *testing.T) {
	values := map[string]string{
		"Connection": "close", "Content-Length": "0", "Expect": "100-continue", "Host": "a", "TE": "trailers", "Transfer-Encoding": "chunked",
	}
	names := []string{"Accept", "Cookie", "Content-Type", "X-Content-Length"}
	for _, f := range header.Fields() {
		plain := strings.Replace(f.Name, "*", "Port", 1)
		names = append(names, plain, strings.ReplaceAll(plain, "-", "_"))
	}
	for _, name := range names {
		value := "x"
		if v, ok := values[name]; ok {
			value = v
		}
		head := "GET / HTTP/1.1\r\n"
		if name != "Host" {
			head += "Host: a\r\n"
		}
		head += strings.ToLower(name) + ": " + value + "\r\n\r\n"
		var in exchange.Request
		var m http1.Meta
		err := http1.NewReader(strings.NewReader(head), http1.Limits{}, nil).ReadRequest(&in, &m)
		kind := header.KindOf(name)
		if refused := err != nil; refused != (kind == header.Lookalike) {
			t.Errorf("%s: refused %v: %v", name, refused, err)
		}
		if passed, want := in.Header.Count(name) > 0, kind != header.Connection && kind != header.Lookalike; passed != want {
			t.Errorf("%s: passed on %v, want %v", name, passed, want)
		}

		var out strings.Builder
		w := http1.NewWriter(&out, nil)
		set := exchange.Header{{Name: name, Value: "set"}}
		if err := w.WriteRequest(&exchange.Request{Method: "GET", Path: "/", Authority: "a", Header: set}, &http1.Meta{Minor: 1}); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if written, want := strings.Contains(out.String(), name+": set"), !header.IsWire(name); written != want {
			t.Errorf("%s: written %v, want %v", name, written, want)
		}
	}
}
