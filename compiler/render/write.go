package render

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// listFile lists the files in a directory that are gwc's, one path a line.
	listFile = ".gwc-files"
	// stageDir holds new files until all of them are there, and old ones until all of those are in place.
	stageDir = ".gwc-stage"
)

// Changes are the paths that a [Write] has changed, sorted.
type Changes struct {
	Written, Removed []string
}

// Write makes dir hold files, or, if it returns an error, what it held before. It creates dir where needed.
//
// A list in dir says which files are gwc's. Those that are no longer among files are removed; those that have the
// right bytes are not touched; files of anybody else are left alone, and one that stands in the way is an error.
func Write(dir string, files []File) (changes Changes, err error) {
	if err := checkPaths(files); err != nil {
		return Changes{}, fmt.Errorf("writing %s: %w", dir, err)
	}
	root, release, err := enter(dir)
	if err != nil {
		return Changes{}, fmt.Errorf("writing %s: %w", dir, err)
	}
	defer func() { release(err != nil) }()
	owned, err := readList(root)
	if err != nil {
		return Changes{}, fmt.Errorf("reading %s: %w", filepath.Join(dir, listFile), err)
	}
	t := &transaction{root: root, owned: owned}
	if err := t.prepare(append(slices.Clone(files), list(files))); err != nil {
		return Changes{}, fmt.Errorf("writing %s: %w", dir, err)
	}
	if err := t.run(); err != nil {
		return Changes{}, fmt.Errorf("writing %s: %w", dir, err)
	}
	return t.changes(), nil
}

// checkPaths refuses files that are not all below one directory, each once.
func checkPaths(files []File) error {
	seen := map[string]bool{}
	for _, f := range files {
		switch {
		case !fs.ValidPath(f.Path) || !filepath.IsLocal(filepath.FromSlash(f.Path)) || f.Path == "." || strings.Contains(f.Path, "\n"):
			return fmt.Errorf("%q is no path below a directory", f.Path)
		case seen[f.Path] || f.Path == listFile || top(f.Path) == stageDir:
			return fmt.Errorf("%q is taken", f.Path)
		}
		seen[f.Path] = true
	}
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if seen[dir] {
				return fmt.Errorf("%q is a file, and a directory of %q", dir, f.Path)
			}
		}
	}
	return nil
}

// enter opens dir, which it creates where needed, and keeps other writers out until release. Released after a failure,
// the directories that it created are removed again, unless somebody else has put something there.
func enter(dir string) (root *os.Root, release func(failed bool), err error) {
	for attempt := 1; ; attempt++ {
		root, release, err = tryEnter(dir)
		// While this one waited, or between its finding the directory made and looking at it, another that failed may have
		// removed the directory that it had made.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) || attempt == 100 {
			return root, release, err
		}
	}
}

// tryEnter is [enter], unless the directory goes away meanwhile, which is [fs.ErrNotExist].
func tryEnter(dir string) (root *os.Root, release func(failed bool), err error) {
	created, err := makeDir(dir)
	if err != nil {
		return nil, nil, err
	}
	root, err = os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	unlock, err := lock(root)
	if err != nil {
		return nil, nil, errors.Join(err, root.Close())
	}
	release = func(failed bool) {
		if failed {
			for _, d := range created {
				if os.Remove(d) != nil {
					break
				}
			}
		}
		unlock()
		_ = root.Close()
	}
	held, err := root.Stat(".")
	if err == nil {
		var now fs.FileInfo
		if now, err = os.Stat(dir); err == nil && !os.SameFile(held, now) {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		release(false)
		return nil, nil, err
	}
	return root, release, nil
}

// makeDir creates dir and returns the directories that were not there, the lowest first.
func makeDir(dir string) (created []string, err error) {
	for p := filepath.Clean(dir); ; p = filepath.Dir(p) {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		created = append(created, p)
	}
	return created, os.MkdirAll(dir, 0o755)
}

// list returns the list of gwc's files.
func list(files []File) File {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return File{Path: listFile, Data: []byte(strings.Join(append(paths, ""), "\n"))}
}

// readList returns the paths of the files that are gwc's, the list among them. No list is an empty one.
func readList(root *os.Root) (map[string]bool, error) {
	owned := map[string]bool{listFile: true}
	data, err := root.ReadFile(listFile)
	if errors.Is(err, fs.ErrNotExist) {
		return owned, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		p := strings.TrimSuffix(line, "\n")
		if !fs.ValidPath(p) || p == "." || top(p) == stageDir {
			return nil, fmt.Errorf("%q is no path of a rendered file: remove the list if it is not gwc's", p)
		}
		owned[p] = true
	}
	return owned, nil
}

// read returns the content of a regular file; ok is false where there is none.
func read(root *os.Root, p string) (data []byte, ok bool, err error) {
	info, err := root.Lstat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case !info.Mode().IsRegular():
		return nil, false, errors.New("it is not a regular file")
	}
	data, err = root.ReadFile(p)
	return data, err == nil, err
}
