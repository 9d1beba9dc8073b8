// Package atomic writes files that appear whole or not at all: whoever reads the path finds what was there
// before or everything that was written, also when the disk fills up or the machine stops half-way.
package atomic

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile puts data at path, in place of what is there. A new file gets perm less the umask. A symbolic
// link is followed; a device or a pipe, such as /dev/stdout, is written to, since it cannot be replaced.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		target = path // not there yet
	}
	switch info, err := os.Stat(target); {
	case err != nil: // not there, or the write below says what is wrong
	case info.IsDir():
		return fmt.Errorf("writing %q: it is a directory", path)
	case !info.Mode().IsRegular():
		return writeTo(path)(os.WriteFile(target, data, perm))
	}
	return writeTo(path)(replace(target, data, perm, os.Rename))
}

// CreateFile is WriteFile for a path where nothing may be yet; what is there stays and the error is
// [fs.ErrExist].
func CreateFile(path string, data []byte, perm fs.FileMode) error {
	if _, err := os.Lstat(path); err == nil {
		return writeTo(path)(fs.ErrExist)
	}
	return writeTo(path)(replace(path, data, perm, os.Link))
}

// replace writes a file beside path and lets publish give it its name.
func replace(path string, data []byte, perm fs.FileMode, publish func(from, to string) error) error {
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, "."+name+"."+rand.Text()[:8])
	defer os.Remove(temp) // gone already if it was renamed
	if err := write(temp, data, perm); err != nil {
		return err
	}
	if err := publish(temp, path); err != nil {
		return err
	}
	syncDir(filepath.Clean(dir))
	return nil
}

func write(path string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes a new name last through a power cut, as far as the file system and the directory's
// permissions allow it; the file itself is safe already.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// writeTo names the path that was asked for: the temporary one means nothing to whoever reads the error.
func writeTo(path string) func(error) error {
	return func(err error) error {
		var onPath *fs.PathError
		var onLink *os.LinkError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &onPath):
			err = onPath.Err
		case errors.As(err, &onLink):
			err = onLink.Err
		}
		return fmt.Errorf("writing %q: %w", path, err)
	}
}
