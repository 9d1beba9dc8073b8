package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	settle    = 50 * time.Millisecond // without an event before a change is taken to be over
	settleMax = time.Second           // even if events go on
	racy      = 2 * time.Second       // a file changed so shortly before it was read may have changed since, unseen
)

// A file is a path. A directory stands for the bundle in it: see [entryOf].
type file struct {
	path    string
	options Options
	plain   bool // a directory is a mistake

	info   fs.FileInfo // of the file last read; nil: read it in any case
	read   time.Time   // when that was
	digest [sha256.Size]byte
}

func openFile(path string, o Options) (Source, error) {
	if rest, ok := strings.CutPrefix(path, "//"); ok && !strings.HasPrefix(rest, "/") {
		return nil, fmt.Errorf("source %q: a file URL has three slashes: give file:%s or file:///%s", "file:"+path, rest, rest)
	}
	if path == "" {
		return nil, errors.New(`source "file:": it names no file`)
	}
	f := &file{path: filepath.Clean(path), options: o}
	return &watched{path: f.path, poller: poller{options: o, look: f.look}}, nil
}

// A watched source is polled, and looked at once events say that something happened at a path. The path's directory is
// watched, not the file: editors and Kubernetes replace files, or a symbolic link on the way to them, and a watch on the
// old file would never hear of the new one. Of a path that is a directory both are. Where events do not come through
// (network file systems, a directory that is not there yet, a link further up), the poll finds the change, later.
type watched struct {
	path   string
	poller poller
}

// Watch implements [Source].
func (s *watched) Watch(ctx context.Context, on func(Update)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return s.poller.Watch(ctx, on) // the system has no watches left: polling goes on without
	}
	wake := make(chan struct{}, 1)
	p := s.poller
	p.wake = wake
	p.look = func(ctx context.Context) Update {
		// Anew, for a directory may have come, or come back.
		_ = watcher.Add(filepath.Dir(s.path))
		if info, err := os.Stat(s.path); err == nil && info.IsDir() {
			_ = watcher.Add(s.path)
		}
		return s.poller.look(ctx)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		debounce(watcher.Events, watcher.Errors, wake)
	}()
	defer func() {
		_ = watcher.Close() // ends debounce
		<-done
	}()
	return p.Watch(ctx, on)
}

// debounce wakes once for a burst of events, when it is over or has gone on for long enough. It returns when
// events is closed.
func debounce(events <-chan fsnotify.Event, errs <-chan error, wake chan<- struct{}) {
	var quiet, enough <-chan time.Time
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return
			}
			quiet = time.After(settle)
			if enough == nil {
				enough = time.After(settleMax)
			}
			continue
		case _, ok := <-errs:
			if !ok {
				return
			}
			// Events were lost: one of them may have been ours.
		case <-quiet:
		case <-enough:
		}
		quiet, enough = nil, nil
		select {
		case wake <- struct{}{}:
		default: // it is going to look anyway
		}
	}
}

func (f *file) look(context.Context) Update {
	data, path, err := f.get()
	if err != nil {
		f.info = nil
		return Update{Err: fmt.Errorf("reading %q: %w", f.path, err)}
	}
	if data == nil {
		return Update{}
	}
	return Update{Data: data, Origin: path}
}

// forget has what the file holds delivered again.
func (f *file) forget() { f.info, f.digest = nil, [sha256.Size]byte{} }

const (
	attempts = 5                     // at a file that changes while it is read
	between  = 20 * time.Millisecond // two of them
)

// get returns what the file holds, and where that is; nil if it was delivered already. What is returned stood in the file
// at one time, as far as its size and time of change can tell.
func (f *file) get() ([]byte, string, error) {
	for try := 1; ; try++ {
		data, path, err := f.once()
		moving := errors.Is(err, errMoving) || f.moved(err)
		if !moving || try == attempts {
			return data, path, err
		}
		time.Sleep(between)
	}
}

// errMoving says that a file was written, or another put in its place, while it was read.
var errMoving = errors.New("it changes while it is read: put a new file in its place by renaming it")

// moved reports whether an error may come of a directory that is being replaced.
func (f *file) moved(err error) bool {
	info, dirErr := os.Stat(f.path)
	return errors.Is(err, fs.ErrNotExist) && dirErr == nil && info.IsDir()
}

func (f *file) once() ([]byte, string, error) {
	path := f.path
	info, err := os.Stat(path)
	if err == nil && info.IsDir() && !f.plain {
		if path, err = entryOf(path); err == nil {
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		return nil, "", reasonOf(err)
	}
	if !info.Mode().IsRegular() {
		return nil, "", errors.New("it is not a regular file")
	}
	if f.unchanged(info) {
		return nil, "", nil
	}
	now := time.Now()
	in, err := os.Open(path)
	if err != nil {
		return nil, "", reasonOf(err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, f.options.MaxSize+1))
	if err != nil {
		return nil, "", reasonOf(err)
	}
	if int64(len(data)) > f.options.MaxSize {
		return nil, "", errTooLarge(f.options.MaxSize)
	}
	if after, err := in.Stat(); err != nil || !same(info, after) || after.Size() != int64(len(data)) {
		return nil, "", errMoving
	}
	if len(data) == 0 { // it is about to be written
		return nil, "", errors.New("it is empty")
	}
	seen := f.digest
	f.info, f.read, f.digest = info, now, sha256.Sum256(data)
	if f.digest == seen {
		return nil, "", nil
	}
	return data, path, nil
}

// same reports whether two looks at a file saw the same.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// unchanged reports whether info is that of the file last read, and old enough for that to mean something.
func (f *file) unchanged(info fs.FileInfo) bool {
	return f.info != nil && same(f.info, info) && f.read.Sub(info.ModTime()) > racy
}

// reasonOf strips the path from an error that is going to be named with it.
func reasonOf(err error) error {
	var on *fs.PathError
	if errors.As(err, &on) {
		return on.Err
	}
	return err
}
