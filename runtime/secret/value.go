package secret

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// A Value is what a secret means: the last of its values that could be used. It is never without one.
type Value[T any] struct {
	current atomic.Pointer[T]

	// What follows is guarded by the store's lock.
	newest *T       // current, or what is to take its place
	kind   string   // what the secret is used as
	name   string   // that faults are reported under
	refs   []string // whose values make it up
	parse  func(values [][]byte) (*T, time.Time, error)
	looks  []look // at the refs, as they were last read

	newestEnd, end time.Time // when newest and current cannot be used any more; zero: that is not known of them
	sum            [sha256.Size]byte
	err            error
}

// Load returns what the secret means now. It neither waits nor allocates.
func (v *Value[T]) Load() *T { return v.current.Load() }

// Newest returns what is to take the place of what the secret means, or that itself. It is for [Dependent.Renew].
func (v *Value[T]) Newest() *T { return v.newest }

// A value is a Value of any type.
type value interface {
	// renew reads the value again if its files have changed, and reports whether there is another one to be had.
	renew(Source) bool
	// accept puts the newest value to use, and reports whether that was not so before.
	accept() bool
	fault() error
	title() string
	// expiry says what is in use as what, and until when.
	expiry() Expiry
}

// hold returns the value of a kind and name: the set's own, else the one in use, else one that is read now.
func hold[T any](set *Set, kind, name string, refs []string, parse func([][]byte) (*T, time.Time, error)) (*Value[T], error) {
	key := kind + " " + name
	if v, ok := set.values[key]; ok {
		return v.(*Value[T]), nil
	}
	s := set.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.inUse.values[key]; ok {
		set.values[key] = v
		return v.(*Value[T]), nil
	}
	v := &Value[T]{kind: kind, name: name, refs: refs, parse: parse, looks: make([]look, len(refs))}
	v.renew(s.o.Source)
	if v.err != nil {
		return nil, v.err
	}
	v.accept()
	set.values[key] = v
	return v, nil
}

func (v *Value[T]) title() string { return v.name }

func (v *Value[T]) fault() error { return v.err }

func (v *Value[T]) expiry() Expiry { return Expiry{v.kind, v.name, v.end} }

func (v *Value[T]) renew(source Source) bool {
	if !v.stirred(source) {
		return false
	}
	contents, sum, err := read(source, v.refs)
	if err == nil && sum == v.sum {
		v.err = nil
		return false
	}
	var parsed *T
	var end time.Time
	if err == nil {
		parsed, end, err = v.parse(contents)
	}
	if v.err = err; err != nil {
		return false
	}
	v.sum, v.newest, v.newestEnd = sum, parsed, end
	return true
}

func (v *Value[T]) accept() bool {
	if v.current.Load() == v.newest {
		return false
	}
	v.current.Store(v.newest)
	v.end = v.newestEnd
	return true
}

// read returns the values of refs and a digest of them all.
func read(source Source, refs []string) (contents [][]byte, sum [sha256.Size]byte, err error) {
	digest := sha256.New()
	for _, ref := range refs {
		content, err := source.Resolve(ref)
		if err != nil {
			return nil, sum, err
		}
		contents = append(contents, content)
		write(digest, content)
	}
	return contents, [sha256.Size]byte(digest.Sum(nil)), nil
}

func write(to hash.Hash, content []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(content)))
	_, _ = to.Write(length[:]) // a hash does not fail
	_, _ = to.Write(content)
}

// A Looker is a source whose values stand in files.
type Looker interface {
	// Look returns the file of a reference without reading it; nil: there is none to look at.
	Look(ref string) fs.FileInfo
}

// A look is a file as it was when it was read.
type look struct {
	info fs.FileInfo
	at   time.Time
}

// racy is how old a file has to be when it is read for a later change to show: file systems keep time in coarse steps.
const racy = 2 * time.Second

// stirred looks at the files of v and reports whether they may have changed since they were last looked at.
func (v *Value[T]) stirred(source Source) bool {
	looker, ok := source.(Looker)
	if !ok {
		return true
	}
	stirred := false
	for i, ref := range v.refs {
		had, now := v.looks[i], look{looker.Look(ref), time.Now()}
		if had.info == nil || now.info == nil || !os.SameFile(had.info, now.info) || had.info.Size() != now.info.Size() ||
			!had.info.ModTime().Equal(now.info.ModTime()) || had.at.Sub(had.info.ModTime()) <= racy {
			stirred = true
			v.looks[i] = now
		}
	}
	return stirred
}
