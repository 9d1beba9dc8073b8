package oci

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer is the most that a registry may say at once, but for blobs. Few take a manifest of more than four megabytes.
const maxAnswer = 16 << 20

// bound has an answer end that is a manifest or a list. Of a blob, who asks for it knows the size.
func bound(r *http.Request, resp *http.Response) *http.Response {
	if !strings.Contains(r.URL.Path, "/blobs/") {
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
