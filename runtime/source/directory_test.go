package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gwc.dev/runtime/source"
)

// A mount is a directory as Kubernetes mounts a ConfigMap: links to ..data/NAME, and ..data a link that is swapped.
type mount struct {
	t       *testing.T
	dir     string
	version int
}

func (m *mount) publish(files map[string]string) {
	m.t.Helper()
	must(m.t, os.MkdirAll(m.dir, 0o700))
	before, _ := os.Readlink(filepath.Join(m.dir, "..data"))
	m.version++
	version := fmt.Sprintf("..2026_01_01.%d", m.version)
	must(m.t, os.Mkdir(filepath.Join(m.dir, version), 0o700))
	for name, text := range files {
		write(m.t, filepath.Join(m.dir, version, name), text)
	}
	must(m.t, os.Symlink(version, filepath.Join(m.dir, "..data_tmp")))
	must(m.t, os.Rename(filepath.Join(m.dir, "..data_tmp"), filepath.Join(m.dir, "..data")))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(m.dir, name)); err != nil {
			must(m.t, os.Symlink("..data/"+name, filepath.Join(m.dir, name)))
		}
	}
	if before != "" {
		must(m.t, os.RemoveAll(filepath.Join(m.dir, before)))
	}
}

func TestAMountedDirectoryIsReadWhenItIsSwapped(t *testing.T) {
	m := &mount{t: t, dir: filepath.Join(t.TempDir(), "bundles")}
	m.publish(map[string]string{"gateway.bundle": "first", "README": "not this"})
	w := watch(t, "file:"+m.dir, onEvents)
	if u := w.expect("first"); filepath.Base(u.Origin) != "gateway.bundle" {
		t.Errorf("origin %q", u.Origin)
	}
	m.publish(map[string]string{"gateway.bundle": "second"})
	w.expect("second")
	m.publish(map[string]string{"other.bundle": "third"}) // under another name
	w.expect("third")
	m.publish(map[string]string{})
	w.expectError("no entry of it ends in .bundle")
	m.publish(map[string]string{"a.bundle": "x", "b.bundle": "y"})
	w.expectError("more than one bundle, a.bundle and b.bundle")
	m.publish(map[string]string{"a.bundle": "one again"})
	w.expect("one again")
}

func TestADirectoryThatIsReplacedIsSeenAtOnce(t *testing.T) {
	top := t.TempDir()
	m := &mount{t: t, dir: filepath.Join(top, "bundles")}
	m.publish(map[string]string{"gateway.bundle": "first"})
	w := watch(t, "file:"+m.dir, onEvents)
	w.expect("first")
	next := &mount{t: t, dir: filepath.Join(top, "next")}
	next.publish(map[string]string{"gateway.bundle": "second"})
	must(t, os.Rename(m.dir, filepath.Join(top, "old")))
	must(t, os.Rename(next.dir, m.dir))
	w.expect("second")
	must(t, os.RemoveAll(m.dir))
	w.expectError("no such file or directory")
	m.publish(map[string]string{"gateway.bundle": "third"})
	w.expect("third")
}

// What is delivered stood there as a whole: never the beginning of one and the end of another, whatever is swapped and
// removed meanwhile.
func TestNoReadIsTorn(t *testing.T) {
	m := &mount{t: t, dir: filepath.Join(t.TempDir(), "bundles")}
	text := func(n int) string { return strings.Repeat(fmt.Sprintf("%08d", n), 20_000) }
	m.publish(map[string]string{"gateway.bundle": text(0)})
	var stop atomic.Bool
	o := source.Options{Interval: time.Millisecond}
	w := watch(t, "file:"+m.dir, o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; !stop.Load(); n++ {
			m.publish(map[string]string{"gateway.bundle": text(n % 90_000)})
		}
	}()
	seen := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end) || seen < 5; {
		u := w.next()
		if u.Err != nil {
			continue // it was quicker than five tries
		}
		seen++
		if string(u.Data) != strings.Repeat(string(u.Data[:8]), 20_000) {
			t.Fatal("a torn read")
		}
	}
	stop.Store(true)
	<-done
}

func TestWhatComesBackIsNotDeliveredAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle")
	write(t, path, "first")
	w := watch(t, "file:"+path, onEvents)
	w.expect("first")
	must(t, os.Rename(path, path+"~"))
	w.expectError("no such file or directory")
	must(t, os.Rename(path+"~", path))
	select {
	case u := <-w.updates:
		if u.Data != nil || u.Err != nil {
			t.Errorf("update %q, %v", u.Data, u.Err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it was not looked at")
	}
}

func TestAFileThatIsWrittenInPlaceIsReadWhenItRests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle")
	write(t, path, "first")
	w := watch(t, "file:"+path, onEvents)
	w.expect("first")
	f, err := os.Create(path)
	must(t, err)
	for range 10 {
		_, err = f.WriteString("part ")
		must(t, err)
		time.Sleep(10 * time.Millisecond)
	}
	must(t, f.Close())
	want := strings.Repeat("part ", 10)
	for { // a writer that is held up for longer than a rest looks as if it had done
		u := w.next()
		if string(u.Data) == want {
			break
		}
		if !strings.HasPrefix(want, string(u.Data)) {
			t.Fatalf("update %q", u.Data)
		}
	}
}
