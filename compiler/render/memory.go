package render

import (
	"io/fs"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// A memory is the file system that kustomize sees: absolute paths and what was put there, nothing else, and under
// any name (kustomize's own file system in memory takes but a few characters).
type memory struct {
	filesys.FileSystem // an empty one, for the methods that a build does not need
	files              map[string][]byte
	dirs               map[string]bool
}

func newMemory() *memory {
	return &memory{filesys.MakeFsInMemory(), map[string][]byte{}, map[string]bool{}}
}

// WriteFile puts data at an absolute path.
func (m *memory) WriteFile(p string, data []byte) error {
	p = filepath.Clean(p)
	m.files[p] = data
	for dir := filepath.Dir(p); !m.dirs[dir]; dir = filepath.Dir(dir) {
		m.dirs[dir] = true
	}
	return nil
}

// ReadFile implements [filesys.FileSystem].
func (m *memory) ReadFile(p string) ([]byte, error) {
	data, ok := m.files[filepath.Clean(p)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	return data, nil
}

// IsDir implements [filesys.FileSystem].
func (m *memory) IsDir(p string) bool { return m.dirs[filepath.Clean(p)] }

// Exists implements [filesys.FileSystem].
func (m *memory) Exists(p string) bool {
	_, ok := m.files[filepath.Clean(p)]
	return ok || m.IsDir(p)
}

// CleanedAbs implements [filesys.FileSystem]: it returns a directory, or a file's directory and name.
func (m *memory) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	p = filepath.Clean(p)
	switch {
	case m.IsDir(p):
		return filesys.ConfirmedDir(p), "", nil
	case m.Exists(p):
		return filesys.ConfirmedDir(filepath.Dir(p)), filepath.Base(p), nil
	default:
		return "", "", &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
}
