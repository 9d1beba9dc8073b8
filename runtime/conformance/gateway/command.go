package gateway

import (
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

// Build builds both commands for the length of a test, which runs in the directory of its package.
func Build(t testing.TB) Commands {
	t.Helper()
	source := os.Getenv(sourceVariable)
	if source == "" {
		source = filepath.Join("..", "..", "..")
	}
	dir := t.TempDir()
	// With what `make build` has, so that its compiled packages are used again.
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir,
		"./cmd/gwc", "./cmd/gwproxy")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building gwc and gwproxy in %s: %v\n%s", source, err, out)
	}
	return Commands{dir: dir}
}
