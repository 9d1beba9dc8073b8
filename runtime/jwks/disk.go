package jwks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/schema/bundle/atomic"
)

const (
	keptFormat = 1
	// maxKept bounds a file: a set of as many and as large keys as are taken is smaller.
	maxKept = 2 << 20
	// maxSkew is how far ahead of this machine's clock a file may be.
	maxSkew = 5 * time.Minute
	// rewriteShare is how many times a file is written anew, for its time alone, in the time that its keys last.
	rewriteShare = 24
	// cutOff is the age from which what was written halfway is nobody's any more.
	cutOff = time.Hour
)

// A disk keeps the last good key sets across restarts, each in a file of its own, which holds public keys and nothing
// else. A file is replaced as a whole, so that proxies share a directory. Whoever can write to the directory can have
// tokens accepted: it is as much to be trusted as the bundle.
type disk struct{ dir string }

// A keptFile is what a file holds; its keys are a key set as RFC 7517 has it.
type keptFile struct {
	Format  int               `json:"format"`
	URL     string            `json:"url"`
	Fetched time.Time         `json:"fetched"`
	Keys    []json.RawMessage `json:"keys"`
}

// A keptSet is what is known to be on disk.
type keptSet struct {
	set     *Set
	fetched time.Time
	writing bool
}

// path returns the file of a URL.
func (d *disk) path(url string) string {
	sum := sha256.Sum256([]byte(url))
	return filepath.Join(d.dir, "jwks-"+hex.EncodeToString(sum[:16])+".json")
}

// read returns the keys of a URL and when they were fetched. It is [fs.ErrNotExist] where there are none.
func (d *disk) read(url string) (*Set, time.Time, error) {
	path := d.path(url)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, time.Time{}, err
	case !info.Mode().IsRegular():
		return nil, time.Time{}, fmt.Errorf("%q is not a regular file", path)
	case info.Mode().Perm()&0o002 != 0: // kubelet lets the group write to what is on a volume
		return nil, time.Time{}, fmt.Errorf("anybody may write to %q", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKept+1))
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(data) > maxKept {
		return nil, time.Time{}, fmt.Errorf("%q is larger than %d bytes", path, maxKept)
	}
	var kept keptFile
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, time.Time{}, fmt.Errorf("%q is not what was written there: %w", path, err)
	}
	if kept.Format != keptFormat || kept.URL != url {
		return nil, time.Time{}, fmt.Errorf("%q is another format's or another key set's", path)
	}
	set, _, err := Parse(data)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%q: %w", path, err)
	}
	return set, kept.Fetched, nil
}

// write puts keys in place of those that are there, unless those are newer: they are another proxy's.
func (d *disk) write(url string, set *Set, fetched time.Time) error {
	if _, there, err := d.read(url); err == nil && there.After(fetched) && !there.After(time.Now().Add(maxSkew)) {
		return nil
	}
	kept := keptFile{Format: keptFormat, URL: url, Fetched: fetched.UTC()}
	for _, k := range set.keys {
		data, err := jose.JSONWebKey{Key: k.public, KeyID: k.id, Algorithm: k.alg, Use: "sig"}.MarshalJSON()
		if err != nil {
			return err
		}
		kept.Keys = append(kept.Keys, data)
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	path := d.path(url)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", path)
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	return atomic.WriteFile(path, data, 0o600)
}

// sweep removes what is of no use to any proxy: files halfway written, and keys that are too old.
func (d *disk) sweep(now time.Time, maxAge time.Duration) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return // nothing there
	}
	for _, e := range entries {
		name, age := e.Name(), maxAge+cutOff
		if strings.HasPrefix(name, ".jwks-") {
			age = cutOff
		} else if !strings.HasPrefix(name, "jwks-") {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > age {
			_ = os.Remove(filepath.Join(d.dir, name)) // it is in nobody's way
		}
	}
}

// restore takes the keys on disk into use until there are others, if they are not too old.
func (r *Remote) restore() {
	s := r.store
	set, fetched, err := s.disk.read(r.url)
	now := time.Now()
	switch {
	case err == nil && fetched.After(now.Add(maxSkew)):
		err = errors.New("the keys on disk are from the future")
	case err == nil && now.Sub(fetched) >= s.o.MaxAge:
		s.o.Logger.Warn("the keys on disk are too old to be used", "url", r.url, "fetched", fetched)
		set = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting &^= waitDisk
	defer r.announce()
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.status.DiskErrors++
		s.o.Logger.Error("the keys on disk are not used", "url", r.url, "error", err)
	case set != nil && r.success.IsZero() && !r.stopped:
		r.use(set, now.Add(fetched.Sub(now))) // so that the clock may be set meanwhile
		r.kept = keptSet{set: set, fetched: fetched}
		s.o.Logger.Info("using the keys on disk until the issuer answers", "url", r.url, "fetched", fetched)
	}
}

// keep has the keys in use written to disk if what is there is other keys, or old. The disk holds nothing up. The caller
// holds r.mu.
func (r *Remote) keep() {
	s, set, fetched := r.store, r.set.Load(), r.success
	switch {
	case s.disk == nil || r.kept.writing || r.stopped:
		return
	case r.kept.set != nil && r.kept.set.same(set) && fetched.Sub(r.kept.fetched) < s.o.MaxAge/rewriteShare:
		return
	}
	r.kept.writing = true
	s.work.Go(func() {
		err := s.disk.write(r.url, set, fetched)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.kept.writing = false
		if err == nil {
			r.kept.set, r.kept.fetched = set, fetched
			r.status.DiskError = ""
			return
		}
		r.status.DiskErrors++
		if text := err.Error(); text != r.status.DiskError {
			r.status.DiskError = text
			s.o.Logger.Error("keeping keys on disk: a restart will need the issuer", "url", r.url, "error", err)
		}
	})
}
