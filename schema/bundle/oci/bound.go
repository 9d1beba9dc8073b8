package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"
)

// maxTime bounds what is done with a registry at a time, such as pulling a bundle, where nobody else has set a bound: it may
// answer a byte a second.
const maxTime = 15 * time.Minute

// timed has ctx end in any case.
func timed(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, maxTime)
}

// maxRedirects is how often a registry may send somebody on, which go-containerregistry does not count.
const maxRedirects = 10

var errRedirects = errors.New("it redirects more than 10 times")

// redirects reports whether r is one of too many that follow one from another.
func redirects(r *http.Request) bool {
	n := 0
	for ; r != nil && r.Response != nil; r = r.Response.Request {
		n++
	}
	return n > maxRedirects
}

// first returns the request from which redirects led to r.
func first(r *http.Request) *http.Request {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
	}
	return r
}

var errElsewhere = errors.New("its token service redirects to another host, which the credentials are not for")

// betrays reports whether a request takes credentials in its body to another host than the one that they are for.
func betrays(r *http.Request) bool { return isGrant(r) && first(r).URL.Host != r.URL.Host }

// maxAnswer is the most that a registry may say at once, but for blobs. Few take a manifest of more than four megabytes.
const maxAnswer = 16 << 20

// asksFor reports whether a request is for what the distribution API has under /v2/<name>/<kind>/<reference>: a blob or a list
// of referrers. Where it follows redirects, the first request counts: the paths of a store that a registry sends to say nothing.
func asksFor(kind string, r *http.Request) bool {
	return path.Base(path.Dir(first(r).URL.Path)) == kind
}

// bound has an answer end that is a manifest or a list. Of a blob, who asks for it knows the size.
func bound(r *http.Request, resp *http.Response) *http.Response {
	if !asksFor("blobs", r) {
		resp.Body = &bounded{resp.Body, maxAnswer}
	}
	return resp
}

// A bounded body fails once there is more of it than is left.
type bounded struct {
	io.ReadCloser
	left int
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("it answers with more than %d MiB", maxAnswer>>20)
	}
	return n, err
}
