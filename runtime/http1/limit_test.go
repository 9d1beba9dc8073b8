package http1_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

func TestChunkedBodiesAreBounded(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"a long extension":      {"1;a=" + strings.Repeat("b", 600) + "\r\nx\r\n0\r\n\r\n", "400 chunk-extension-size"},
		"an endless extension":  {"1;a=" + strings.Repeat("b", 1<<20), "400 chunk-extension-size"},
		"many extensions":       {strings.Repeat("1;a="+strings.Repeat("b", 400)+"\r\nx\r\n", 100) + "0\r\n\r\n", "400 chunk-extension-size"},
		"a long trailer":        {"0\r\nA: " + strings.Repeat("b", 70<<10) + "\r\n\r\n", "431 header-size"},
		"many trailer fields":   {"0\r\n" + strings.Repeat("A: b\r\n", 101) + "\r\n", "431 field-count"},
		"as many as may be":     {"0\r\n" + strings.Repeat("A: b\r\n", 100) + "\r\n", ""},
		"many chunks of a byte": {strings.Repeat("1\r\nx\r\n", 10000) + "0\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := http1.NewReader(strings.NewReader(chunkHead+tc.body), http1.Limits{}, nil)
			var x exchange.Request
			if err := r.ReadRequest(&x, &http1.Meta{}); err != nil {
				t.Fatal(err)
			}
			_, err := io.Copy(io.Discard, x.Body)
			got := ""
			if err != nil {
				got = outcome(err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestStringsOfAHeadLastWhileItsBodyIsRead reads heads of many sizes, so that they end anywhere in the buffer.
func TestStringsOfAHeadLastWhileItsBodyIsRead(t *testing.T) {
	for size := 10; size < 60<<10; size += size/3 + 1 {
		value := strings.Repeat("v", size)
		message := "POST /path?query HTTP/1.1\r\nHost: a\r\nA: " + value + "\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("3;e\r\nabc\r\n", 3000) + "0\r\nT: " + value + "\r\n\r\n"
		two := strings.NewReader(message + message)
		whole := http1.NewReader(two, http1.Limits{}, nil)
		for _, r := range []*http1.Reader{
			whole, whole, // one after the other
			http1.NewReader(iotest.HalfReader(strings.NewReader(message)), http1.Limits{}, nil),
			http1.NewReader(iotest.OneByteReader(strings.NewReader(message)), http1.Limits{}, nil),
		} {
			var x exchange.Request
			if err := r.ReadRequest(&x, &http1.Meta{}); err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(x.Body)
			if err != nil || string(body) != strings.Repeat("abc", 3000) {
				t.Fatalf("%d bytes: %v", len(body), err)
			}
			want := exchange.Request{
				Method: "POST", Authority: "a", Path: "/path", Query: "query", Header: exchange.Header{{Name: "A", Value: value}}, Length: -1,
			}
			got := x
			got.Body = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("after the body (-want +got):\n%s", diff)
			}
			trailer := x.Body.(*http1.Body).Trailer()
			if diff := cmp.Diff(exchange.Header{{Name: "T", Value: value}}, trailer); diff != "" {
				t.Fatalf("trailer (-want +got):\n%s", diff)
			}
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for name, x := range map[string]exchange.Request{
		"a space in the path":      {Method: "GET", Path: "/a b"},
		"a line break in the path": {Method: "GET", Path: "/a\r\nB: c"},
		"a space in the query":     {Method: "GET", Path: "/", Query: "a b"},
		"no path":                  {Method: "GET"},
		"a method that is none":    {Method: "GET /b", Path: "/"},
		"a line break in a host":   {Method: "GET", Path: "/", Authority: "a\r\nB: c"},
		"a line break in a value":  {Method: "GET", Path: "/", Header: exchange.Header{{Name: "A", Value: "b\nC: d"}}},
		"a bare CR in a value":     {Method: "GET", Path: "/", Header: exchange.Header{{Name: "A", Value: "b\rc"}}},
		"a NUL in a value":         {Method: "GET", Path: "/", Header: exchange.Header{{Name: "A", Value: "b\x00c"}}},
		"a line break in a name":   {Method: "GET", Path: "/", Header: exchange.Header{{Name: "A\r\nB", Value: "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := http1.NewWriter(&out, nil)
			if err := w.WriteRequest(&x, &http1.Meta{Minor: 1}); err == nil {
				t.Error("it was written")
			}
			if err := w.Flush(); err != nil || out.Len() > 0 {
				t.Errorf("%v: %q", err, out.String())
			}
		})
	}
}

func TestFramingIsTheWritersAlone(t *testing.T) {
	var out bytes.Buffer
	w := http1.NewWriter(&out, nil)
	x := exchange.Request{Method: "POST", Path: "/", Authority: "a", Body: strings.NewReader("hello"), Length: 5, Header: exchange.Header{
		{Name: "Content-Length", Value: "6"}, {Name: "transfer-encoding", Value: "chunked"}, {Name: "Host", Value: "b"},
		{Name: "Connection", Value: "close"}, {Name: "Content_Length", Value: "7"}, {Name: "A", Value: "b"},
	}}
	m := http1.Meta{Minor: 1}
	if err := w.WriteRequest(&x, &m); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteBody(x.Body, x.Length, &m, nil); err != nil {
		t.Fatal(err)
	}
	want := "POST / HTTP/1.1\r\nHost: a\r\nA: b\r\nContent-Length: 5\r\n\r\nhello"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLongHeadBeforeAStream(t *testing.T) {
	for _, size := range []int{100, 5000, 20000, 70000} {
		var out bytes.Buffer
		w := http1.NewWriter(&out, nil)
		value, body := strings.Repeat("v", size), strings.Repeat("b", 200000)
		x := exchange.Response{Status: 200, Length: -1, Body: strings.NewReader(body), Header: exchange.Header{{Name: "A", Value: value}}}
		m := http1.Meta{Minor: 1}
		if err := w.WriteResponse("GET", &x, &m, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteBody(x.Body, x.Length, &m, nil); err != nil {
			t.Fatal(err)
		}
		r := http1.NewReader(&out, http1.Limits{HeaderBytes: 100 << 10}, nil)
		var got exchange.Response
		if err := r.ReadResponse("GET", &got, &http1.Meta{}); err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(got.Body)
		if err != nil || string(back) != body || got.Header.Get("A") != value {
			t.Errorf("%d bytes of head: %d of body, %v", size, len(back), err)
		}
	}
}
