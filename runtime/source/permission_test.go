package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/runtime/source"
)

// A directory where a file's parent should be stands in for what the tests' user may not read, who may be root.
func TestWhatMayNotBeReadIsSaidAndReadOnceItMay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mode", "bundle")
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	write(t, path, "x")
	want := "permission denied"
	if os.Geteuid() == 0 { // who may read everything
		must(t, os.RemoveAll(filepath.Dir(path)))
		write(t, filepath.Dir(path), "")
		want = "not a directory"
	} else {
		must(t, os.Chmod(filepath.Dir(path), 0))
	}
	w := watch(t, "file:"+path, source.Options{Interval: 5e6})
	u := w.next()
	if u.Err == nil || !strings.Contains(u.Err.Error(), want) {
		t.Fatalf("%q, %v", u.Data, u.Err)
	}
	if os.Geteuid() == 0 {
		must(t, os.Remove(filepath.Dir(path)))
		must(t, os.Mkdir(filepath.Dir(path), 0o700))
		write(t, path, "x")
	} else {
		must(t, os.Chmod(filepath.Dir(path), 0o700))
	}
	w.expect("x")
}
