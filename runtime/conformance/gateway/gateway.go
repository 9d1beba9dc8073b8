// Package gateway runs a gateway for conformance suites as users run one: gwc and gwproxy are built from source, gwc
// builds a bundle from definitions in CUE, and gwproxy serves it.
//
//	commands := gateway.Build(t)
//	g := commands.Start(t, gateway.Environment{Definition: definition, Listeners: []string{"http"}})
//	conn, err := net.Dial("tcp", g.Address("http"))
//
// It is a module of its own, without dependencies, that those of the suites share.
package gateway

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An Environment is what a gateway serves.
type Environment struct {
	Definition string            // the CUE of the environment, after gw.#Gateway and its name
	Listeners  []string          // the names of all its listeners; each gets a free port on loopback
	Secrets    map[string][]byte // mounted files by path: "tls/tls.crt"
}

// A Gateway is a gwproxy that serves.
type Gateway struct {
	addresses map[string]string
}

// Address returns the host and port of a listener.
func (g *Gateway) Address(listener string) string {
	return g.addresses[listener]
}

// startup is how long a gateway may take until it serves, and how long until it has stopped.
const startup = 30 * time.Second

// Start serves an environment until the test ends. What gwproxy has to say is shown if the test fails.
func (c Commands) Start(t testing.TB, e Environment) *Gateway {
	t.Helper()
	dir := t.TempDir()
	bundle := c.bundle(t, dir, e.Definition)
	secrets := filepath.Join(dir, "secrets")
	for name, content := range e.Secrets {
		write(t, filepath.Join(secrets, name), content)
	}
	admin := freeAddress(t)
	args := []string{
		"--source", "file:" + bundle, "--insecure-skip-verify", "--secrets-dir", secrets,
		"--admin", admin, "--access-log", "off",
	}
	for _, name := range e.Listeners {
		args = append(args, "--listen", name+"=127.0.0.1:0")
	}
	c.serve(t, args)
	return &Gateway{addresses: listening(t, admin)}
}

// preamble is the beginning of every definition.
const preamble = `package gateway

import gw "gwc.dev/schema/v1"

gw.#Gateway
environment: "conformance"
`

// bundle compiles a definition and returns the path of its bundle.
func (c Commands) bundle(t testing.TB, dir, definition string) string {
	t.Helper()
	repository := filepath.Join(dir, "repository")
	write(t, filepath.Join(repository, "cue.mod", "module.cue"),
		[]byte("module: \"example.com/conformance@v0\"\nlanguage: version: \"v0.17.0\"\n"))
	write(t, filepath.Join(repository, "environments", "conformance", "gateway.cue"), []byte(preamble+definition))
	c.gwc(t, repository, "init", "--update", ".")
	out := filepath.Join(dir, "conformance.bundle")
	c.gwc(t, repository, "build", "environments/conformance", "-o", out, "--unsigned", "--serial", "1")
	return out
}

func (c Commands) gwc(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "gwc"), args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gwc %v: %v\n%s", args, err, out)
	}
}

// serve runs gwproxy and drains it at the end of the test.
func (c Commands) serve(t testing.TB, args []string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(c.dir, "gwproxy"), args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill := time.AfterFunc(startup, func() { _ = cmd.Process.Kill() }) // it may have ended
		defer kill.Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM) // as before
		if err := cmd.Wait(); err != nil {
			t.Errorf("gwproxy: %v", err)
		}
		if t.Failed() {
			t.Logf("gwproxy:\n%s", &log)
		}
	})
}

// listening waits until a gateway serves, and returns the addresses of its listeners by name.
func listening(t testing.TB, admin string) map[string]string {
	t.Helper()
	var last error
	for end := time.Now().Add(startup); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var status struct {
			Ready     bool
			Listeners []struct{ Name, Address string }
		}
		if last = get("http://"+admin+"/status", &status); last != nil || !status.Ready {
			continue
		}
		addresses := map[string]string{}
		for _, l := range status.Listeners {
			addresses[l.Name] = l.Address
		}
		return addresses
	}
	t.Fatalf("gwproxy does not serve: %v", last)
	return nil
}

func get(url string, into any) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
