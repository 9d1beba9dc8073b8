package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MaxSize bounds a secret value: 1 MiB, as Kubernetes bounds a Secret.
const MaxSize = 1 << 20

// Dir is a directory of mounted secrets. It resolves "name/key" to the file <dir>/name/key and "env:NAME" to
// an environment variable. The zero Dir resolves environment variables only.
//
// Symbolic links are followed as long as they stay below <dir>, and those of a key below <dir>/name, as those of a
// Kubernetes mount do. A value is read anew each time.
type Dir string

// Resolve implements [Source].
func (d Dir) Resolve(ref string) ([]byte, error) {
	if name, ok := strings.CutPrefix(ref, "env:"); ok {
		return env(ref, name)
	}
	name, key, ok := strings.Cut(ref, "/")
	if !ok || !plain(name) || !plain(key) {
		return nil, fmt.Errorf("secret reference %q is neither name/key nor env:NAME", ref)
	}
	if d == "" {
		return nil, fmt.Errorf("resolving secret %q: no secrets directory is set", ref)
	}
	value, err := d.read(name, key)
	if err != nil {
		return nil, fmt.Errorf("resolving secret %q in %s: %w", ref, string(d), cause(err))
	}
	return trimNewline(value), nil
}

// Look implements [Looker]. It follows links wherever they lead, for it reads nothing.
func (d Dir) Look(ref string) fs.FileInfo {
	name, key, ok := strings.Cut(ref, "/")
	if d == "" || !ok || !plain(name) || !plain(key) {
		return nil
	}
	info, err := os.Stat(filepath.Join(string(d), name, key))
	if err != nil {
		return nil
	}
	return info
}

// read opens the file below <dir>/name only: neither the reference nor a link gets out of it.
func (d Dir) read(name, key string) ([]byte, error) {
	top, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer top.Close()
	root, err := top.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(key)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for its writer
		return nil, errors.New("not a regular file")
	}
	f, err := root.Open(key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	value, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(value) > MaxSize {
		return nil, fmt.Errorf("larger than %d bytes", MaxSize)
	}
	return value, nil
}

func env(ref, name string) ([]byte, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return nil, fmt.Errorf("resolving secret %q: the environment variable is not set", ref)
	}
	return trimNewline([]byte(value)), nil
}

// cause drops the operation and the path from a file error, which the caller names in the user's words.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// plain reports whether s is the name of one directory entry, and not a hidden one: a Kubernetes mount keeps
// its own bookkeeping in those.
func plain(s string) bool {
	return s != "" && s[0] != '.' && !strings.ContainsAny(s, "/\\\x00")
}

// trimNewline drops the one line end that editors and "echo" put behind a value.
func trimNewline(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b = b[:n-1]
		}
	}
	return b
}
