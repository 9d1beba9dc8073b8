package manifest

import (
	"fmt"
	"strings"

	"gwc.dev/schema"
)

// A Ref is a reference to an OCI artifact, in its parts; one of Tag and Digest is set.
type Ref struct {
	Repository  string // "oci://host/path"
	Tag, Digest string
}

// String returns the reference as [Input.Reference] has it.
func (r Ref) String() string {
	if r.Digest != "" {
		return r.Repository + "@" + r.Digest
	}
	return r.Repository + ":" + r.Tag
}

// Host returns the registry, with its port where it has one.
func (r Ref) Host() string {
	host, _, _ := strings.Cut(strings.TrimPrefix(r.Repository, scheme), "/")
	return host
}

// SourceArg returns the argument that tells gwproxy where its bundles are. It is the first one of the proxies'
// container, so that a patch can replace it by its index.
func (r Ref) SourceArg() string { return "--source=" + r.String() }

const scheme = "oci://"

// Bundle returns the reference of the bundle that in is about. The error is a [schema.Problem] where the
// environment names no repository.
func (in Input) Bundle() (Ref, error) {
	if in.Reference != "" {
		ref, err := parseRef(in.Reference)
		if err != nil {
			return Ref{}, fmt.Errorf("bundle reference %q: %w", in.Reference, err)
		}
		return ref, nil
	}
	path := schema.NewPath("targets", "kube", "repository")
	repository := in.Gateway.Targets.Kube.Repository
	if repository == "" {
		return Ref{}, &schema.Problem{
			Path: path, Code: "target-repository",
			Message: "the proxies are not told where to pull bundles from",
			Hint:    fmt.Sprintf("set targets: kube: repository: %q", "oci://registry.example.com/gateway/"+in.Gateway.Environment),
		}
	}
	ref, err := parseRef(strings.TrimSuffix(repository, "/") + ":" + in.Gateway.Environment)
	if err != nil {
		return Ref{}, &schema.Problem{
			Path: path, Code: "target-repository",
			Message: fmt.Sprintf("%q is no repository: %v", repository, err),
			Hint:    `write "oci://", the registry's host and a path, without tag or digest`,
		}
	}
	return ref, nil
}

// parseRef takes "oci://host/path@sha256:..." and "oci://host/path:tag". Of a reference with both, the digest
// counts.
func parseRef(s string) (Ref, error) {
	name, ok := strings.CutPrefix(s, scheme)
	if !ok {
		return Ref{}, fmt.Errorf("it does not begin with %s", scheme)
	}
	name, digest, pinned := strings.Cut(name, "@")
	var tag string
	// A colon before the last slash belongs to the host's port.
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	host, path, _ := strings.Cut(name, "/")
	switch {
	case host == "" || path == "" || strings.ContainsAny(path, ": \t\r\n"):
		return Ref{}, fmt.Errorf("want %shost/path", scheme)
	case pinned && !isDigest(digest):
		return Ref{}, fmt.Errorf("%q is no digest: want sha256: and 64 hexadecimal digits", digest)
	case !pinned && tag == "":
		return Ref{}, fmt.Errorf("it has neither a tag nor a digest")
	}
	if pinned {
		tag = ""
	}
	return Ref{Repository: scheme + name, Tag: tag, Digest: digest}, nil
}

func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}
