package source_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"gwc.dev/runtime/source"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Events alone have to do in these tests: the interval is an hour.
var onEvents = source.Options{Interval: time.Hour}

func TestAFileIsReadWhenItChanges(t *testing.T) {
	tests := map[string]func(t *testing.T, path, text string){
		"written in place": write,
		"replaced by renaming": func(t *testing.T, path, text string) {
			write(t, path+".new", text)
			must(t, os.Rename(path+".new", path))
		},
		"removed and written": func(t *testing.T, path, text string) {
			must(t, os.Remove(path))
			write(t, path, text)
		},
		"moved away and written, as editors do": func(t *testing.T, path, text string) {
			must(t, os.Rename(path, path+"~"))
			write(t, path, text)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bundle")
			write(t, path, "first")
			w := watch(t, "file:"+path, onEvents)
			if u := w.expect("first"); u.Origin != path {
				t.Errorf("origin %q, want %q", u.Origin, path)
			}
			for _, text := range []string{"other", "third"} { // of one length
				change(t, path, text)
				w.expect(text)
			}
		})
	}
}

// A mounted ConfigMap is a directory of links to ..data/NAME, and ..data a link that is swapped.
func TestASwapOfKubernetesDataLinkIsSeen(t *testing.T) {
	dir := t.TempDir()
	publish := func(version, text string) {
		must(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "bundle"), text)
		must(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	publish("..1", "first")
	must(t, os.Symlink("..data/bundle", filepath.Join(dir, "bundle")))
	w := watch(t, "file:"+filepath.Join(dir, "bundle"), onEvents)
	w.expect("first")
	publish("..2", "second")
	w.expect("second")
}

func TestAFileThatIsNotThereYetIsAwaited(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "bundle")
	w := watch(t, "file:"+path, source.Options{Interval: 10 * time.Millisecond})
	w.expectError("no such file or directory")
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	write(t, path, "here")
	w.expect("here")
	must(t, os.RemoveAll(filepath.Dir(path)))
	w.expectError("no such file or directory")
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	write(t, path, "again")
	w.expect("again")
}

// The link that changes stands in no directory that is watched.
func TestThePollFindsWhatEventsDoNotTell(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"one", "two"} {
		must(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version, "bundle"), version)
	}
	must(t, os.Symlink("one", filepath.Join(dir, "current")))
	w := watch(t, "file:"+filepath.Join(dir, "current", "bundle"), source.Options{Interval: 10 * time.Millisecond})
	w.expect("one")
	must(t, os.Symlink("two", filepath.Join(dir, "next")))
	must(t, os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "current")))
	w.expect("two")
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	pipe, large := filepath.Join(dir, "pipe"), filepath.Join(dir, "large")
	must(t, syscall.Mkfifo(pipe, 0o600)) // opening it would block for ever
	write(t, large, "0123456789+")
	o := onEvents
	o.MaxSize = 10
	for path, want := range map[string]string{dir: "no entry of it ends in .bundle", pipe: "not a regular file", large: "more than the 10 bytes"} {
		watch(t, "file:"+path, o).expectError(want)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	path := filepath.Join(t.TempDir(), "bundle")
	write(t, path, "x")
	s := serve(t, tagged("ETag", `"1"`, "x"))
	for range 5 {
		for _, ref := range []string{"file:" + path, s.URL} {
			w := watch(t, ref, source.Options{Interval: time.Millisecond, Transport: s.Client().Transport})
			w.expect("x")
			w.stop()
		}
	}
	s.Close()
	goroutines(t, before)
}
