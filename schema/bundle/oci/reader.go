package oci

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gwc.dev/schema/bundle"
)

// mirrorTime is how long a mirror may take before the registry itself is asked.
const mirrorTime = 30 * time.Second

// A Reader reads from one repository. It asks the mirrors first, in their order, and the registry itself where they fail;
// what a tag stands for is what the first of them says that has it. It logs in once and keeps to that until a registry
// does not take it any more. It is safe for concurrent use.
type Reader struct {
	places []*place
	limit  int64
	notify func(error, time.Duration)
}

// A place is a repository in a registry: a mirror or the one that is meant.
type place struct {
	ref     Reference
	options Options
	asked   inquiry

	mu      sync.Mutex
	session *session
	puller  *remote.Puller
}

// NewReader returns a reader of r's repository.
func NewReader(r Reference, o Options) *Reader {
	reader := &Reader{limit: o.MaxSize, notify: o.Retry}
	if reader.limit == 0 {
		reader.limit = bundle.MaxSize
	}
	for _, m := range o.Mirrors[r.host] {
		reader.places = append(reader.places, &place{ref: m.of(r), options: o.forMirror()})
	}
	reader.places = append(reader.places, &place{ref: r, options: o})
	return reader
}

// Digest returns the digest that a tag or a digest stands for now, without pulling anything.
func (r *Reader) Digest(ctx context.Context, identifier string) (digest string, err error) {
	err = r.read(ctx, identifier, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Head(ctx, ref)
		if err == nil {
			digest = desc.Digest.String()
			return nil
		}
		if !headIsUseless(err) {
			return err
		}
		full, err := p.Get(ctx, ref)
		if err == nil {
			digest = full.Digest.String()
		}
		return err
	})
	return digest, err
}

// Describe returns what the manifest under a tag or a digest says.
func (r *Reader) Describe(ctx context.Context, identifier string) (d Description, err error) {
	err = r.read(ctx, identifier, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Get(ctx, ref)
		if err != nil {
			return err
		}
		m, err := v1.ParseManifest(bytes.NewReader(desc.Manifest))
		if err != nil {
			return &contentError{fmt.Errorf("%w: its manifest cannot be read: %.200v", ErrNotBundle, err)}
		}
		d = Description{desc.Digest.String(), m.Annotations}
		return nil
	})
	return d, err
}

// Tags returns the repository's tags, as the registry orders them.
func (r *Reader) Tags(ctx context.Context) (tags []string, err error) {
	err = r.read(ctx, "", func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		tags, err = listTags(ctx, p, ref.Context())
		return err
	})
	return tags, err
}

func listTags(ctx context.Context, p *remote.Puller, repository name.Repository) (tags []string, err error) {
	lister, err := p.Lister(ctx, repository)
	if err != nil {
		return nil, err
	}
	size := 0
	for n := 0; lister.HasNext(); n++ {
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			size += len(tag)
		}
		if tags = append(tags, page.Tags...); n == maxPages || len(tags) > maxTags || size > maxList {
			return nil, &contentError{fmt.Errorf("it lists tags on more than %d pages, or more than %d of them, or with more than %d MiB", maxPages, maxTags, maxList>>20)}
		}
	}
	return tags, nil
}

// Pull returns the bundle under a tag or a digest, and the digest of the artifact that holds it. A bundle larger than
// allowed is refused before it is read.
func (r *Reader) Pull(ctx context.Context, identifier string) (data []byte, digest string, err error) {
	err = r.read(ctx, identifier, func(ctx context.Context, p *remote.Puller, ref name.Reference) error {
		desc, err := p.Get(ctx, ref)
		if err != nil {
			return err
		}
		digest = desc.Digest.String()
		data, err = r.pullLayer(ctx, p, ref.Context(), desc)
		return err
	})
	return data, digest, err
}

func (r *Reader) pullLayer(ctx context.Context, p *remote.Puller, repository name.Repository, desc *remote.Descriptor) ([]byte, error) {
	layer, err := bundleLayer(desc)
	if err != nil {
		return nil, &contentError{err}
	}
	if layer.Size < 0 || layer.Size > r.limit {
		return nil, &contentError{fmt.Errorf("the bundle has %d bytes, the most allowed is %d", layer.Size, r.limit)}
	}
	l, err := p.Layer(ctx, repository.Digest(layer.Digest.String()))
	if err != nil {
		return nil, err
	}
	body, err := l.Compressed() // checks the digest at its end
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, layer.Size+1))
	if err != nil && strings.Contains(err.Error(), "error verifying") {
		return nil, fmt.Errorf("the bundle's layer is not the one that its manifest names, %s: it is damaged, or another", layer.Digest)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != layer.Size {
		return nil, fmt.Errorf("the bundle does not have the %d bytes that its manifest says", layer.Size)
	}
	return data, nil
}

// A contentError is about what a registry holds, and not the registry's.
type contentError struct{ error }

func (e *contentError) Unwrap() error { return e.error }

// read has one place after another read. The error is that of the registry itself, and says what kept its mirrors from it.
func (r *Reader) read(ctx context.Context, identifier string, do func(context.Context, *remote.Puller, name.Reference) error) error {
	ctx, done := timed(ctx)
	defer done()
	return attempt(ctx, r.notify, func() error {
		var mirrors strings.Builder
		last := len(r.places) - 1
		for _, p := range r.places[:last] {
			err := p.within(ctx, identifier, do)
			if err == nil {
				return nil
			}
			fmt.Fprintf(&mirrors, "; mirror: %v", err)
		}
		err := r.places[last].read(ctx, identifier, do)
		if err != nil && mirrors.Len() > 0 {
			return fmt.Errorf("%w%s", err, &mirrors)
		}
		return err
	})
}

// within reads from a mirror, in no more than half of the time that there is.
func (p *place) within(ctx context.Context, identifier string, do func(context.Context, *remote.Puller, name.Reference) error) error {
	limit := mirrorTime
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return p.read(ctx, identifier, do)
}

// read reads with the login that there is, and with a new one where that is not good any more.
func (p *place) read(ctx context.Context, identifier string, do func(context.Context, *remote.Puller, name.Reference) error) error {
	for {
		s, puller, used, err := p.login()
		if err != nil {
			return err
		}
		ref, err := p.ref.with(cmp.Or(identifier, "any")).resolve(p.options.PlainHTTP)
		if err != nil {
			return err
		}
		if err = do(ctx, puller, ref); err == nil {
			return nil
		}
		if content, ok := errors.AsType[*contentError](err); ok {
			return content.error
		}
		p.logout(puller)
		err = s.about(p.ref.with(identifier)).explain(err)
		if _, wrong := errors.AsType[*loginError](err); !wrong || !used {
			return err
		}
	}
}

// login returns what there is to read with, and whether it was used before.
func (p *place) login() (*session, *remote.Puller, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.puller != nil {
		return p.session, p.puller, true, nil
	}
	s, err := newSession(p.ref.withTag("any"), p.options)
	if err != nil {
		return nil, nil, false, err
	}
	s.asked = &p.asked
	puller, err := remote.NewPuller(s.options()...)
	if err != nil {
		return nil, nil, false, err
	}
	p.session, p.puller = s, puller
	return s, puller, false, nil
}

// logout has the next login be a new one.
func (p *place) logout(puller *remote.Puller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.puller == puller {
		p.session, p.puller = nil, nil
	}
}
