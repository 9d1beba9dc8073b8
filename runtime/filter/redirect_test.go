package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
)

func TestRedirect(t *testing.T) {
	tests := []struct {
		name, redirect string
		r              exchange.Request
		want           string
	}{
		{"scheme drops the port", `{"scheme": "https"}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test:8080", Path: "/x", Query: "q=1"}, "https://a.test/x?q=1"},
		{"same scheme keeps the port", `{"path": {"full": "/y"}}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test:8080", Path: "/x"}, "http://a.test:8080/y"},
		{"default port is left out", `{"path": {"full": "/y"}}`, exchange.Request{Scheme: "https", Host: "a.test", Authority: "a.test:443", Path: "/x"}, "https://a.test/y"},
		{"port", `{"scheme": "https", "port": 8443}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test", Path: "/x"}, "https://a.test:8443/x"},
		{"default port given", `{"scheme": "https", "port": 443}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test", Path: "/x"}, "https://a.test/x"},
		{"port 80 on https", `{"port": 80}`, exchange.Request{Scheme: "https", Host: "a.test", Authority: "a.test", Path: "/x"}, "https://a.test:80/x"},
		{"host", `{"host": "B.test"}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test:8080", Path: "/x/"}, "http://b.test/x/"},
		{"prefix", `{"path": {"prefix": "/new"}}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test", Path: "/old/a%20b", Query: ""}, "http://a.test/new/a%20b"},
		{"IPv6", `{"scheme": "http"}`, exchange.Request{Scheme: "http", Host: "::1", Authority: "[::1]:8080", Path: "/old"}, "http://[::1]:8080/old"},
		{"IPv6 without its port", `{"scheme": "https"}`, exchange.Request{Scheme: "http", Host: "2001:db8::1", Authority: "[2001:DB8::1]:8080", Path: "/old"}, "https://[2001:db8::1]/old"},
		{"no host", `{"scheme": "https"}`, exchange.Request{Scheme: "http", Path: "/old"}, "/old"},
		{"query cannot end the field", `{"scheme": "https"}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test", Path: "/", Query: "a=\r\nb: c\x00\xff#"}, "https://a.test/?a=%0D%0Ab:%20c%00%FF%23"},
		{"host that is none", `{}`, exchange.Request{Scheme: "http", Host: "a.test\r\nx: y", Path: "/a"}, "/a"},
		{"port that is none", `{}`, exchange.Request{Scheme: "http", Host: "a.test", Authority: "a.test:80\r\nx", Path: "/"}, "http://a.test/"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := one(t, filter.Deps{}, `{"match": {"path": {"prefix": "/old"}}, "redirect": `+test.redirect+`}`)
			x := &exchange.Exchange{Request: test.r}
			if g.serve("a/r", x) || x.Response.Status != 302 {
				t.Errorf("status %d", x.Response.Status)
			}
			if got := x.Response.Header.Get("Location"); got != test.want {
				t.Errorf("Location %q, want %q", got, test.want)
			}
		})
	}
}

func TestRedirectConfigurationThatIsRefused(t *testing.T) {
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"match": {"path": {"exact": "/a"}}, "redirect": {
		"scheme": "ftp", "host": "*.test", "port": 70000, "status": 200, "path": {"prefix": "/a", "full": "/b"}}}}}}`)
	want := []string{
		"apis.a.routes.r.redirect.status status", "apis.a.routes.r.redirect.scheme scheme", "apis.a.routes.r.redirect.port port",
		"apis.a.routes.r.redirect.host host", "apis.a.routes.r.redirect.path rewrite-ambiguous",
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRespond(t *testing.T) {
	g := one(t, filter.Deps{}, `{"respond": {"status": 418, "headers": {"x-a": "b", "content-type": "text/html"}, "body": "<p>"}}`)
	for range 2 { // each answer has a body of its own
		x := get()
		if g.serve("a/r", x) {
			t.Error("the backend was asked")
		}
		want := exchange.Header{{Name: "Content-Type", Value: "text/html"}, {Name: "X-A", Value: "b"}}
		if diff := cmp.Diff(want, x.Response.Header); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := body(t, x); got != "<p>" || x.Response.Length != 3 || x.Response.Status != 418 {
			t.Errorf("status %d, body %q of length %d", x.Response.Status, got, x.Response.Length)
		}
		x.Response.Header.Set("X-A", "changed")
	}
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"respond": {"status": 204, "body": "x", "headers": {"content-length": "5"}}}, "s": {"respond": {"status": 600}}}}}`)
	want := []string{"apis.a.routes.r.respond.body respond-body", "apis.a.routes.r.respond.headers.content-length header-forbidden", "apis.a.routes.s.respond.status status"}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
