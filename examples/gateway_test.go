package examples_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
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

// serve seals an environment into a bundle and has the runtime serve it, until the test ends. Upstreams are
// stand-ins, key sets are the issuer's, listeners are on loopback.
func serve(t *testing.T, model *schema.Gateway) *gateway {
	g := &gateway{
		model: model, addresses: map[string]string{},
		ca: newAuthority(t), issuer: newIssuer(t), clock: newClock(),
	}
	g.secrets = newSecrets(t, model, g.ca)
	signer, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	data, err := bundle.Seal(bundle.Contents{
		Environment: model.Environment, Serial: 1, Gateway: withKeySets(t, model, g.issuer.keySet),
	}, signer)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gateway.bundle")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	listen := map[string]string{}
	for name := range model.Listeners {
		listen[name] = "127.0.0.1:0"
	}
	server, err := runtime.New(runtime.Options{
		Source:       "file:" + file,
		Keys:         []bundle.PublicKey{signer.Public()},
		SecretsDir:   g.secrets.write(t),
		Listen:       listen,
		Upstream:     newStandIns(t, model, g.ca).address,
		Clock:        g.clock.now,
		DrainTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	g.await(t, server)
	return g
}

// await waits until the server is ready, and notes where it listens.
func (g *gateway) await(t *testing.T, server *runtime.Server) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		status := server.Status()
		switch {
		case status.Ready:
			for _, l := range status.Listeners {
				g.addresses[l.Name] = l.Address
			}
			return
		case status.Refused != nil:
			t.Fatalf("the bundle was refused: %s: %s %v", status.Refused.Reason, status.Refused.Message, status.Refused.Problems)
		case time.Now().After(deadline):
			t.Fatalf("the server is not ready: %+v", status)
		}
	}
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
