package examples_test

import (
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/schema"
)

// A gateway is an environment that is being served, and everything around it.
type gateway struct {
	model     *schema.Gateway
	addresses map[string]string // by listener
	ca        *authority
	issuer    *issuer
	secrets   secrets
	clock     *clock
}

// serve has the runtime serve an environment, until the test ends. Upstreams are stand-ins, key sets are the issuer's.
func serve(t *testing.T, model *schema.Gateway) *gateway {
	g := &gateway{model: model, ca: newAuthority(t), issuer: newIssuer(t), clock: newClock()}
	g.secrets = newSecrets(t, model, g.ca)
	g.addresses = runtimetest.Serve(t, withKeySets(t, model, g.issuer.keySet), runtime.Options{
		SecretsDir: g.secrets.write(t),
		Upstream:   newStandIns(t, model, g.ca).address,
		Clock:      g.clock.now,
	})
	return g
}

// withKeySets returns a copy of a model whose tokens' keys are fetched from url.
func withKeySets(t *testing.T, model *schema.Gateway, url string) *schema.Gateway {
	data, err := model.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := schema.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range out.APIs {
		for _, route := range api.Routes {
			if route.Auth != nil && route.Auth.JWT != nil && route.Auth.JWT.JWKS.URL != "" {
				route.Auth.JWT.JWKS.URL = url
			}
		}
	}
	return out
}

// A clock stands still until it is told to go on, so that limits and tokens are the same in every run.
type clock struct {
	start  time.Time
	passed atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time { return c.start.Add(time.Duration(c.passed.Load())) }

func (c *clock) wait(d time.Duration) { c.passed.Add(int64(d)) }
