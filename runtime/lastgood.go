package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
)

// lastGoodFile is the bundle in force, in the state directory. Its serial is what a restart does not go back
// behind.
const lastGoodFile = "last-good.bundle"

// restore serves the last good bundle until the source is heard. It is trusted no more than any other.
func (s *Server) restore() {
	if s.o.StateDir == "" {
		return
	}
	sweep(s.o.StateDir, time.Now())
	path := filepath.Join(s.o.StateDir, lastGoodFile)
	data, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.status.setState(err)
		s.o.Logger.Error("reading the last good bundle", "file", path, "error", err)
		return
	}
	s.apply.Lock()
	defer s.apply.Unlock()
	s.offer(data, "state:"+path, true)
}

// keepAgain tries again to write what could not be written: a disk that was full may have room.
func (s *Server) keepAgain() {
	s.apply.Lock()
	defer s.apply.Unlock()
	if g := s.current.Load(); g != nil && s.status.unkept() {
		s.keep(g.data)
	}
}

// keep writes the bundle in force to the state directory. That it cannot is no reason not to serve it. The caller
// holds s.apply, so that no older bundle is written after a newer one.
func (s *Server) keep(data []byte) {
	if s.o.StateDir == "" {
		return
	}
	path := filepath.Join(s.o.StateDir, lastGoodFile)
	err := writeRegular(path, data)
	if s.status.setState(err) && err != nil {
		s.o.Logger.Error("keeping the last good bundle: a restart will need the source", "file", path, "error", err)
	}
}

// writeRegular puts a file in its place, and waits for no reader of a pipe that stands there.
func writeRegular(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("writing %q: what is there is not a regular file", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomic.WriteFile(path, data, 0o600)
}

// leftover is the age from which a file that was written halfway is nobody's any more.
const leftover = time.Hour

// sweep removes what writes left behind that were cut off, by a kill or the machine.
func sweep(dir string, now time.Time) {
	cut, _ := filepath.Glob(filepath.Join(dir, "."+lastGoodFile+".*")) // a directory whose name is no pattern is not swept
	for _, path := range cut {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > leftover {
			_ = os.Remove(path) // it is in nobody's way
		}
	}
}

// readBounded reads a file that is no larger than a bundle may be.
func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > bundle.MaxSize {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a bundle")}
	}
	return os.ReadFile(path)
}
