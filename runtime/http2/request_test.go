package http2_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// dump returns a request as text, with its body read and its fields sorted.
func dump(s *http2.Stream, x *exchange.Exchange) string {
	r := &x.Request
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s path=%s query=%s\n", r.Method, r.Authority, r.Path, r.Query)
	var fields []string
	for _, f := range r.Header {
		fields = append(fields, f.Name+": "+f.Value+"\n")
	}
	slices.Sort(fields)
	b.WriteString(strings.Join(fields, ""))
	if s.Meta().Trailers {
		b.WriteString("takes trailers\n")
	}
	if r.Body == nil {
		return b.String()
	}
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(&b, "%d: %s %v, %d received\n", r.Length, body, err, s.Received())
	fmt.Fprintf(&b, "announced %q, came %v\n", s.Meta().Trailer, s.Trailer())
	return b.String()
}

func TestRequestsBecomeExchanges(t *testing.T) {
	seen := make(chan string, 1)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		seen <- dump(s, x)
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	}), http2.Options{})
	pseudo := func(method, path string, fields ...string) []byte {
		return block(append([]string{":method", method, ":scheme", "http", ":path", path, ":authority", "h.example:81"}, fields...)...)
	}
	tests := []struct {
		name  string
		head  []byte
		body  []string // nil: none
		after []byte   // trailer fields; nil: none
		want  string
	}{
		{name: "path and query as they are", head: pseudo("GET", "/a%2Fb/../c?x=%20&y"),
			want: "GET h.example:81 path=/a%2Fb/../c query=x=%20&y\n"},
		{name: "asterisk", head: pseudo("OPTIONS", "*"), want: "OPTIONS h.example:81 path=* query=\n"},
		{name: "host in place of authority", head: block(":method", "GET", ":scheme", "http", ":path", "/", "host", "other.example"),
			want: "GET other.example path=/ query=\n"},
		{name: "cookies joined, others not", head: pseudo("GET", "/", "cookie", "a=1", "cookie", "b=2", "x-tag", "1", "x-tag", "2"),
			want: "GET h.example:81 path=/ query=\ncookie: a=1; b=2\nx-tag: 1\nx-tag: 2\n"},
		{name: "fields of the connection", head: pseudo("GET", "/", "te", "trailers", "proxy-authorization", "secret", "accept", "*/*"),
			want: "GET h.example:81 path=/ query=\naccept: */*\ntakes trailers\n"},
		{name: "body with a length", head: pseudo("POST", "/", "content-length", "5"), body: []string{"hel", "lo"},
			want: "POST h.example:81 path=/ query=\n5: hello <nil>, 5 received\nannounced \"\", came []\n"},
		{name: "body without a length", head: pseudo("POST", "/"), body: []string{"hel", "lo"},
			want: "POST h.example:81 path=/ query=\n-1: hello <nil>, 5 received\nannounced \"\", came []\n"},
		{name: "trailer fields", head: pseudo("POST", "/", "trailer", "x-b, x-a"), body: []string{"hello"}, after: block("x-a", "1", "x-b", "2"),
			want: "POST h.example:81 path=/ query=\n-1: hello <nil>, 5 received\nannounced \"x-b, x-a\", came [{x-a 1} {x-b 2}]\n"},
		{name: "trailer fields that were not announced", head: pseudo("POST", "/", "trailer", "x-b"), body: []string{"hello"}, after: block("x-a", "1"),
			want: "POST h.example:81 path=/ query=\n-1: hello <nil>, 5 received\nannounced \"x-b\", came [{x-a 1}]\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := dialWire(t, address)
			flags := byte(endHeaders)
			if test.body == nil {
				flags |= endStream
			}
			w.send(headersFrame, flags, 1, test.head)
			for i, part := range test.body {
				last := byte(0)
				if i == len(test.body)-1 && test.after == nil {
					last = endStream
				}
				w.send(dataFrame, last, 1, []byte(part))
			}
			if test.after != nil {
				w.send(headersFrame, endHeaders|endStream, 1, test.after)
			}
			got := await(t, "the request", seen)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// refusing answers nothing but notes why requests are refused.
type refusing chan string

func (r refusing) ServeExchange(s *http2.Stream, x *exchange.Exchange) {
	r <- "taken"
	x.Response.Status = 204
	_ = s.Respond(x, nil)
}

func (r refusing) Refuse(_ *http2.Stream, x *exchange.Exchange, e *http1.Error) {
	r <- e.Reason
	x.Answer(e.Status, "text/plain", e.Reason)
}

func TestRequestsAreRefused(t *testing.T) {
	seen := make(refusing, 1)
	limits := http1.Limits{HeaderBytes: 2000, Fields: 10, TargetBytes: 50}
	_, address := serve(t, seen, http2.Options{Limits: limits})
	pseudo := func(method, path, authority string, fields ...string) []byte {
		return block(append([]string{":method", method, ":scheme", "http", ":path", path, ":authority", authority}, fields...)...)
	}
	var many []string
	for range 11 {
		many = append(many, "x-a", "1")
	}
	tests := []struct {
		name string
		head []byte
		want string
	}{
		{"nothing wrong", pseudo("GET", "/", "h"), "taken"},
		{"CONNECT", block(":method", "CONNECT", ":authority", "h:443"), "method-refused"},
		{"method that is a request line", pseudo("GET /admin HTTP/1.1", "/", "h"), "method"},
		{"long method", pseudo(strings.Repeat("M", 33), "/", "h"), "method-unknown"},
		{"absolute target", pseudo("GET", "http://other/", "h"), "target"},
		{"asterisk of GET", pseudo("GET", "*", "h"), "target"},
		{"fragment", pseudo("GET", "/a#b", "h"), "target"},
		{"bytes above ASCII", pseudo("GET", "/\xc3\xa4", "h"), "target"},
		{"long target", pseudo("GET", "/"+strings.Repeat("a", 50), "h"), "target-size"},
		{"host that differs", pseudo("GET", "/", "h", "host", "other"), "host-twice"},
		{"two hosts", pseudo("GET", "/", "h", "host", "h", "host", "h"), "host-twice"},
		{"no host", block(":method", "GET", ":scheme", "http", ":path", "/"), "host-missing"},
		{"host with a path", pseudo("GET", "/", "h/path"), "host"},
		{"host with a space", pseudo("GET", "/", "h x"), "host"},
		{"port alone", pseudo("GET", "/", ":80"), "host"},
		{"length that is none", pseudo("GET", "/", "h", "content-length", "+1"), "length"},
		{"two lengths", pseudo("GET", "/", "h", "content-length", "0", "content-length", "0"), "length"},
		{"length of a body that is none", pseudo("POST", "/", "h", "content-length", "5"), "length"},
		{"lookalike of a framing field", pseudo("GET", "/", "h", "content_length", "1"), "framing-lookalike"},
		{"many fields", pseudo("GET", "/", "h", many...), "field-count"},
		{"large header", pseudo("GET", "/", "h", "x-a", strings.Repeat("a", 2000)), "header-size"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := dialWire(t, address)
			w.send(headersFrame, endHeaders|endStream, 1, test.head)
			if got := await(t, "the request", seen); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			w.until(headersFrame, 1)
		})
	}
}

// Trailer fields that a backend could take for something else end their request, which nobody takes for a whole one.
func TestTrailerFieldsThatAreRefused(t *testing.T) {
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		if body, err := io.ReadAll(x.Request.Body); err == nil {
			t.Errorf("a body ends well: %q, and then %v", body, s.Trailer())
		}
	}), http2.Options{})
	for name, fields := range map[string][]byte{
		"a pseudo-header field":         block(":path", "/"),
		"lookalike of a framing length": block("content_length", "1"),
		"lookalike of a framing coding": block("transfer_encoding", "chunked"),
	} {
		t.Run(name, func(t *testing.T) {
			w := dialWire(t, address)
			w.send(headersFrame, endHeaders, 1, block(":method", "POST", ":scheme", "http", ":path", "/", ":authority", "h"))
			w.send(dataFrame, 0, 1, []byte("hello"))
			w.send(headersFrame, endHeaders|endStream, 1, fields)
			w.until(resetFrame, 1)
		})
	}
}

// What is far beyond the bound of a header is still answered; nothing of it is kept.
func TestHeaderFarBeyondItsBound(t *testing.T) {
	seen := make(refusing, 1)
	_, address := serve(t, seen, http2.Options{Limits: http1.Limits{HeaderBytes: 1000, Fields: 1000}})
	var fields []string
	for range 200 {
		fields = append(fields, "x-a", strings.Repeat("a", 64))
	}
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/", fields...))
	if got := await(t, "the request", seen); got != "header-size" {
		t.Errorf("%s", got)
	}
	w.until(headersFrame, 1)
}
