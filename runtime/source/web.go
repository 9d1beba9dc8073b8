package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A web source is a URL. Where that says which digest it has to have, it is read once.
type web struct {
	url     *url.URL
	name    string // the URL without what may be secret in it
	pin     digest
	down    *downloader
	options Options

	// What the last complete response said and was. The validators are only ever those of a body that was
	// read whole.
	etag, modified string
	digest         [sha256.Size]byte
	damaged        [sha256.Size]byte // what was no whole bundle

	failed bool // the last look did: the next one does not ask to be held
	soon   bool // there is no need to wait for the interval
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
	w := &web{url: u, name: name, options: o}
	if u.Fragment != "" {
		if w.pin, err = parseDigest(strings.Replace(u.Fragment, "=", ":", 1)); err != nil {
			return nil, fmt.Errorf("source %q: what stands behind the # is to be sha256=HEX: %w", name, err)
		}
		u.Fragment = ""
	}
	if w.pin == "" && !secure(u, o) {
		return nil, fmt.Errorf("source %q: http is neither private nor authentic: use https, or give --plain-http if that is meant", name)
	}
	o.Timeout += o.LongPoll
	w.down = newDownloader(o, w.pin != "")
	return &poller{options: o, look: w.look, once: w.pin != "", soon: func() bool { return w.soon }}, nil
}

// secure reports whether u may be asked.
func secure(u *url.URL, o Options) bool {
	if u.Scheme == "https" || o.PlainHTTP {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (w *web) look(ctx context.Context) Update {
	data, err := w.get(ctx)
	w.failed = err != nil
	if err != nil {
		w.soon = false
		return Update{Err: fmt.Errorf("reading %q: %w", w.name, err)}
	}
	if data == nil {
		return Update{}
	}
	origin := w.name
	if w.etag != "" {
		origin += " " + w.etag
	}
	return Update{Data: data, Origin: origin, Damaged: w.doubt}
}

// doubt has what was read last asked for as a whole until it is something else: where a server says neither how long it is nor
// that more is to come, one that was stopped looks like one that is done, and who has its entity tag gets no other.
func (w *web) doubt() { w.etag, w.modified, w.damaged = "", "", w.digest }

// get returns what the URL holds; nil if that was delivered already.
func (w *web) get(ctx context.Context) ([]byte, error) {
	conditions, held := w.conditions()
	began := time.Now()
	data, header, err := w.down.get(ctx, w.url.String(), conditions)
	if err != nil {
		return nil, err
	}
	if data == nil {
		// A server that does not hold requests answers at once, and is asked after the interval.
		w.soon = held && time.Since(began) >= w.options.LongPoll/2
		return nil, nil
	}
	if w.pin != "" {
		return data, w.pin.check(data)
	}
	seen := w.digest
	w.etag, w.modified = header.Get("ETag"), header.Get("Last-Modified")
	if w.digest = sha256.Sum256(data); w.digest == w.damaged {
		w.etag, w.modified = "", ""
	}
	if w.soon = false; w.digest == seen {
		return nil, nil // a server without validators, or one that forgot them
	}
	w.soon = w.options.LongPoll > 0 && w.etag != ""
	return data, nil
}

// conditions returns the fields of the next request, and whether they ask the server to hold it until there is something
// new (RFC 7240, section 4.3).
func (w *web) conditions() (h http.Header, held bool) {
	h = http.Header{}
	if w.etag != "" {
		h.Set("If-None-Match", w.etag)
	}
	if w.modified != "" {
		h.Set("If-Modified-Since", w.modified)
	}
	if held = w.options.LongPoll > 0 && w.etag != "" && !w.failed; held {
		h.Set("Prefer", fmt.Sprintf("wait=%d", int(w.options.LongPoll.Seconds())))
	}
	return h, held
}
