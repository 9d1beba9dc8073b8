package runtime

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

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
	s.offer(data, "state:"+path, true)
}

// keep writes the bundle in force to the state directory. That it cannot is no reason not to serve it.
func (s *Server) keep(data []byte) {
	if s.o.StateDir == "" {
		return
	}
	path := filepath.Join(s.o.StateDir, lastGoodFile)
	err := os.MkdirAll(s.o.StateDir, 0o700)
	if err == nil {
		err = atomic.WriteFile(path, data, 0o600)
	}
	s.status.setState(err)
	if err != nil {
		s.o.Logger.Error("keeping the last good bundle: a restart will need the source", "file", path, "error", err)
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
