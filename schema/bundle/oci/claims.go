package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/sigstore"
)

// maxClaims bounds how much of what is said about an artifact is looked at, in each of the places where it stands: anybody who
// may push may say something. Cosign looks at as many.
const maxClaims = 1000

// atOnce is how many of them a registry is asked for at a time.
const atOnce = 8

// Claims returns what a registry holds of signatures and attestations about the artifact under ref, which is by digest,
// judged by whom t trusts. What cannot be read is a claim that is not to be believed. Mirrors are asked first: what one of
// them has counts if there is a claim in it to be believed, since it may lack others, and what is signed it cannot make up.
// Of more than are looked at there is one claim more, which says so.
func Claims(ctx context.Context, ref string, t *bundle.Trust, o Options) ([]sigstore.Claim, error) {
	fail := func(err error) ([]sigstore.Claim, error) {
		return nil, fmt.Errorf("reading the signatures of %q: %w", ref, err)
	}
	r, err := ParseReference(ref)
	if err != nil {
		return fail(err)
	}
	var mirrors strings.Builder
	for _, m := range o.Mirrors[r.host] {
		within, cancel := context.WithTimeout(ctx, mirrorTime)
		all, err := claimsAt(within, m.of(r).String(), t, o.forMirror())
		cancel()
		if slices.ContainsFunc(all, func(c sigstore.Claim) bool { return c.By.Err == nil }) {
			return all, nil
		}
		if err != nil {
			fmt.Fprintf(&mirrors, "; mirror: %v", err)
		}
	}
	all, err := claimsAt(ctx, ref, t, o)
	if err != nil && mirrors.Len() > 0 {
		err = fmt.Errorf("%w%s", err, &mirrors)
	}
	if err != nil {
		return fail(err)
	}
	return all, nil
}

