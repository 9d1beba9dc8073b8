package main

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gwc.dev/cmd/internal/version"
	"gwc.dev/compiler/provenance"
	"gwc.dev/compiler/render"
	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/archive"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/bundle/trust"
)

// releaseOptions say how a release is made.
type releaseOptions struct {
	reference   string // repository, with or without a tag; "": the environment's own
	sign        signerFlags
	trusted     []string // files of those who are trusted
	serial      uint64
	serialGiven bool
	overlay     string
	version     string // a semantic version to tag it with; "": none
	policyDirs  []string
}

// A release is what goes to a registry as one artifact.
type release struct {
	*bundle.Bundle
	data       []byte // the bundle's bytes
	manifests  []byte // a gzip tar
	repository string // oci://host/repository
	tag        string // "": those of the environment
	signer     bundle.Signer
	version    string // a further tag; "": none
	source     string // URL of the git repository; "": unknown
	created    string // the commit's time; "": unknown
	restores   uint64 // the serial whose state it is, of a rollback
	build      provenance.Build
}

// release makes a release of an environment, or of a bundle's file.
func (a *app) release(ctx context.Context, from string, o releaseOptions) (*release, error) {
	r := &release{version: o.version}
	if r.version != "" && !semver.MatchString(r.version) {
		return nil, fmt.Errorf("--semver: %q is no semantic version that a tag can be: want 1.2.3 or 1.2.3-rc.1", r.version)
	}
	var err error
	if r.signer, err = a.signer(ctx, o.sign); err != nil {
		return nil, err
	}
	overlay := o.overlay
	if isDir(from) {
		overlay = from
		if err := a.buildRelease(ctx, r, from, o); err != nil {
			return nil, err
		}
	} else if err := r.read(from, o); err != nil {
		return nil, err
	}
	if err := r.destination(o.reference); err != nil {
		return nil, err
	}
	return r, r.render(overlay, o.trusted)
}

// buildRelease compiles the environment in dir.
func (a *app) buildRelease(ctx context.Context, r *release, dir string, o releaseOptions) error {
	if r.signer == nil {
		return errNoSigner
	}
	if o.overlay != "" {
		return fmt.Errorf("--overlay is for bundle files: %q has its own kustomization.yaml, or none", dir)
	}
	env, err := a.vetted(ctx, dir, o.policyDirs)
	if err != nil {
		return err
	}
	contents, err := a.contents(ctx, env, o.serialGiven, o.serial)
	if err != nil {
		return err
	}
	if r.data, err = bundle.Seal(contents, r.signer); err != nil {
		return err
	}
	if r.Bundle, err = bundle.Inspect(r.data); err != nil {
		return err
	}
	if remote, err := git(ctx, dir, "remote", "get-url", "origin"); err == nil {
		r.source = webAddress(remote)
	}
	if _, seconds, err := lastCommit(ctx, dir); err == nil {
		r.created = time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
	}
	r.build = provenance.Build{
		Environment: r.Environment, Serial: r.Serial, Revision: r.Revision,
		Repository: r.source, Commit: r.commit(), Version: version.Of(), Inputs: env.Inputs,
	}
	return nil
}

// commit is what the bundle was built from; "" if that is none.
func (r *release) commit() string {
	if strings.HasSuffix(r.GitRevision, dirty) {
		return ""
	}
	return r.GitRevision
}

// read reads a bundle's file.
func (r *release) read(file string, o releaseOptions) error {
	if o.serialGiven {
		return fmt.Errorf("--serial is for environments: bundle %q has its own", file)
	}
	var err error
	if r.data, err = readFile(file); err != nil {
		return err
	}
	if r.Bundle, err = bundle.Inspect(r.data); err != nil {
		return named(file, err)
	}
	if len(r.Signers) == 0 {
		return fmt.Errorf("bundle %q is not signed, and no proxy would take it: sign it with \"gwc sign\"", file)
	}
	r.build = provenance.Build{
		Environment: r.Environment, Serial: r.Serial, Revision: r.Revision,
		Commit: r.commit(), File: bundle.Digest(r.data), Version: version.Of(),
	}
	return nil
}

// destination finds the repository and the tag in a reference, "oci://host/repository" with or without ":tag".
func (r *release) destination(reference string) error {
	if reference == "" {
		if t := r.Gateway.Targets; t != nil && t.Kube != nil {
			reference = strings.TrimSuffix(t.Kube.Repository, "/")
		}
		if reference == "" {
			return fmt.Errorf("environment %q does not say where to push to: name a repository, or set targets: kube: repository", r.Environment)
		}
	}
	if tagged, err := oci.ParseReference(reference); err == nil {
		if tagged.Digest() != "" {
			return fmt.Errorf("pushing to %q: the digest follows from what is pushed: leave it out", reference)
		}
		r.repository, r.tag = tagged.Repository(), tagged.Tag()
		return nil
	}
	repository, err := oci.ParseRepository(reference)
	r.repository = repository.Repository()
	return err
}

// follow is the tag that proxies follow.
func (r *release) follow() string {
	if r.tag != "" {
		return r.tag
	}
	return r.Environment
}

// semver is a semantic version that may be a tag: without build metadata.
var semver = regexp.MustCompile(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

// render packs the manifests, all but those of Flux, which bring the artifact into a cluster, and notes what of an overlay went
// into them.
func (r *release) render(overlay string, files []string) error {
	given, all, err := r.trusted(files)
	if err != nil {
		return err
	}
	text, err := trust.Format(given)
	if err != nil {
		return err
	}
	output, err := render.Render(render.Input{
		Gateway: r.Gateway, Reference: r.repository + ":" + r.follow(), PublicKeys: text, Overlay: overlay,
	}, "kube", "prometheus")
	if err != nil {
		return err
	}
	if err := r.admit(all); err != nil {
		return err
	}
	inputs, err := overlayInputs(overlay, output.Sources)
	if err != nil {
		return err
	}
	r.build.Inputs = append(r.build.Inputs, inputs...)
	var entries []archive.File
	for _, f := range output.Files {
		entries = append(entries, archive.File{Name: f.Path, Data: f.Data})
	}
	r.manifests, err = archive.Pack(entries)
	return err
}

// annotations are what registries and Flux show of the artifact.
func (r *release) annotations() map[string]string {
	a := map[string]string{
		oci.AnnotationTitle:  r.Environment,
		oci.AnnotationSerial: strconv.FormatUint(r.Serial, 10),
		oci.AnnotationBundle: r.Revision,
	}
	if r.GitRevision != "" {
		a[oci.AnnotationRevision] = oci.CommitRevision(r.GitRevision)
	}
	if r.source != "" {
		a[oci.AnnotationSource] = r.source
	}
	if r.created != "" {
		a[oci.AnnotationCreated] = r.created
	}
	if r.restores != 0 {
		a[oci.AnnotationRestores] = strconv.FormatUint(r.restores, 10)
	}
	return a
}

// webAddress returns the https URL of a git remote, the same for all ways to reach it and without credentials; "" of one
// that is a path.
func webAddress(remote string) string {
	remote = strings.TrimSuffix(remote, ".git")
	if host, path, ok := strings.Cut(remote, ":"); ok && !strings.Contains(host, "/") && !strings.HasPrefix(path, "//") {
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/") // scp's way to write it
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return "https://" + u.Hostname() + u.Path
}
