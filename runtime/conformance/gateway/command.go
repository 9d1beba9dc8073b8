package gateway

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Commands are gwc and gwproxy, built.
type Commands struct {
	dir string
}

// sourceVariable names the directory of the sources to build; unset, the repository that the suite is part of.
const sourceVariable = "GWC_SOURCE"

// build builds both commands into a directory, in the directory of a suite's package.
func build(ctx context.Context, dir string) (Commands, error) {
	source := os.Getenv(sourceVariable)
	if source == "" {
		source = filepath.Join("..", "..", "..")
	}
	// With what `make build` has, so that its compiled packages are used again.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir, "./cmd/gwc", "./cmd/gwproxy")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Commands{}, fmt.Errorf("building gwc and gwproxy in %s: %w\n%s", source, err, out)
	}
	return Commands{dir: dir}, nil
}

// Build builds both commands for the length of a test.
func Build(t testing.TB) Commands {
	t.Helper()
	commands, err := build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return commands
}

// Main runs the tests of a package with the commands, built for them, and returns the exit status: what TestMain ends
// with.
func Main(m *testing.M, commands *Commands) int {
	dir, err := os.MkdirTemp("", "conformance-")
	if err == nil {
		defer os.RemoveAll(dir)
		*commands, err = build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// preamble is the beginning of every definition.
const preamble = `package gateway

import gw "gwc.dev/schema/v1"

gw.#Gateway
environment: "conformance"
`

// Compile returns the unsigned bundle of a definition, with a serial.
func (c Commands) Compile(t testing.TB, definition string, serial uint64) []byte {
	t.Helper()
	repository := t.TempDir()
	write(t, filepath.Join(repository, "cue.mod", "module.cue"),
		[]byte("module: \"example.com/conformance@v0\"\nlanguage: version: \"v0.17.0\"\n"))
	write(t, filepath.Join(repository, "environments", "conformance", "gateway.cue"), []byte(preamble+definition))
	c.gwc(t, repository, "init", "--update", ".")
	out := filepath.Join(repository, "conformance.bundle")
	c.gwc(t, repository, "build", "environments/conformance", "-o", out, "--unsigned", "--serial", fmt.Sprint(serial))
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c Commands) gwc(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "gwc"), args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gwc %v: %v\n%s", args, err, out)
	}
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
