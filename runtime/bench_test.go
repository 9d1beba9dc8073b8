package runtime_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"gwc.dev/runtime"
	"gwc.dev/schema"
)

// BenchmarkProxied is a request through client, proxy and backend, all in this process.
func BenchmarkProxied(b *testing.B) {
	backend := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	p := start(b, func(o *runtime.Options) { o.AccessLog = io.Discard })
	p.publish(gateway(b, backend.URL))
	for name, url := range map[string]string{"direct": backend.URL, "proxied": p.url()} {
		b.Run(name, func(b *testing.B) {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			c := client(b)
			b.ReportAllocs()
			for b.Loop() {
				if a := send(b, c, r); a.Status != 200 {
					b.Fatal(a.Status)
				}
			}
		})
	}
}

// BenchmarkAnswered is a request that the proxy answers by itself.
func BenchmarkAnswered(b *testing.B) {
	p := start(b, func(o *runtime.Options) { o.AccessLog = io.Discard })
	p.publish(gateway(b, "http://127.0.0.1:1", func(_ *schema.Gateway, r *schema.Route) {
		r.Backends, r.Respond = nil, &schema.Respond{Status: 204}
	}))
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.url(), http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	c := client(b)
	b.ReportAllocs()
	for b.Loop() {
		if a := send(b, c, r); a.Status != 204 {
			b.Fatal(a.Status)
		}
	}
}

// BenchmarkSwap is a bundle from bytes to service.
func BenchmarkSwap(b *testing.B) {
	for _, routes := range []int{10, 1000} {
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			p := start(b)
			g := gateway(b, "http://127.0.0.1:1")
			for i := range routes {
				g.APIs["echo"].Routes[fmt.Sprintf("r%d", i)] = schema.Route{
					Match:    &schema.Match{Path: &schema.PathMatch{Prefix: "/" + strings.Repeat("a", i%5) + fmt.Sprint(i)}},
					Backends: map[string]schema.Backend{"echo": {Weight: 1}},
				}
			}
			for b.Loop() {
				p.publish(g)
			}
		})
	}
}
