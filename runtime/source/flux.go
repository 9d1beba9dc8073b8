package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// A flux source is a file with an OCIRepository or ExternalArtifact of Flux, or its status, or only the artifact in
// that: in JSON or YAML, as whoever watches the object writes it. The file says where source-controller serves the
// artifact and which digest it has. The proxy asks no API server.
//
// source-controller serves without TLS inside the cluster. The digest makes up for that: nothing else is taken.
type flux struct {
	file      *file
	down      *downloader
	at        artifact
	delivered digest
}

// maxObject bounds the file.
const maxObject = 1 << 20

// An artifact is what of Flux's artifact is used.
type artifact struct {
	URL      string `yaml:"url"`
	Digest   string `yaml:"digest"`
	Revision string `yaml:"revision"`
	Size     *int64 `yaml:"size"`

	digest digest
}

func openFlux(path string, o Options) (Source, error) {
	if path == "" {
		return nil, errors.New(`source "flux:": it names no file`)
	}
	small := o
	small.MaxSize = maxObject
	f := &flux{file: &file{path: filepath.Clean(path), options: small, plain: true}, down: newDownloader(o, true)}
	return &watched{path: f.file.path, poller: poller{options: o, look: f.look}}, nil
}

func (f *flux) look(ctx context.Context) Update {
	data, _, err := f.file.get()
	if err == nil && data != nil {
		f.at, err = parseArtifact(data)
	}
	if err != nil {
		f.file.forget() // to be told again
		return Update{Err: fmt.Errorf("reading Flux's artifact in %q: %w", f.file.path, err)}
	}
	if f.at.digest == f.delivered {
		return Update{}
	}
	bundle, _, err := f.down.get(ctx, f.at.URL, nil)
	switch {
	case err != nil:
	case f.at.Size != nil && *f.at.Size != int64(len(bundle)):
		err = fmt.Errorf("it has %d bytes and not %d", len(bundle), *f.at.Size)
	default:
		err = f.at.digest.check(bundle)
	}
	if err != nil {
		return Update{Err: fmt.Errorf("reading Flux's artifact %q of revision %q: %w", f.at.URL, f.at.Revision, err)}
	}
	f.delivered = f.at.digest
	return Update{Data: bundle, Origin: fmt.Sprintf("%s %s %s", f.at.URL, f.at.Revision, f.at.digest)}
}

// parseArtifact finds the artifact in what the file holds, whatever is around it.
func parseArtifact(data []byte) (artifact, error) {
	var doc struct {
		Kind   string `yaml:"kind"`
		Status *struct {
			Artifact *artifact `yaml:"artifact"`
		} `yaml:"status"`
		Artifact *artifact `yaml:"artifact"`
		artifact `yaml:",inline"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return artifact{}, fmt.Errorf("it is neither JSON nor YAML: %.200w", err)
	}
	found := doc.artifact
	switch {
	case doc.Status != nil && doc.Status.Artifact != nil:
		found = *doc.Status.Artifact
	case doc.Artifact != nil:
		found = *doc.Artifact
	case doc.Kind != "":
		return artifact{}, fmt.Errorf("the %s has no status.artifact yet", doc.Kind)
	}
	u, err := url.Parse(found.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return artifact{}, fmt.Errorf("it has no url of an artifact, but %q", found.URL)
	}
	if u.User != nil {
		return artifact{}, errors.New("its url holds a password, which Flux writes none into")
	}
	if found.digest, err = parseDigest(found.Digest); err != nil {
		return artifact{}, fmt.Errorf("its digest: %w", err)
	}
	return found, nil
}
