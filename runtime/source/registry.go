package source

import (
	"context"
	"fmt"

	"gwc.dev/schema/bundle/oci"
)

// Registry says how an OCI registry is reached. The files are read again as they change.
type Registry struct {
	CertFile  string      // a client certificate in PEM that is shown to it; "": none
	KeyFile   string      // the certificate's key
	TokenFile string      // a token that takes the place of Docker's credentials, as a service account's; "": none
	Mirrors   oci.Mirrors // registries that are asked first
}

// A registry is an OCI reference. A tag is asked for its digest, which is cheap, and pulled by digest if that
// is new, so that what is delivered is what the origin says.
type registry struct {
	ref       oci.Reference
	reader    *oci.Reader
	delivered string // digest
}

func openRegistry(ref string, o Options) (Source, error) {
	r, err := oci.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	transport := o.Transport
	if o.CAFile != "" && transport == nil {
		transport = oci.Transport(o.CAFile)
	}
	var client *oci.Client
	if o.Registry.CertFile != "" {
		client = oci.NewClient(o.CAFile, o.Registry.CertFile, o.Registry.KeyFile)
	}
	reader := oci.NewReader(r, oci.Options{
		Client:    client,
		PlainHTTP: o.PlainHTTP,
		MaxSize:   o.MaxSize,
		Mirrors:   o.Registry.Mirrors,
		TokenFile: o.Registry.TokenFile,
		Keychain:  o.Keychain,
		Transport: transport,
	})
	return &poller{options: o, once: r.Digest() != "", look: (&registry{ref: r, reader: reader}).look}, nil
}

func (r *registry) look(ctx context.Context) Update {
	digest := r.ref.Digest()
	if digest == "" {
		var err error
		if digest, err = r.reader.Digest(ctx, r.ref.Tag()); err != nil {
			return Update{Err: fmt.Errorf("looking up %q: %w", r.ref, err)}
		}
	}
	if digest == r.delivered {
		return Update{}
	}
	at := r.ref.WithDigest(digest).String()
	data, _, err := r.reader.Pull(ctx, digest)
	if err != nil {
		return Update{Err: fmt.Errorf("pulling %q: %w", at, err)}
	}
	r.delivered = digest
	return Update{Data: data, Origin: at}
}
