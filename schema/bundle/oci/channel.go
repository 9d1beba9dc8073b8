package oci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Channel is what was pushed of one environment to a repository: under a tag of its serial, which stays, and under one
// that moves, which proxies and Flux follow.
//
// A registry cannot move a tag on a condition, so two pushes at once can each see that nothing newer is there. Therefore
// a push first puts up its serial's tag, then moves the one that is followed, and then looks whether a newer serial has
// been put up meanwhile, in which case that is what it leaves followed. Once all pushes have ended, the newest is
// followed, unless one was killed between these steps; the next push sets that right. Until then the tag may be behind
// for a moment, and proxies, which go by the serial and not by the tag, stay where they are.
type Channel struct {
	Repository  string // oci://host/repository
	Environment string
	Follow      string // the tag that moves, where there are none of serials; "": the environment's name
	Options     Options
}

// Tag returns the tag of a serial.
func (c Channel) Tag(serial uint64) string {
	return c.Environment + "-" + strconv.FormatUint(serial, 10)
}

// At returns the reference of a serial.
func (c Channel) At(serial uint64) string { return c.Repository + ":" + c.Tag(serial) }

// Followed returns the reference that proxies and Flux follow.
func (c Channel) Followed() string { return c.Repository + ":" + cmp.Or(c.Follow, c.Environment) }

// Reader returns a reader of the registry itself, which knows what is in force, and not of its mirrors.
func (c Channel) Reader() (*Reader, error) {
	r, err := ParseRepository(c.Repository)
	if err != nil {
		return nil, err
	}
	o := c.Options
	o.Mirrors = nil
	return NewReader(r, o), nil
}

// Serials returns those that have a tag, the newest first.
func (c Channel) Serials(ctx context.Context) ([]uint64, error) {
	r, err := c.Reader()
	if err != nil {
		return nil, err
	}
	return c.serials(ctx, r)
}

func (c Channel) serials(ctx context.Context, r *Reader) ([]uint64, error) {
	tags, err := r.Tags(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", c.Repository, err)
	}
	var serials []uint64
	for _, tag := range tags {
		text, ok := strings.CutPrefix(tag, c.Environment+"-")
		if serial, err := strconv.ParseUint(text, 10, 64); ok && err == nil && c.Tag(serial) == tag {
			serials = append(serials, serial)
		}
	}
	slices.SortFunc(serials, func(a, b uint64) int { return cmp.Compare(b, a) })
	return serials, nil
}

// Admit reports why a bundle cannot be published: something newer is there, or something else under its serial. That is
// what the registry says of it; what is genuine, and not to be gone back from, only its reader can tell. Some registries
// let nobody read what is not there yet: what they say then is no reason.
func (c Channel) Admit(ctx context.Context, serial uint64, revision string) error {
	err := c.admit(ctx, serial, revision)
	if _, forbidden := errors.AsType[*forbiddenError](err); forbidden {
		return nil
	}
	return err
}

func (c Channel) admit(ctx context.Context, serial uint64, revision string) error {
	r, err := c.Reader()
	if err != nil {
		return err
	}
	now, err := r.Describe(ctx, cmp.Or(c.Follow, c.Environment))
	switch {
	case errors.Is(err, ErrNotFound): // the first
	case err != nil:
		return fmt.Errorf("looking up %q: %w", c.Followed(), err)
	default:
		if err := c.admitAfter(now, serial, revision); err != nil {
			return err
		}
	}
	if c.Follow != "" {
		return nil
	}
	serials, err := c.serials(ctx, r)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(serials) > 0 && serials[0] > serial {
		return c.older(serials[0], serial)
	}
	if !slices.Contains(serials, serial) {
		return nil
	}
	there, err := r.Describe(ctx, c.Tag(serial))
	if err != nil {
		return fmt.Errorf("looking up %q: %w", c.At(serial), err)
	}
	return c.sameAs(there, serial, revision)
}

