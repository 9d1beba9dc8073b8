// Package gateway runs a gateway for conformance suites as users run one: gwc and gwproxy are built from source, gwc
// builds a bundle from definitions in CUE, and gwproxy serves it. A test can direct it while it serves: put another bundle
// into force, ask its admin port, end it.
//
//	var commands gateway.Commands
//
//	func TestMain(m *testing.M) { os.Exit(gateway.Main(m, &commands)) }
//
//	g := commands.Start(t, gateway.Environment{Definition: definition, Listeners: []string{"http"}})
//	conn, err := net.Dial("tcp", g.Address("http"))
//	g.Publish(t, commands.Compile(t, another, 2), 2)
//	g.Terminate(t)
//
// It is a module of its own, without dependencies, that those of the suites share.
package gateway

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// An Environment is what a gateway serves, and how.
type Environment struct {
	Definition string            // the CUE of the environment, after gw.#Gateway and its name
	Listeners  []string          // the names of all its listeners; each gets a free port on loopback
	Secrets    map[string][]byte // mounted files by path: "tls/tls.crt"
	Flags      []string          // further flags of gwproxy
}

// A Gateway is a gwproxy that serves, or has served.
type Gateway struct {
	cmd       *exec.Cmd
	bundle    string // the file that it follows
	admin     string
	addresses map[string]string
	log       log
	done      chan struct{} // closed once it has ended
	err       error         // how; set before done is closed
}

// patience is how long a gateway may take for anything: until it serves, takes a bundle, or has stopped.
const patience = 60 * time.Second

// Start serves an environment, with serial 1, until the test ends or [Gateway.Terminate]. What gwproxy has to say is
// shown if the test fails.
func (c Commands) Start(t testing.TB, e Environment) *Gateway {
	t.Helper()
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets")
	for name, content := range e.Secrets {
		write(t, filepath.Join(secrets, name), content)
	}
	g := &Gateway{
		bundle: filepath.Join(dir, "served.bundle"), admin: freeAddress(t), addresses: map[string]string{},
		done: make(chan struct{}),
	}
	write(t, g.bundle, c.Compile(t, e.Definition, 1))
	args := append([]string{
		"--source", "file:" + g.bundle, "--insecure-skip-verify", "--secrets-dir", secrets,
		"--admin", g.admin, "--access-log", "off",
	}, e.Flags...)
	for _, name := range e.Listeners {
		args = append(args, "--listen", name+"=127.0.0.1:0")
	}
	g.run(t, exec.Command(filepath.Join(c.dir, "gwproxy"), args...))
	status := g.await(t, "serves", func(s Status) bool { return s.Ready })
	for _, l := range status.Listeners {
		g.addresses[l.Name] = l.Address
	}
	return g
}

// run starts gwproxy and drains it at the end of the test.
func (g *Gateway) run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = &g.log, &g.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.cmd = cmd
	go func() {
		g.err = cmd.Wait()
		close(g.done)
	}()
	t.Cleanup(func() {
		g.Terminate(t)
		g.Ended(t)
		if t.Failed() {
			t.Logf("gwproxy:\n%s", g.log.String())
		}
	})
}

// Address returns the host and port of a listener.
func (g *Gateway) Address(listener string) string { return g.addresses[listener] }

// PID returns the id of gwproxy's process.
func (g *Gateway) PID() int { return g.cmd.Process.Pid }

// Log returns what gwproxy has said so far.
func (g *Gateway) Log() string { return g.log.String() }

// Terminate sends SIGTERM, which gwproxy drains for, and does not wait. A gateway that has ended is left alone.
func (g *Gateway) Terminate(t testing.TB) {
	t.Helper()
	select {
	case <-g.done:
	default:
		_ = g.cmd.Process.Signal(syscall.SIGTERM) // it may end at this moment
	}
}

// Ended waits until gwproxy has ended, and requires that it did so with status 0.
func (g *Gateway) Ended(t testing.TB) {
	t.Helper()
	select {
	case <-g.done:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill() // it may end at this moment
		<-g.done
		t.Errorf("gwproxy did not end within %s of being asked to", patience)
	}
	if g.err != nil {
		t.Errorf("gwproxy: %v", g.err)
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A log is written to by a process while it is read.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
