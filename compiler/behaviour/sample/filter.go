package sample

import (
	"iter"
	"math/rand/v2"
	"time"

	"gwc.dev/schema"
)

// randomFilters returns filters, each with a chance of one in n.
func randomFilters(r *rand.Rand, n int) (f schema.Filters) {
	if one(r, n) {
		f.Auth = randomAuth(r)
	}
	if one(r, n) {
		f.RateLimit = &schema.RateLimit{Disabled: one(r, 5), Windows: map[string]schema.RateLimitWindow{}}
		for _, name := range some(r, "w1", "w2") {
			f.RateLimit.Windows[name] = schema.RateLimitWindow{
				Requests: pick(r, 10, 20), Per: pick(r, "second", "minute", "hour", "day"), By: pick(r, "ip", "consumer", "route", "header"), Header: "X-V", Burst: pick(r, 0, 10),
			}
		}
	}
	if one(r, n) {
		f.CORS = &schema.CORS{
			Disabled: one(r, 5), Origins: some(r, "https://a.test", "https://*.b.test", "null"), Credentials: one(r, 3), MaxAge: schema.Duration(pick(r, 0, time.Minute)),
		}
		if one(r, 3) {
			f.CORS.Methods = some(r, methods()...)
		}
		if one(r, 3) {
			f.CORS.AllowHeaders = some(r, "X-A", "X-B")
		}
		if one(r, 3) {
			f.CORS.ExposeHeaders = some(r, "X-A", "x-b")
		}
		if one(r, 3) {
			f.CORS.Origins = append(f.CORS.Origins, pick(r, "https://x.b.test", "http://a.test:81", "https://*.test"))
		}
		if one(r, 6) {
			f.CORS.Origins, f.CORS.Credentials = []string{"*"}, false
		}
	}
	if one(r, n) {
		f.Headers = &schema.Headers{Disabled: one(r, 5)}
		if one(r, 2) {
			f.Headers.Request = randomChange(r)
		}
		if one(r, 2) {
			f.Headers.Response = randomChange(r)
		}
	}
	if one(r, n) {
		f.Timeout = schema.Duration(pick(r, time.Second, 2*time.Second))
	}
	if one(r, n) {
		f.MaxBodyBytes = pick(r, 1000, 2000)
	}
	if one(r, n) {
		f.Retry = &schema.Retry{Disabled: one(r, 5), Attempts: pick(r, 0, 1, 2), On: some(r, "connect-failure", "503"), Methods: some(r, methods()...)}
		if one(r, 3) {
			f.Retry.PerTryTimeout = schema.Duration(time.Second)
		}
		if one(r, 3) {
			f.Retry.On = append(f.Retry.On, pick(r, "reset", "timeout", "5xx", "500"))
		}
		if one(r, 3) {
			f.Retry.Backoff = schema.Duration(pick(r, 25*time.Millisecond, time.Second))
		}
	}
	return f
}

func randomChange(r *rand.Rand) *schema.HeaderChange {
	c := &schema.HeaderChange{Remove: some(r, "X-A", "X-B", "Server")}
	if one(r, 2) {
		c.Set = map[string]string{pick(r, "X-A", "x-a", "Server"): pick(r, "1", "2")}
	}
	if one(r, 3) {
		c.Add = map[string]string{pick(r, "X-A", "X-B"): pick(r, "1", "2")}
	}
	return c
}

func randomAuth(r *rand.Rand) *schema.Auth {
	a := &schema.Auth{Disabled: one(r, 5)}
	way := r.IntN(3)
	if way != 1 {
		a.APIKey = &schema.APIKeyAuth{Header: pick(r, "", "apikey", "X-Key"), Query: pick(r, "", "key"), Forward: one(r, 4)}
	}
	if way != 0 {
		a.JWT = &schema.JWTAuth{
			Issuer: pick(r, "https://i1.test", "https://i2.test"), JWKS: schema.JWKS{URL: "https://i.test/keys"}, Audiences: some(r, "a1", "a2"),
			GroupsClaim: pick(r, "", "groups"),
		}
		if one(r, 3) {
			a.JWT.RequiredClaims = map[string]schema.JSON{"scope": schema.JSON(pick(r, `"read"`, `"write"`))}
		}
		if one(r, 6) {
			a.JWT.RequiredClaims = map[string]schema.JSON{"level": schema.JSON(pick(r, `1`, `2`, `true`))}
		}
		if one(r, 4) {
			a.JWT.Algorithms = append(some(r, "RS256"), "ES256")
		}
		if one(r, 4) {
			a.JWT.Header = pick(r, "authorization", "X-Token")
		}
		if one(r, 4) {
			a.JWT.Forward = true
		}
		if one(r, 4) {
			a.JWT.ConsumerClaim = pick(r, "sub", "client")
		}
		if one(r, 4) {
			a.JWT.ClockSkew = ptr(schema.Duration(pick(r, 0, 30*time.Second, time.Minute)))
		}
		if one(r, 3) {
			a.JWT.ForwardClaims = map[string]string{pick(r, "X-User", "x-user"): "sub"}
		}
	}
	if one(r, 3) {
		a.Allow = &schema.Allow{Consumers: some(r, "c0", "c1"), Groups: some(r, "free", "gold")}
	}
	return a
}

// FiltersOf yields the filters of a gateway wherever they are written, to be changed there.
func FiltersOf(g *schema.Gateway) iter.Seq[*schema.Filters] {
	return func(yield func(*schema.Filters) bool) {
		if !yield(&g.Filters) {
			return
		}
		for name, a := range g.APIs {
			more := yield(&a.Filters)
			for id, r := range a.Routes {
				more = more && yield(&r.Filters)
				a.Routes[id] = r
			}
			g.APIs[name] = a
			if !more {
				return
			}
		}
	}
}
