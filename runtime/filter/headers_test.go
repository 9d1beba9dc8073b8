package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
)

const changes = `{"backends": {"echo": {}}, "headers": {
	"request":  {"remove": ["x-gone"], "set": {"x-set": "1"}, "add": {"x-add": "2"}},
	"response": {"remove": ["server"], "set": {"x-gateway": "gwc", "content-type": "text/x"}, "add": {"x-add": "3"}}}}`

func TestHeadersAreRemovedThenSetThenAdded(t *testing.T) {
	g := one(t, filter.Deps{}, changes)
	g.backend = func(x *exchange.Exchange) {
		want := exchange.Header{{Name: "x-keep", Value: "k"}, {Name: "x-add", Value: "client"}, {Name: "X-Set", Value: "1"}, {Name: "X-Add", Value: "2"}}
		if diff := cmp.Diff(want, x.Request.Header); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		x.Response.Header = exchange.Header{{Name: "Server", Value: "s"}, {Name: "X-GATEWAY", Value: "b"}, {Name: "x-gateway", Value: "c"}, {Name: "Content-Type", Value: "a/b"}}
	}
	x := get("x-gone", "g", "x-keep", "k", "X-SET", "s", "X-GONE", "h", "X_Gone", "i", "x_set", "t", "x-add", "client")
	g.serve("a/r", x)
	want := exchange.Header{{Name: "X-Gateway", Value: "gwc"}, {Name: "Content-Type", Value: "text/x"}, {Name: "X-Add", Value: "3"}}
	if diff := cmp.Diff(want, x.Response.Header); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func TestResponseHeadersHoldForTheGatewaysOwnAnswers(t *testing.T) {
	g := one(t, filter.Deps{}, strings.Replace(changes, "{", `{"auth": {"apiKey": {}}, `, 1))
	x := get()
	if g.serve("a/r", x) {
		t.Fatal("the request passed")
	}
	if got := x.Response.Header.Get("X-Gateway"); got != "gwc" {
		t.Errorf("X-Gateway %q", got)
	}
	if got := x.Response.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q, want the problem document's own", got)
	}
}

func TestHeadersThatBelongToTheConnectionAreRefused(t *testing.T) {
	_, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": {"backends": {"echo": {}}, "headers": {
		"request": {"remove": ["Host"], "set": {"transfer-encoding": "chunked", "Proxy-Authorization": "x", "Content_Length": "1"}},
		"response": {"set": {"": "x", "x-a": "a\u0000", "x-b": "a\r\nset-cookie: b", "x-tab": "a\tb"}, "add": {"x:y": "z"}}}}}}}`)
	want := []string{
		`apis.a.routes.r.headers.response.set."" header-name`,
		`apis.a.routes.r.headers.response.set.x-a header-value`,
		`apis.a.routes.r.headers.response.set.x-b header-value`,
		`apis.a.routes.r.headers.response.add."x:y" header-name`,
		`apis.a.routes.r.headers.request.remove.0 header-forbidden`,
		`apis.a.routes.r.headers.request.set.Content_Length header-forbidden`,
		`apis.a.routes.r.headers.request.set.Proxy-Authorization header-forbidden`,
		`apis.a.routes.r.headers.request.set.transfer-encoding header-forbidden`,
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
