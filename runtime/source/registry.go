package source

import (
	"context"
	"fmt"

	"gwc.dev/schema/bundle/oci"
)

// A registry is an OCI reference. A tag is asked for its digest, which is cheap, and pulled by digest if that
// is new, so that what is delivered is what the origin says.
type registry struct {
	ref       oci.Reference
	options   Options
	delivered string // digest
}

func openRegistry(ref string, o Options) (Source, error) {
	r, err := oci.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	return &poller{options: o, once: r.Digest() != "", look: (&registry{ref: r, options: o}).look}, nil
}

func (r *registry) look(ctx context.Context) Update {
	o := oci.Options{
		PlainHTTP: r.options.PlainHTTP,
		MaxSize:   r.options.MaxSize,
		Keychain:  r.options.Keychain,
		Transport: r.options.Transport,
	}
	digest := r.ref.Digest()
	if digest == "" {
		var err error
		if digest, err = oci.Digest(ctx, r.ref.String(), o); err != nil {
			return Update{Err: err}
		}
	}
	if digest == r.delivered {
		return Update{}
	}
	at := r.ref.WithDigest(digest).String()
	data, _, err := oci.Pull(ctx, at, o)
	if err != nil {
		return Update{Err: err}
	}
	r.delivered = digest
	return Update{Data: data, Origin: at}
}
