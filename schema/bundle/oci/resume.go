package oci

import (
	"fmt"
	"io"
	"net/http"
)

// maxResumes is how often a download that breaks off is gone on with.
const maxResumes = 3

// A resumed is the body of a blob. Where the connection breaks it asks for the rest (RFC 9110, section 14), so that a large
// bundle comes over a bad line. That the parts are one whole is what the blob's digest says, which is checked by who reads.
type resumed struct {
	io.ReadCloser
	send    func(*http.Request) (*http.Response, error)
	request *http.Request
	at, end int64
	tries   int
}

// resumable has the body of a blob go on where it breaks off.
func (s *session) resumable(r *http.Request, resp *http.Response) *http.Response {
	if r.Method == http.MethodGet && resp.StatusCode == http.StatusOK && resp.ContentLength > 0 && asksFor("blobs", r) {
		resp.Body = &resumed{ReadCloser: resp.Body, send: s.send, request: r, end: resp.ContentLength}
	}
	return resp
}

// Read implements [io.Reader].
func (b *resumed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.at += int64(n)
	if err == nil || b.at >= b.end || b.tries >= maxResumes || b.request.Context().Err() != nil {
		return n, err
	}
	if failed := b.resume(); failed != nil {
		return n, fmt.Errorf("%w: %w", err, failed)
	}
	return n, nil
}

func (b *resumed) resume() error {
	b.tries++
	r := b.request.Clone(b.request.Context())
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", b.at, b.end-1))
	resp, err := b.send(r)
	if err != nil {
		return err
	}
	var from int64
	_, err = fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from)
	if resp.StatusCode != http.StatusPartialContent || err != nil || from != b.at {
		resp.Body.Close()
		return fmt.Errorf("the rest of it cannot be had: %s", resp.Status)
	}
	b.ReadCloser.Close()
	b.ReadCloser = resp.Body
	return nil
}