// claimsAt returns what is said in one place.
func claimsAt(ctx context.Context, ref string, t *bundle.Trust, o Options) (all []sigstore.Claim, err error) {
	s, err := pinned(ref, o)
	if err != nil {
		return nil, err
	}
	err = s.with(ctx, o, func(of *subject) error {
		bundles, err := of.bundles(t)
		if err != nil {
			return err
		}
		payloads, err := of.payloads(t)
		all = append(bundles, payloads...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// bundles reads the Sigstore bundles that refer to the artifact.
func (to *subject) bundles(t *bundle.Trust) ([]sigstore.Claim, error) {
	index, err := remote.Referrers(to.digest(to.Digest), to.options...)
	if err != nil {
		return nil, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return each(candidates(list.Manifests), func(d v1.Descriptor) (sigstore.Claim, error) { return to.bundle(d, t) })
}

// candidates returns those of the referrers that may be Sigstore bundles, each once. Those that are said to be signatures come
// first, so that they are among what is looked at, however many reports of scanners there are.
func candidates(list []v1.Descriptor) []v1.Descriptor {
	seen := map[v1.Hash]bool{}
	var signatures, others []v1.Descriptor
	for _, d := range list {
		// Some registries know only of the configuration's type, which is that of none.
		if seen[d.Digest] || !sigstore.IsBundle(d.ArtifactType) && d.ArtifactType != noConfigType {
			continue
		}
		seen[d.Digest] = true
		if d.Annotations[sigstore.AnnotationPredicate] == sigstore.SignType {
			signatures = append(signatures, d)
		} else {
			others = append(others, d)
		}
	}
	return append(signatures, others...)
}

// each reads the claims in a list, in its order and no more than are looked at.
func each(list []v1.Descriptor, read func(v1.Descriptor) (sigstore.Claim, error)) ([]sigstore.Claim, error) {
	type result struct {
		claim sigstore.Claim
		err   error
	}
	more := max(0, len(list)-maxClaims)
	list = list[:len(list)-more]
	results := make([]result, len(list))
	var running sync.WaitGroup
	var failed atomic.Bool
	places := make(chan struct{}, atOnce)
	for i, d := range list {
		places <- struct{}{}
		if failed.Load() {
			break
		}
		running.Go(func() {
			defer func() { <-places }()
			claim, err := read(d)
			if !errors.Is(err, errNoBundle) {
				if claim, err = orUnreadable(claim, err); err != nil {
					failed.Store(true)
				}
			}
			results[i] = result{claim, err}
		})
	}
	running.Wait()
	var out []sigstore.Claim
	for _, r := range results {
		switch {
		case r.err == nil:
			out = append(out, r.claim)
		case !errors.Is(r.err, errNoBundle):
			return nil, r.err
		}
	}
	if more > 0 {
		out = append(out, sigstore.Claim{By: bundle.Signatory{Err: bundle.Refuse(bundle.TooManySignatures, fmt.Sprintf(
			"%d more signatures and attestations are about it than the %d that are looked at: delete those in the registry that are not yours", more, maxClaims))}})
	}
	return out, nil
}

// errNoBundle says that a referrer is something else.
var errNoBundle = errors.New("no Sigstore bundle")

// bundle reads the one Sigstore bundle in a referrer.
func (to *subject) bundle(d v1.Descriptor, t *bundle.Trust) (sigstore.Claim, error) {
	img, err := remote.Image(to.digest(d.Digest), to.options...)
	if err != nil {
		return sigstore.Claim{}, err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return sigstore.Claim{}, err
	}
	if d.ArtifactType == noConfigType && !sigstore.IsBundle(manifest.ArtifactType) {
		return sigstore.Claim{}, errNoBundle
	}
	if len(manifest.Layers) != 1 || !sigstore.IsBundle(string(manifest.Layers[0].MediaType)) {
		return sigstore.Claim{}, errors.New("it is not one layer with a Sigstore bundle")
	}
	data, err := to.content(manifest.Layers[0])
	if err != nil {
		return sigstore.Claim{}, err
	}
	return sigstore.ReadBundle(data, to.Digest.String(), t)
}

// payloads reads the signatures under the artifact's tag for signatures.
func (to *subject) payloads(t *bundle.Trust) ([]sigstore.Claim, error) {
	img, err := remote.Image(to.signatures(), to.options...)
	if notFound(err) {
		return nil, nil
	}
	var manifest *v1.Manifest
	if err == nil {
		manifest, err = img.Manifest()
	}
	if err != nil {
		claim, err := orUnreadable(sigstore.Claim{}, err)
		return []sigstore.Claim{claim}, err
	}
	layers := slices.DeleteFunc(slices.Clone(manifest.Layers), func(d v1.Descriptor) bool { return d.MediaType != sigstore.PayloadType })
	return each(layers, func(d v1.Descriptor) (sigstore.Claim, error) {
		data, err := to.content(d)
		if err != nil {
			return sigstore.Claim{}, err
		}
		return sigstore.ReadPayload(data, d.Annotations, to.Digest.String(), t)
	})
}

func (to *subject) digest(d v1.Hash) name.Digest { return to.name.Context().Digest(d.String()) }

// orUnreadable makes a claim that is not to be believed of one that cannot be read: whoever may push to a repository could
// otherwise keep others from what is good in it. That the registry does not answer is no fault of the claim.
func orUnreadable(c sigstore.Claim, err error) (sigstore.Claim, error) {
	answer, answered := errors.AsType[*transport.Error](err)
	_, asking := errors.AsType[*url.Error](err)
	_, reading := errors.AsType[*net.OpError](err)
	switch {
	case err == nil:
		return c, nil
	case answered && answer.StatusCode == http.StatusNotFound:
		err = errors.New("the registry lists it, and does not have it")
	case answered, asking, reading, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return c, err
	}
	return sigstore.Claim{By: bundle.Signatory{Err: bundle.Refuse(bundle.SignatureInvalid, fmt.Sprintf("it cannot be read: %.300v", err))}}, nil
}

// content returns a layer that is small enough to be about something else. The layer is asked for by its digest alone:
// go-containerregistry parses a whole manifest again for each of the layers that it is asked for through it.
func (to *subject) content(d v1.Descriptor) ([]byte, error) {
	if d.Size < 0 || d.Size > sigstore.MaxSize {
		return nil, fmt.Errorf("it has %d bytes, the most allowed is %d", d.Size, sigstore.MaxSize)
	}
	if len(d.URLs) > 0 { // nobody is to be sent to where a manifest says
		return nil, errors.New("it is said to be elsewhere than in the registry")
	}
	layer, err := remote.Layer(to.digest(d.Digest), to.options...)
	if err != nil {
		return nil, err
	}
	body, err := layer.Compressed() // checks the digest at its end
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, d.Size+1))
	if err == nil && int64(len(data)) != d.Size {
		err = fmt.Errorf("it does not have the %d bytes that its manifest says", d.Size)
	}
	return data, err
}
