package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gwc.dev/schema/bundle"
	"gwc.dev/schema/bundle/oci"
	"gwc.dev/schema/header"
)

const (
	resumptions = 5                      // of one look; what is left is for the next one
	resumeAfter = 200 * time.Millisecond // before the first, and longer before each of the others
)

// A downloader reads what is at URLs, whole or not at all. What a connection brought before it broke is kept, also from
// one look to the next, and asked for no more: only the rest of the same representation is (RFC 9110, section 14), and
// only where the server can say that it is the same.
type downloader struct {
	client  *http.Client
	options Options
	pinned  bool // a digest decides what is taken, so that TLS need not

	url string
	got partial
}

// A partial is the beginning of a representation.
type partial struct {
	data      []byte
	validator string // for If-Range; "": it cannot be gone on with
	total     int64  // bytes; -1: not known
}

func newDownloader(o Options, pinned bool) *downloader {
	d := &downloader{options: o, pinned: pinned}
	transport := o.Transport
	if transport == nil && o.CAFile != "" {
		transport = oci.Transport(o.CAFile)
	}
	d.client = &http.Client{Transport: transport, CheckRedirect: d.redirect}
	return d
}

func (d *downloader) redirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("it redirects more than 10 times")
	}
	if r.URL.Scheme != "https" && r.URL.Scheme != "http" {
		return fmt.Errorf("it redirects to %s:, and not to https", r.URL.Scheme)
	}
	if !d.pinned && !secure(r.URL, d.options) {
		return fmt.Errorf("it redirects to %q, which has no TLS", r.URL.Scheme+"://"+r.URL.Host)
	}
	r.Header.Del("Referer") // the URL before may hold a token
	return nil
}

// A brokenError is a body that ended before its time.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// get returns what is at a URL with the header that it came with. conditions are fields for a request of the whole; if they
// hold there is only a header: that of a 304.
func (d *downloader) get(ctx context.Context, at string, conditions http.Header) ([]byte, http.Header, error) {
	if d.url != at {
		d.url, d.got = at, partial{}
	}
	for try := 0; ; try++ {
		data, header, err := d.ask(ctx, conditions)
		var broken *brokenError
		if !errors.As(err, &broken) || try == resumptions || ctx.Err() != nil || d.got.validator == "" {
			return data, header, d.explain(err)
		}
		select {
		case <-ctx.Done():
			return nil, nil, d.explain(ctx.Err())
		case <-time.After(resumeAfter << try):
		}
	}
}

// ask makes one request, for all or for what is missing.
func (d *downloader) ask(ctx context.Context, conditions http.Header) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return nil, nil, errors.New("the URL is not valid")
	}
	if d.got.validator == "" {
		d.got = partial{}
	}
	resuming := len(d.got.data) > 0
	if resuming {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", len(d.got.data)))
		req.Header.Set("If-Range", d.got.validator)
	} else {
		for name, values := range conditions {
			req.Header[name] = values
		}
	}
	req.Header.Set("Accept", bundle.MediaType+", application/gzip, */*")
	req.Header.Set("Accept-Encoding", "identity") // a bundle is gzip; it must not be unpacked on the way
	req.Header.Set("User-Agent", "gwproxy")
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && !resuming && len(conditions) > 0:
		return nil, resp.Header, nil
	case resp.StatusCode == http.StatusPartialContent && resuming:
		if !d.got.continues(resp.Header) {
			d.got = partial{}
			return nil, nil, errors.New("it sent another part than the one that it was asked for")
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && resuming:
		d.got = partial{}
		return nil, nil, errors.New("it has less than it began to send")
	case resp.StatusCode == http.StatusOK: // all of it, or of another
		d.got = partial{validator: validator(resp.Header), total: resp.ContentLength}
	default:
		if resuming && !busy(resp.StatusCode) {
			d.got = partial{} // who asks for a part may never get another answer
		}
		return nil, nil, &statusError{resp.StatusCode, header.RetryAfter(resp.Header)}
	}
	return d.receive(resp)
}

// busy reports whether a server may answer otherwise in a moment.
func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// receive adds a body to what is there.
func (d *downloader) receive(resp *http.Response) ([]byte, http.Header, error) {
	have := int64(len(d.got.data))
	if max(have+resp.ContentLength, d.got.total) > d.options.MaxSize {
		d.got = partial{}
		return nil, nil, errTooLarge(d.options.MaxSize)
	}
	more, err := io.ReadAll(io.LimitReader(resp.Body, d.options.MaxSize-have+1))
	d.got.data = append(d.got.data, more...)
	if have = int64(len(d.got.data)); have > d.options.MaxSize {
		d.got = partial{}
		return nil, nil, errTooLarge(d.options.MaxSize)
	}
	if err == nil && d.got.total >= 0 && have != d.got.total {
		err = io.ErrUnexpectedEOF // a part that is shorter than what is missing
	}
	if err != nil {
		return nil, nil, &brokenError{err}
	}
	data := d.got.data
	d.got = partial{}
	return data, resp.Header, nil
}

// continues reports whether the header of a 206 is that of the rest of p.
func (p *partial) continues(h http.Header) bool {
	unit, rest, _ := strings.Cut(h.Get("Content-Range"), " ")
	span, total, ok := strings.Cut(rest, "/")
	first, last, spans := strings.Cut(span, "-")
	if unit != "bytes" || !ok || !spans || first != strconv.Itoa(len(p.data)) {
		return false
	}
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil || end < int64(len(p.data)) {
		return false
	}
	if total != "*" {
		n, err := strconv.ParseInt(total, 10, 64)
		if err != nil || n <= end || p.total >= 0 && n != p.total {
			return false
		}
		p.total = n
	}
	tag := h.Get("ETag")
	return tag == "" || !strings.HasPrefix(p.validator, `"`) || tag == p.validator
}

// validator returns what a strong validator of a response is (RFC 9110, section 8.8); "": it has none.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		if strings.HasPrefix(tag, `"`) {
			return tag
		}
		return "" // a weak one, beside which no date may be used either
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	date, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil || date.Sub(modified) < time.Second {
		return "" // it may have changed twice within that second
	}
	return h.Get("Last-Modified")
}

// explain strips the URL, and with it any credentials, from an error of the client.
func (d *downloader) explain(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it did not answer within %v", d.options.Timeout)
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
