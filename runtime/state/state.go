// Package state keeps the newest good bundles of a proxy on disk, so that it can start while its source is away.
//
//	dir := state.Open("/var/lib/gwproxy")
//	found, err := dir.Restore(trust)   // the newest one, verified
//	err = dir.Keep(bundle, data, trust)
//
// The rules:
//
//   - A bundle is a file of its own, named after its serial and revision. It appears under that name once it is whole
//     and on the disk; nothing is ever written into a file that is there.
//   - The two newest of an environment are kept. When one is damaged, the one before is there.
//   - A file is believed no more than a source: what is restored was verified again.
//   - Nothing newer is removed, and nothing that is whole and not ours: of another environment, by a signer whom we do
//     not trust, of a later format, or in a file that we may not read. So several proxies may use one directory, and at any time; there is no lock that
//     one of them could leave behind or hold for ever.
//   - When the disk is full, the older of the two goes before the newer one is given up.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/atomic"
)

const (
	prefix, suffix = "last-good", ".bundle"
	kept           = 2
	// leftover is the age from which a file that was written halfway is nobody's any more.
	leftover = 10 * time.Minute
)

// A Dir is a state directory. It is not for several goroutines at once; several processes do.
type Dir struct {
	path  string
	read  func(path string) ([]byte, error)
	write func(path string, data []byte, perm fs.FileMode) error
	seen  map[string]entry // that were opened, by name
}

// Open returns the state directory at path, which is made when there is something to keep.
func Open(path string) *Dir {
	return &Dir{path: path, read: os.ReadFile, write: atomic.WriteFile, seen: map[string]entry{}}
}

// An entry is a file of the directory and what it was found to hold.
type entry struct {
	path   string
	info   fs.FileInfo
	data   []byte
	label  bundle.Label // of one that is not verified: only the serial, as its name has it
	err    error        // why it is not to be served; nil: it is verified
	closed bool         // that is because it cannot be read
}

// damaged reports whether a file is nobody's: it is no whole bundle of a format that is known. Of one that cannot be read
// nobody knows: it may be another user's, or the process may have no file left to open.
func (e entry) damaged() bool {
	if e.err == nil || e.closed {
		return false
	}
	_, err := bundle.Inspect(e.data)
	return err != nil && !errors.Is(err, bundle.FutureFormat)
}

// entries returns what the directory holds, the newest first. What was opened before and has not changed since is not
// opened again, and has no data.
func (d *Dir) entries(trust bundle.Trust, anew bool) ([]entry, error) {
	names, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var out []entry
	seen := map[string]entry{}
	for _, name := range names {
		if !strings.HasPrefix(name.Name(), prefix) || !strings.HasSuffix(name.Name(), suffix) {
			continue
		}
		path := filepath.Join(d.path, name.Name())
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody was quicker
		}
		e, ok := d.seen[path]
		if anew || !ok || err != nil || e.err != nil || !unchanged(e.info, info) {
			e = d.open(path, info, err, trust)
		}
		if errors.Is(e.err, fs.ErrNotExist) {
			continue
		}
		out = append(out, e)
		e.data = nil
		seen[path] = e
	}
	d.seen = seen
	slices.SortStableFunc(out, newestFirst)
	return out, nil
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// open reads and verifies a file.
func (d *Dir) open(path string, info fs.FileInfo, err error, trust bundle.Trust) entry {
	e := entry{path: path, info: info, err: err, closed: err != nil}
	_, _ = fmt.Sscanf(filepath.Base(path), prefix+".%d.", &e.label.Serial) // until somebody vouches for more than a name
	if err != nil {
		return e
	}
	if !info.Mode().IsRegular() || info.Size() > bundle.MaxSize { // to open a pipe would wait for its writer
		e.err = errors.New("it is not a bundle")
		return e
	}
	if e.data, e.err = d.read(path); e.err != nil {
		e.closed = true
		return e
	}
	b, err := bundle.Open(e.data, trust)
	if err != nil {
		e.err = err
		return e
	}
	e.label = bundle.Label{Environment: b.Environment, Serial: b.Serial, Revision: b.Revision}
	return e
}

func newestFirst(a, b entry) int {
	switch {
	case a.label.Serial > b.label.Serial:
		return -1
	case a.label.Serial < b.label.Serial:
		return 1
	}
	return strings.Compare(a.path, b.path)
}

// Keep writes a bundle that has come in force, unless a newer one is there that trust admits. What is older than the
// two newest of its environment is removed, and what is damaged.
func (d *Dir) Keep(b *bundle.Bundle, data []byte, trust bundle.Trust) error {
	trust.Environment, trust.Kept, trust.MinSerial, trust.Revision = b.Environment, true, 0, ""
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	before, err := d.entries(trust, false)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(before, func(e entry) bool { return e.err == nil && e.label.Serial > b.Serial }) {
		return nil
	}
	path := filepath.Join(d.path, name(b))
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("writing %q: what is there is not a regular file", path)
	}
	err = d.write(path, data, 0o600)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		d.makeRoom(before)
		err = d.write(path, data, 0o600)
	}
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		d.seen[path] = entry{path: path, info: info, label: bundle.Label{Environment: b.Environment, Serial: b.Serial, Revision: b.Revision}}
	}
	d.prune(trust)
	return nil
}

// name returns the name of a bundle's file, which no other bundle has.
func name(b *bundle.Bundle) string {
	_, digest, _ := strings.Cut(b.Revision, ":")
	return fmt.Sprintf("%s.%d.%.12s%s", prefix, b.Serial, digest, suffix)
}

// prune removes what is superseded and what is damaged.
func (d *Dir) prune(trust bundle.Trust) {
	all, err := d.entries(trust, false)
	if err != nil {
		return
	}
	good := 0
	for _, e := range all {
		if e.err == nil {
			good++
		}
		if e.err == nil && good > kept || e.damaged() {
			_ = os.Remove(e.path) // it is in nobody's way
		}
	}
}

// makeRoom removes all that a full disk can do without: never the newest good bundle.
func (d *Dir) makeRoom(all []entry) {
	d.Sweep(time.Now())
	good := 0
	for _, e := range all {
		if e.err == nil {
			good++
		}
		if e.err == nil && good > 1 || e.damaged() {
			_ = os.Remove(e.path) // then there is no room, which the next write says
		}
	}
}

// Sweep removes what writes left behind that were cut off, by a kill or the machine.
func (d *Dir) Sweep(now time.Time) {
	cut, _ := filepath.Glob(filepath.Join(d.path, "."+prefix+"*")) // a directory whose name is no pattern is not swept
	for _, path := range cut {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > leftover {
			_ = os.Remove(path) // it is in nobody's way
		}
	}
}

// Confirm notes that a bundle was still the source's at that time, for [Restored.Confirmed]. It need not last.
func (d *Dir) Confirm(b *bundle.Bundle, at time.Time) {
	path := filepath.Join(d.path, name(b))
	if os.Chtimes(path, time.Time{}, at) != nil {
		return
	}
	if e, ok := d.seen[path]; ok && e.err == nil {
		if info, err := os.Stat(path); err == nil && os.SameFile(info, e.info) && info.Size() == e.info.Size() {
			e.info = info
			d.seen[path] = e
		}
	}
}
