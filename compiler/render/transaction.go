package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
)

// Directories of the stage.
const (
	newDir   = "new"
	claimDir = "claim"
)

// A transaction moves files in and out of root, or leaves it as it was.
//
// Whoever kills it in the middle leaves some files old and some new, each of them whole, and a list that names them all:
// the next transaction finds out which they are and goes on from there.
type transaction struct {
	root  *os.Root
	owned map[string]bool

	write  []File
	remove []string
	undo   []func() error // the last one first
}

// prepare finds out what has to change, and changes nothing.
func (t *transaction) prepare(files []File) error {
	keep := map[string]bool{}
	for _, f := range files {
		keep[f.Path] = true
	}
	for p := range t.owned {
		if _, ok, err := read(t.root, p); err == nil && ok && !keep[p] {
			t.remove = append(t.remove, p)
		}
	}
	slices.Sort(t.remove)
	for _, f := range files {
		old, ok, err := read(t.root, f.Path)
		if err != nil && !t.clears(f.Path) {
			return fmt.Errorf("something is in the way of %q: %w", f.Path, err)
		}
		switch {
		case ok && bytes.Equal(old, f.Data):
		case ok && !t.owned[f.Path]:
			return fmt.Errorf("%q is in the way: it is not gwc's; move it or choose another directory", f.Path)
		default:
			t.write = append(t.write, f)
		}
	}
	return nil
}

// clears says whether a file that is going to be removed stands where p needs a directory.
func (t *transaction) clears(p string) bool {
	for d := path.Dir(p); d != "."; d = path.Dir(d) {
		if slices.Contains(t.remove, d) {
			return true
		}
	}
	return false
}

// run makes the changes. New files are complete before the first old one is moved, and everything is moved back
// when anything fails.
func (t *transaction) run() (err error) {
	// What another left behind that was killed.
	if err := t.root.RemoveAll(stageDir); err != nil {
		return err
	}
	if len(t.write)+len(t.remove) == 0 {
		return nil
	}
	defer func() {
		if err != nil {
			slices.Reverse(t.undo)
			for _, undo := range t.undo {
				err = errors.Join(err, undo())
			}
		}
		err = errors.Join(err, t.root.RemoveAll(stageDir))
	}()
	for _, f := range t.write {
		if err := t.stage(newDir, f); err != nil {
			return err
		}
	}
	if err := t.claim(); err != nil {
		return err
	}
	for _, p := range t.remove {
		if err := t.takeAway(p); err != nil {
			return err
		}
	}
	for _, f := range t.write {
		if err := t.place(newDir, f.Path); err != nil {
			return err
		}
	}
	return nil
}

// claim makes the list name the files of before and those of afterwards, so that none is anybody else's if the
// transaction ends in the middle.
func (t *transaction) claim() error {
	if !slices.ContainsFunc(t.write, func(f File) bool { return f.Path == listFile }) {
		return nil // the files are the same
	}
	all := slices.Clone(t.write)
	for p := range t.owned {
		all = append(all, File{Path: p})
	}
	all = slices.DeleteFunc(all, func(f File) bool { return f.Path == listFile })
	if err := t.stage(claimDir, list(all)); err != nil {
		return err
	}
	return t.place(claimDir, listFile)
}

// stage writes a file into a directory of the stage.
func (t *transaction) stage(dir string, f File) error {
	p := path.Join(stageDir, dir, f.Path)
	if err := t.root.MkdirAll(path.Dir(p), 0o755); err != nil {
		return err
	}
	return t.root.WriteFile(p, f.Data, 0o644)
}

// place moves a staged file to where it belongs. What stood there is kept, and replaced at once: whoever looks finds the
// one or the other.
func (t *transaction) place(dir, p string) error {
	if err := t.makeParents(p); err != nil {
		return err
	}
	if _, err := t.root.Lstat(p); err == nil {
		if err := t.keep(dir, p); err != nil {
			return err
		}
	} else {
		t.undo = append(t.undo, func() error {
			if err := t.root.Remove(p); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
	}
	return t.root.Rename(path.Join(stageDir, dir, p), p)
}

// keep gives a file a second name, under which it is found if it has to come back.
func (t *transaction) keep(dir, p string) error {
	kept := path.Join(stageDir, "kept", dir, p)
	if err := t.root.MkdirAll(path.Dir(kept), 0o755); err != nil {
		return err
	}
	if t.root.Link(p, kept) != nil {
		// Not every file system has links.
		return t.setAside(p)
	}
	t.undo = append(t.undo, func() error { return t.root.Rename(kept, p) })
	return nil
}

// makeParents creates the directories above p, one by one, so that each can be taken back.
func (t *transaction) makeParents(p string) error {
	dir := path.Dir(p)
	if dir == "." {
		return nil
	}
	if err := t.makeParents(dir); err != nil {
		return err
	}
	switch err := t.root.Mkdir(dir, 0o755); {
	case err == nil:
		t.undo = append(t.undo, func() error { return t.root.Remove(dir) })
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	return nil
}

// takeAway removes a file, and the directories that are empty without it.
func (t *transaction) takeAway(p string) error {
	if err := t.setAside(p); err != nil {
		return err
	}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if t.root.Remove(dir) != nil {
			break // it holds something else
		}
		t.undo = append(t.undo, func() error { return t.root.Mkdir(dir, 0o755) })
	}
	return nil
}

func (t *transaction) setAside(p string) error {
	aside := path.Join(stageDir, "old", p)
	if err := t.root.MkdirAll(path.Dir(aside), 0o755); err != nil {
		return err
	}
	if err := t.root.Rename(p, aside); err != nil {
		return err
	}
	t.undo = append(t.undo, func() error { return t.root.Rename(aside, p) })
	return nil
}

func (t *transaction) changes() Changes {
	c := Changes{Removed: t.remove}
	for _, f := range t.write {
		if f.Path != listFile {
			c.Written = append(c.Written, f.Path)
		}
	}
	slices.Sort(c.Written)
	return c
}