func (c Channel) admitAfter(now Description, serial uint64, revision string) error {
	current, ok := now.Serial()
	switch {
	case !ok:
		return fmt.Errorf("%q is nothing that gwc pushed: delete that tag in the registry, or push to another repository", c.Followed())
	case now.Environment() != c.Environment:
		return fmt.Errorf("%q is of environment %q: push %q under another tag", c.Followed(), now.Environment(), c.Environment)
	case current > serial:
		return c.older(current, serial)
	case current == serial:
		return c.sameAs(now, serial, revision)
	}
	return nil
}

func (c Channel) older(current, serial uint64) error {
	return fmt.Errorf("environment %q is at serial %d in %q, and proxies refuse %d, which is older: \"gwc rollback\" goes back under a new serial", c.Environment, current, c.Repository, serial)
}

// sameAs takes the same bundle, which may have got other signatures, or other manifests beside it.
func (c Channel) sameAs(there Description, serial uint64, revision string) error {
	if there.Revision() == revision {
		return nil
	}
	return fmt.Errorf("serial %d of environment %q is taken in %q by another bundle, revision %s, commit %s: commit what has changed since, or give a higher one with --serial",
		serial, c.Environment, c.Repository, printable(there.Revision()), printable(cmp.Or(there.Commit(), "unknown")))
}

// Publish has the artifact with a digest, which is complete and signed, followed. It fails if another push was first. Of
// two bundles under one serial that are pushed at the same moment either may be followed, and neither push told.
func (c Channel) Publish(ctx context.Context, digest string, serial uint64, revision string) error {
	if err := c.admit(ctx, serial, revision); err != nil {
		return err
	}
	pinned := c.Repository + "@" + digest
	if c.Follow != "" {
		return Tag(ctx, pinned, c.Follow, c.Options)
	}
	if err := Tag(ctx, pinned, c.Tag(serial), c.Options); err != nil {
		return err
	}
	newest, there, err := c.settle(ctx, serial)
	switch {
	case err != nil:
		return err
	case newest != serial:
		return fmt.Errorf("serial %d of environment %q was pushed to %q meanwhile, and is what is followed", newest, c.Environment, c.Repository)
	case there != digest:
		return fmt.Errorf("serial %d of environment %q was pushed to %q meanwhile by somebody else, as %s: give a higher one with --serial", serial, c.Environment, c.Repository, there)
	}
	return nil
}

// AdmitVersion reports why a semantic version cannot be a tag of a bundle: it is that of another.
func (c Channel) AdmitVersion(ctx context.Context, version, revision string) error {
	there, err := Describe(ctx, c.Repository+":"+version, c.Options)
	if _, forbidden := errors.AsType[*forbiddenError](err); forbidden || errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || there.Revision() == revision {
		return err
	}
	return fmt.Errorf("version %q is taken in %q by another bundle, serial %s: give the next one", version, c.Repository, printable(cmp.Or(there.Annotations[AnnotationSerial], "unknown")))
}

// settle has the newest serial's artifact followed, at least the one that was just put up, and says what that is.
func (c Channel) settle(ctx context.Context, serial uint64) (newest uint64, digest string, err error) {
	r, err := c.Reader()
	if err != nil {
		return 0, "", err
	}
	for moved := ""; ; moved = digest {
		serials, err := c.serials(ctx, r)
		if err != nil {
			return 0, "", err
		}
		newest = serial // a registry may be slow to list it
		if len(serials) > 0 {
			newest = max(serial, serials[0])
		}
		if digest, err = r.Digest(ctx, c.Tag(newest)); err != nil {
			return 0, "", fmt.Errorf("looking up %q: %w", c.At(newest), err)
		}
		if digest == moved {
			return newest, digest, nil
		}
		if err := Tag(ctx, c.Repository+"@"+digest, c.Environment, c.Options); err != nil {
			return 0, "", err
		}
	}
}
