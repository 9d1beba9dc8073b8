package filter_test

import (
	"fmt"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
)

// chainConfigs are routes by what stands on them.
func chainConfigs(t testing.TB) map[string]string {
	const (
		apiKey  = `"auth": {"apiKey": {"header": "apikey"}}`
		limit   = `"rateLimit": {"s": {"requests": 1000000000, "per": "second", "by": "consumer"}}`
		cors    = `"cors": {"origins": ["https://app.test"]}`
		headers = `"headers": {"request": {"set": {"x-api-version": "v1"}}, "response": {"remove": ["server"]}}`
		rewrite = `"match": {"path": {"prefix": "/echo"}}, "rewrite": {"prefix": "/inner"}`
		more    = `, "consumerClaim": "sub", "groupsClaim": "roles", "requiredClaims": {"scope": "read"},
			"forwardClaims": {"X-Sub": "sub", "X-Roles": "roles"}`
	)
	return map[string]string{
		"key": apiKey, "limit": limit, "cors": cors, "headers": headers, "rewrite": rewrite,
		"jwt": `"auth": {` + jwtConfig(t, more) + `}`,
		"all": apiKey + "," + limit + "," + cors + "," + headers + "," + rewrite,
	}
}

// A lap runs a route's filters again and again in the memory of one connection.
type lap struct {
	chain          filter.Chain
	x              *exchange.Exchange
	header, answer exchange.Header
}

func newLap(t testing.TB, config string) *lap {
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, `+config+`}`)
	return &lap{
		chain: g.chains["a/r"],
		x:     get(),
		header: exchange.Header{
			{Name: "accept", Value: "*/*"}, {Name: "user-agent", Value: "bench"}, {Name: "apikey", Value: "first key"},
			{Name: "origin", Value: "https://app.test"}, {Name: "authorization", Value: ""},
		},
		answer: exchange.Header{{Name: "server", Value: "x"}, {Name: "content-type", Value: "text/plain"}},
	}
}

func (l *lap) run(t testing.TB) {
	x := l.x
	x.Request.Header = append(x.Request.Header[:0], l.header...)
	x.Request.Path = "/echo/a"
	x.Owed = x.Owed[:0]
	x.Text.Reset()
	seen, answered := l.chain.Request(x)
	if answered {
		t.Fatal(x.Reason)
	}
	x.Response.Header = append(x.Response.Header[:0], l.answer...)
	l.chain.Response(x, seen)
}

// bearer puts a token in the place of the last one.
func (l *lap) bearer(token string) { l.header[len(l.header)-1].Value = "Bearer " + token }

func TestWhatPassesCostsNoAllocation(t *testing.T) {
	token := theIssuer().sign(t, jose.RS256, "rsa", theIssuer().rsa, with(nil), nil)
	for name, config := range chainConfigs(t) {
		t.Run(name, func(t *testing.T) {
			l := newLap(t, config)
			l.bearer(token)
			if n := testing.AllocsPerRun(100, func() { l.run(t) }); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func BenchmarkChain(b *testing.B) {
	for _, name := range []string{"key", "limit", "cors", "headers", "rewrite", "all"} {
		b.Run(name, func(b *testing.B) {
			l := newLap(b, chainConfigs(b)[name])
			b.ReportAllocs()
			for b.Loop() {
				l.run(b)
			}
		})
	}
}

// BenchmarkToken has a thousand callers whose tokens come again, and tokens that were never seen.
func BenchmarkToken(b *testing.B) {
	i := theIssuer()
	token := func(n int) string {
		return i.sign(b, jose.RS256, "rsa", i.rsa, with(map[string]any{"sub": fmt.Sprint("caller-", n)}), nil)
	}
	b.Run("again", func(b *testing.B) {
		l := newLap(b, chainConfigs(b)["jwt"])
		values := make([]string, 1000)
		for n := range values {
			l.bearer(token(n))
			values[n] = l.header[len(l.header)-1].Value
			l.run(b)
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			l.header[len(l.header)-1].Value = values[n%len(values)]
			l.run(b)
		}
	})
	b.Run("new", func(b *testing.B) {
		l := newLap(b, chainConfigs(b)["jwt"])
		// Over, but for the clocks' skew: accepted, and not remembered.
		l.bearer(i.sign(b, jose.RS256, "rsa", i.rsa, with(map[string]any{"exp": tokenTime.Unix() - 1}), nil))
		b.ReportAllocs()
		for b.Loop() {
			l.run(b)
		}
	})
}
