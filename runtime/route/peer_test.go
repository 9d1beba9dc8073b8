package route_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/route"
)

// BenchmarkMatchPeer puts the match beside net/http's ServeMux, which knows hosts, methods and path prefixes and no
// headers, over the same routes in the same run. docs/performance.md quotes the ratio.
func BenchmarkMatchPeer(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		table, problems := route.Build(large(n, ownHost), filter.Deps{})
		if len(problems) > 0 {
			b.Fatal(problems[0].Error())
		}
		mux := http.NewServeMux()
		for i := range n {
			if i%5 != 4 { // told apart by a header only
				mux.Handle(fmt.Sprintf("%s/v1/api-%06d/items-%d/", ownHost(i/5), i/5, i%5), http.NotFoundHandler())
			}
		}
		last := n/5 - 1
		host, path := ownHost(last), fmt.Sprintf("/v1/api-%06d/items-3/42/detail", last)
		b.Run(fmt.Sprintf("routes=%d/gwc", n), func(b *testing.B) {
			r := &exchange.Request{Method: "GET", Host: host, Path: path}
			for b.Loop() {
				if table.Match("http", r) == nil {
					b.Fatal("no route")
				}
			}
		})
		b.Run(fmt.Sprintf("routes=%d/ServeMux", n), func(b *testing.B) {
			r := &http.Request{Method: "GET", Host: host, URL: &url.URL{Path: path}}
			for b.Loop() {
				if _, pattern := mux.Handler(r); pattern == "" {
					b.Fatal("no route")
				}
			}
		})
	}
}
