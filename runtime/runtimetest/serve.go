// Package runtimetest has the runtime serve models in tests.
//
//	addresses := runtimetest.Serve(t, model, runtime.Options{RevealRoute: true})
//	resp, err := http.Get("http://" + addresses["http"])
package runtimetest

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gwc.dev/runtime"
	"gwc.dev/schema"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/key"
)

// readyTimeout bounds the wait for a server to serve.
const readyTimeout = 20 * time.Second

// Serve seals a model into a bundle and has the runtime serve it until the test ends, each listener at a free port of
// loopback. It returns their addresses by name. Of the options, those are filled in that say what is served and where, and
// secrets are in an empty directory unless another one is given.
func Serve(t testing.TB, g *schema.Gateway, o runtime.Options) map[string]string {
	t.Helper()
	signer, err := key.Generate(key.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	data, err := bundle.Seal(bundle.Contents{Environment: g.Environment, Serial: 1, Gateway: g}, signer)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.bundle")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Source, o.Keys, o.Listen = "file:"+file, []bundle.PublicKey{signer.Public()}, map[string]string{}
	o.SecretsDir, o.DrainTimeout = cmp.Or(o.SecretsDir, dir), cmp.Or(o.DrainTimeout, time.Second)
	for name := range g.Listeners {
		o.Listen[name] = "127.0.0.1:0"
	}
	server, err := runtime.New(o)
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
	return await(t, server)
}

// await waits until a server is ready, and returns where it listens.
func await(t testing.TB, server *runtime.Server) map[string]string {
	t.Helper()
	for deadline := time.Now().Add(readyTimeout); ; time.Sleep(time.Millisecond) {
		status := server.Status()
		switch {
		case status.Ready:
			addresses := map[string]string{}
			for _, l := range status.Listeners {
				addresses[l.Name] = l.Address
			}
			return addresses
		case status.Refused != nil:
			t.Fatalf("the bundle was refused: %s: %s %v", status.Refused.Reason, status.Refused.Message, status.Refused.Problems)
		case time.Now().After(deadline):
			t.Fatalf("the server is not ready: %+v", status)
		}
	}
}
