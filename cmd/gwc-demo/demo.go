package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// demo is the state of the story.
type demo struct {
	ctx      context.Context
	dir      string // everything the demo writes
	repo     string // the repository of definitions below dir
	bin      string // where gwc and gwproxy are
	apiKey   string
	registry *httptest.Server
	standIns *standIns
	proxy    *exec.Cmd
	proxyLog *os.File
	ended    chan error // the proxy's end
	gateway  string     // the proxy's address
	admin    string
}

const environment = "environments/dev"

// newDemo prepares a repository with two revisions of the reference environments, "first" and "second", whose dev
// environment points at stand-ins on loopback.
func newDemo(ctx context.Context) (*demo, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gwc-demo-")
	if err != nil {
		return nil, err
	}
	d := &demo{ctx: ctx, dir: dir, repo: filepath.Join(dir, "repo"), bin: filepath.Dir(exe), apiKey: strings.ToLower(rand.Text())}
	if err := d.prepare(root); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *demo) prepare(root string) error {
	var err error
	if d.standIns, err = newStandIns(); err != nil {
		return err
	}
	d.registry = httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	if err := os.CopyFS(filepath.Join(d.repo, "environments"), os.DirFS(filepath.Join(root, "environments"))); err != nil {
		return err
	}
	secret := filepath.Join(d.dir, "secrets", "example-user")
	for path, text := range map[string]string{
		filepath.Join(d.repo, "cue.mod", "module.cue"):                "module: \"example.com/gateway@v0\"\nlanguage: version: \"v0.17.0\"\n",
		filepath.Join(d.repo, environment, "local.cue"):               d.standIns.definition(),
		filepath.Join(secret, "api-key"):                              d.apiKey + "\n",
		filepath.Join(d.dir, "secrets", "example-partner", "api-key"): strings.ToLower(rand.Text()),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := d.quietly("gwc", "init", "--update", "."); err != nil {
		return err
	}
	if err := d.commit("first"); err != nil {
		return err
	}
	change := "package gateway\n\n// The canary takes half, and callers get more.\n" +
		"apis: echo: {\n\trateLimit: perMinute: requests: 100000\n\troutes: default: backends: {echo: weight: 50, \"echo-v2\": weight: 50}\n}\n"
	if err := os.WriteFile(filepath.Join(d.repo, environment, "canary.cue"), []byte(change), 0o600); err != nil {
		return err
	}
	return d.commit("second")
}

// commit records the repository's state as a tag.
func (d *demo) commit(tag string) error {
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", tag}, {"tag", tag}} {
		if err := d.quietly("git", args...); err != nil {
			return err
		}
	}
	return nil
}

// command returns a command that runs in the repository of definitions.
func (d *demo) command(name string, args ...string) *exec.Cmd {
	if name == "gwc" || name == "gwproxy" {
		name = filepath.Join(d.bin, name)
	}
	cmd := exec.CommandContext(d.ctx, name, args...)
	cmd.Dir = d.repo
	cmd.Env = append(os.Environ(), "GWC_PASSWORD=demo", "NO_COLOR=1",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=demo", "GIT_AUTHOR_EMAIL=demo@example.com",
		"GIT_COMMITTER_NAME=demo", "GIT_COMMITTER_EMAIL=demo@example.com")
	return cmd
}

// quietly runs a command that the story does not show.
func (d *demo) quietly(name string, args ...string) error {
	if out, err := d.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// show runs gwc, with the command line and everything it prints.
func (d *demo) show(args ...string) error {
	fmt.Println("$ gwc", strings.Join(args, " "))
	cmd := d.command("gwc", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	return cmd.Run()
}

// close ends everything that the demo started and removes what it wrote.
func (d *demo) close() error {
	var errs []error
	if d.proxy != nil {
		errs = append(errs, d.stopProxy())
	}
	if d.proxyLog != nil {
		errs = append(errs, d.proxyLog.Close())
	}
	if d.registry != nil {
		d.registry.Close()
	}
	if d.standIns != nil {
		d.standIns.close()
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// stopProxy asks the proxy to end, and makes it end.
func (d *demo) stopProxy() error {
	if err := d.proxy.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-d.ended:
		var exit *exec.ExitError
		if d.ctx.Err() != nil && errors.As(err, &exit) {
			return nil // interrupted with us
		}
		return err
	case <-time.After(10 * time.Second):
		return errors.Join(errors.New("gwproxy does not end"), d.proxy.Process.Kill())
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// until waits for a condition.
func (d *demo) until(what string, holds func() bool) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if holds() {
			return nil
		}
		select {
		case err := <-d.ended:
			d.ended <- err
			text, _ := os.ReadFile(d.proxyLog.Name())
			return fmt.Errorf("gwproxy ended: %v\n%s", err, text)
		case <-d.ctx.Done():
			return d.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("waited 20 s for %s", what)
}

// adminGet returns what the proxy's admin port says.
func (d *demo) adminGet(path string) (int, string, error) {
	resp, err := http.Get("http://" + d.admin + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}
