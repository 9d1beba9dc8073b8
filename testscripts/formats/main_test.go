// Package formats_test holds what gwc prints for programs to the schemas of those who read it: its JSON to the schemas
// that gwc publishes, SARIF to the schema of OASIS and to what GitHub's code scanning asks for, JUnit and the reports
// of GitHub and GitLab to their readers' rules.
package formats_test

import (
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is our repository, and gwc the command built from it.
const root = "../.."

var gwc string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "gwc-formats-")
		if err != nil {
			log.Print(err)
			return 1
		}
		defer os.RemoveAll(dir)
		gwc = filepath.Join(dir, "gwc")
		build := exec.Command("go", "build", "-o", gwc, "./cmd/gwc")
		build.Dir, build.Env, build.Stderr = root, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		if err := build.Run(); err != nil {
			log.Printf("building gwc: %v", err)
			return 1
		}
		return m.Run()
	}())
}

// newGateway returns a new directory as gwc init makes it, with files of testdata: where to, and which.
func newGateway(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gateway")
	run(t, ".", 0, gwc, "init", dir)
	for to, name := range files {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(to)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a command, which must exit with a status, and returns its output.
func run(t *testing.T, dir string, status int, name string, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "GWC_PASSWORD=", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	got := 0
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		got = exit.ExitCode()
	}
	if got != status {
		t.Fatalf("%s %s: status %d, want %d\n%s%s", name, strings.Join(args, " "), got, status, &stdout, &stderr)
	}
	return stdout.String()
}
