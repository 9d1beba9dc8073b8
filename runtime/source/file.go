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

// A file is a path. Its directory is watched, not the file: editors and Kubernetes replace files, or a
// symbolic link on the way to them, and a watch on the old file would never hear of the new one. Where events
// do not come through (network file systems, a directory that is not there yet, a link further up), the
// poll finds the change, later.
type file struct {
	path    string
	options Options

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
	return &file{path: filepath.Clean(path), options: o}, nil
}

// Watch implements [Source].
func (f *file) Watch(ctx context.Context, on func(Update)) error {
	wake := make(chan struct{}, 1)
	p := &poller{options: f.options, look: f.look, wake: wake}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return p.Watch(ctx, on) // the system has no watches left: polling goes on without
	}
	dir := filepath.Dir(f.path)
	p.look = func(ctx context.Context) Update {
		_ = watcher.Add(dir) // anew, for the directory may have come, or come back
		return f.look(ctx)
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
	data, err := f.get()
	if err != nil {
		f.info = nil
		return Update{Err: fmt.Errorf("reading %q: %w", f.path, err)}
	}
	if data == nil {
		return Update{}
	}
	return Update{Data: data, Origin: f.path}
}

// get returns what the file holds; nil if that was delivered already.
func (f *file) get() ([]byte, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, reasonOf(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if f.unchanged(info) {
		return nil, nil
	}
	now := time.Now()
	in, err := os.Open(f.path)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, f.options.MaxSize+1))
	if err != nil {
		return nil, reasonOf(err)
	}
	if int64(len(data)) > f.options.MaxSize {
		return nil, errTooLarge(f.options.MaxSize)
	}
	seen := f.digest
	f.info, f.read, f.digest = info, now, sha256.Sum256(data)
	if f.digest == seen {
		return nil, nil
	}
	return data, nil
}

// unchanged reports whether info is that of the file last read, and old enough for that to mean something.
func (f *file) unchanged(info fs.FileInfo) bool {
	return f.info != nil && os.SameFile(f.info, info) &&
		f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) &&
		f.read.Sub(info.ModTime()) > racy
}

// reasonOf strips the path from an error that is going to be named with it.
func reasonOf(err error) error {
	var on *fs.PathError
	if errors.As(err, &on) {
		return on.Err
	}
	return err
}
