package oci

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Scheme begins every reference.
const Scheme = "oci://"

// A Reference is a parsed "oci://host/repository:tag" or "oci://host/repository@sha256:<hex>".
type Reference struct {
	host, repository string
	tag, digest      string // one of them
}

// ParseReference reads a reference. The registry has to be named, and a tag or a digest given: a gateway
// should not depend on what a client thinks the default is.
func ParseReference(ref string) (Reference, error) {
	r, err := parse(ref)
	if err != nil {
		return Reference{}, fmt.Errorf("reference %q: %w", ref, err)
	}
	return r, nil
}

// ParseRepository reads "oci://host/repository", with neither tag nor digest.
func ParseRepository(repository string) (Reference, error) {
	const anyTag = "any"
	r, err := parse(repository + ":" + anyTag)
	if err != nil || r.tag != anyTag || Scheme+r.host+"/"+r.repository != repository {
		return Reference{}, fmt.Errorf("repository %q: give %sregistry.example.com/gateway, without a tag or a digest", repository, Scheme)
	}
	return Reference{host: r.host, repository: r.repository}, nil
}

func parse(ref string) (Reference, error) {
	rest, ok := strings.CutPrefix(ref, Scheme)
	if !ok {
		return Reference{}, fmt.Errorf("it does not begin with %s", Scheme)
	}
	host, repository, ok := strings.Cut(rest, "/")
	if !ok || host == "" || repository == "" {
		return Reference{}, errors.New("give a registry and a repository: oci://registry.example.com/gateway:tag")
	}
	// Without one of these the first part would be taken for a repository of Docker Hub.
	if !strings.ContainsAny(host, ".:") && host != "localhost" {
		return Reference{}, fmt.Errorf("%q is not the name of a registry: give oci://registry.example.com/%s", host, rest)
	}
	parsed, err := name.ParseReference(rest, name.StrictValidation)
	if err != nil {
		if !strings.ContainsAny(repository, ":@") {
			return Reference{}, fmt.Errorf("it has neither a tag nor a digest: give %s:TAG or %s@sha256:DIGEST", ref, ref)
		}
		return Reference{}, errors.New("a repository is lower-case letters, digits and . _ - /, then :TAG or @sha256: and 64 hexadecimal digits")
	}
	r := Reference{host: parsed.Context().RegistryStr(), repository: parsed.Context().RepositoryStr()}
	switch p := parsed.(type) {
	case name.Digest:
		r.digest = p.DigestStr()
	case name.Tag:
		r.tag = p.TagStr()
	}
	return r, nil
}

// Host returns the registry.
func (r Reference) Host() string { return r.host }

// Tag returns the tag; "" of a reference by digest.
func (r Reference) Tag() string { return r.tag }

// Digest returns the digest; "" of a reference by tag.
func (r Reference) Digest() string { return r.digest }

// Repository returns r without its tag or digest.
func (r Reference) Repository() string { return Scheme + r.host + "/" + r.repository }

// withTag returns the reference of a tag of r's repository.
func (r Reference) withTag(tag string) Reference {
	return Reference{host: r.host, repository: r.repository, tag: tag}
}

// WithDigest returns the reference of one artifact of r's repository.
func (r Reference) WithDigest(digest string) Reference {
	return Reference{host: r.host, repository: r.repository, digest: digest}
}

// identifier returns the tag or the digest.
func (r Reference) identifier() string { return r.tag + r.digest }

// with returns the reference of a tag or a digest of r's repository.
func (r Reference) with(identifier string) Reference {
	if strings.Contains(identifier, ":") {
		return r.WithDigest(identifier)
	}
	return r.withTag(identifier)
}

// String returns the reference in full.
func (r Reference) String() string {
	switch {
	case r.digest != "":
		return r.Repository() + "@" + r.digest
	case r.tag != "":
		return r.Repository() + ":" + r.tag
	}
	return r.Repository()
}

// loopback reports whether host, with or without a port, is this machine itself.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// resolve returns r as go-containerregistry wants it.
func (r Reference) resolve(plainHTTP bool) (name.Reference, error) {
	options := []name.Option{name.StrictValidation}
	if plainHTTP {
		options = append(options, name.Insecure)
	}
	return name.ParseReference(strings.TrimPrefix(r.String(), Scheme), options...)
}
