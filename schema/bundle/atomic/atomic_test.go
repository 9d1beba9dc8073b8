package atomic_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gwc.dev/schema/bundle/atomic"
)

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// alone reports what a directory holds beside the names given.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(names) {
		t.Errorf("the directory holds %v, want %v", entries, names)
	}
}

func TestWriteFileReplacesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	for _, want := range []string{"a long first text", "short"} {
		if err := atomic.WriteFile(path, []byte(want), 0o640); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != want {
			t.Errorf("it holds %q, want %q", got, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("mode %v is wider than asked for", info.Mode())
	}
	alone(t, dir, "out")
}

func TestWriteFileFollowsALink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := atomic.WriteFile(link, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := content(t, target); got != "new" {
		t.Errorf("the target holds %q", got)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Errorf("the link was replaced: %v", err)
	}
}

func TestAPipeIsWrittenToAndNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := atomic.WriteFile(path, []byte("through"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("through"))
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != "through" {
		t.Errorf("%q came out of the pipe (%v)", got, err)
	}
}

func TestAFailureLeavesNothingAndNamesThePath(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{sub, filepath.Join(dir, "none", "out")} {
		err := atomic.WriteFile(path, []byte("x"), 0o600)
		if err == nil || strings.Count(err.Error(), dir) != 1 || !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name %s once: %v", path, err)
		}
	}
	alone(t, dir, "sub")
}

func TestCreateFileKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := atomic.CreateFile(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := atomic.CreateFile(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want ErrExist", err)
	}
	if got := content(t, path); got != "first" {
		t.Errorf("it holds %q", got)
	}
	alone(t, dir, "out")
}
