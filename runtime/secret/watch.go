package secret

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	settle     = 50 * time.Millisecond // without an event before a change is taken to be over
	settleMax  = time.Second           // even if events go on
	maxWatched = 1024                  // directories; the others are looked at from time to time
)

// Watch refreshes the store until ctx ends: when something changes below dir, and every so often, for events do not
// come through everywhere. stirred is called after each of those changes, also if nothing in use has changed, since a
// table may wait for what is there now.
func (s *Store) Watch(ctx context.Context, dir string, every time.Duration, stirred func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var events <-chan fsnotify.Event
	var lost <-chan error
	watched := &watches{seen: map[string]fs.FileInfo{}}
	if dir != "" {
		if watcher, err := fsnotify.NewWatcher(); err == nil { // else the system has none left: the ticker is there
			defer watcher.Close()
			watched.watcher, events, lost = watcher, watcher.Events, watcher.Errors
			watched.add(dir)
		}
	}
	var quiet, enough <-chan time.Time
	for {
		changed := false
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-ticker.C:
			watched.add(dir) // directories may have come
		case <-events:
			quiet = time.After(settle)
			if enough == nil {
				enough = time.After(settleMax)
			}
			continue
		case <-lost:
			changed = true
		case <-quiet:
			changed = true
		case <-enough:
			changed = true
		}
		if changed {
			quiet, enough = nil, nil
			watched.add(dir)
		}
		s.Refresh()
		if changed {
			stirred()
		}
	}
}

// watches are those on a directory and the ones in it, where Kubernetes changes what is mounted.
type watches struct {
	watcher *fsnotify.Watcher // nil: none
	seen    map[string]fs.FileInfo
}

// add watches what is there now. A path at which another directory stands by now is watched anew.
func (w *watches) add(dir string) {
	if w.watcher == nil {
		return
	}
	paths := []string{dir}
	entries, _ := os.ReadDir(dir) // not there yet, perhaps
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	now := make(map[string]fs.FileInfo, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() || len(now) == maxWatched {
			continue
		}
		if had := w.seen[path]; had == nil || !os.SameFile(had, info) {
			_ = w.watcher.Remove(path)
			if w.watcher.Add(path) != nil {
				continue // the next time, perhaps
			}
		}
		now[path] = info
	}
	for path := range w.seen {
		if now[path] == nil {
			_ = w.watcher.Remove(path)
		}
	}
	w.seen = now
}
