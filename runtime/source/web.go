package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
)

// A web source is a URL.
type web struct {
	url     *url.URL
	name    string // the URL without what may be secret in it
	client  *http.Client
	options Options

	// What the last complete response said and was. The validators are only ever those of a body that was
	// read whole.
	etag, modified string
	digest         [sha256.Size]byte
}

func openWeb(ref string, o Options) (Source, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, errors.New("source: the URL is not valid") // its text may hold a password
	}
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	if u.Hostname() == "" {
		return nil, fmt.Errorf("source %q: it names no host", name)
	}
	if !secure(u, o) {
		return nil, fmt.Errorf("source %q: http is neither private nor authentic: use https, or give --plain-http if that is meant", name)
	}
	w := &web{url: u, name: name, options: o}
	w.client = &http.Client{Transport: o.Transport, CheckRedirect: w.redirect}
	return &poller{options: o, look: w.look}, nil
}

// secure reports whether u may be asked.
func secure(u *url.URL, o Options) bool {
	if u.Scheme == "https" || o.PlainHTTP {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (w *web) redirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("it redirects more than 10 times")
	}
	if r.URL.Scheme != "https" && r.URL.Scheme != "http" {
		return fmt.Errorf("it redirects to %s:, and not to https", r.URL.Scheme)
	}
	if !secure(r.URL, w.options) {
		return fmt.Errorf("it redirects to %q, which has no TLS", r.URL.Scheme+"://"+r.URL.Host)
	}
	return nil
}

func (w *web) look(ctx context.Context) Update {
	data, err := w.get(ctx)
	if err != nil {
		return Update{Err: fmt.Errorf("reading %q: %w", w.name, err)}
	}
	if data == nil {
		return Update{}
	}
	origin := w.name
	if w.etag != "" {
		origin += " " + w.etag
	}
	return Update{Data: data, Origin: origin}
}

// get returns what the URL holds; nil if that was delivered already.
func (w *web) get(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url.String(), nil)
	if err != nil {
		return nil, errors.New("the URL is not valid")
	}
	req.Header.Set("Accept", bundle.MediaType+", application/gzip, */*")
	req.Header.Set("Accept-Encoding", "identity") // a bundle is gzip; it must not be unpacked on the way
	req.Header.Set("User-Agent", "gwproxy")
	if w.etag != "" {
		req.Header.Set("If-None-Match", w.etag)
	}
	if w.modified != "" {
		req.Header.Set("If-Modified-Since", w.modified)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, w.explain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && (w.etag != "" || w.modified != "") {
		return nil, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &statusError{resp.StatusCode, oci.RetryAfter(resp.Header)}
	}
	if resp.ContentLength > w.options.MaxSize {
		return nil, errTooLarge(w.options.MaxSize)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, w.options.MaxSize+1))
	if err != nil {
		return nil, w.explain(err)
	}
	if int64(len(data)) > w.options.MaxSize {
		return nil, errTooLarge(w.options.MaxSize)
	}
	seen := w.digest
	w.etag, w.modified = resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	w.digest = sha256.Sum256(data)
	if w.digest == seen {
		return nil, nil // a server without validators, or one that forgot them
	}
	return data, nil
}

// explain strips the URL, and with it any credentials, from an error of the client.
func (w *web) explain(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it did not answer within %v", w.options.Timeout)
	}
	return err
}

// A statusError is an answer that holds no bundle.
type statusError struct {
	status int
	wait   time.Duration
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("it answers %d %s", e.status, http.StatusText(e.status))
	if e.wait > 0 {
		text += fmt.Sprintf(": try again in %v", e.wait.Round(time.Second))
	}
	return text
}

// Wait returns how long the server asked to be left alone.
func (e *statusError) Wait() time.Duration { return e.wait }
