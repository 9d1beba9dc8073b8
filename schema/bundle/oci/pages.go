package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a list that comes in pages, since a registry may name a next one for ever.
const (
	maxPages = 1000
	maxList  = 32 << 20 // bytes of all pages of referrers, or of all tags, together
	maxTags  = 500_000
)

// whole returns the list of what refers to an artifact in one piece: registries give it in pages, of which go-containerregistry
// reads the first (OCI distribution specification, "Listing Referrers"). Any other answer it returns as it is.
func (s *session) whole(r *http.Request, resp *http.Response) (*http.Response, error) {
	if nextPage(resp.Header) == "" || !listsReferrers(r, resp) {
		return resp, nil
	}
	var list map[string]json.RawMessage // of the first page; the others add to its manifests
	var manifests []json.RawMessage
	left := maxList
	for n := 1; ; n++ {
		page, size, err := readPage(resp, left)
		if err != nil {
			return nil, fmt.Errorf("reading page %d of what refers to the artifact: %w", n, err)
		}
		left -= size
		var some []json.RawMessage
		if err := json.Unmarshal(page["manifests"], &some); err != nil {
			return nil, fmt.Errorf("page %d of what refers to the artifact is no list of it: %.200w", n, err)
		}
		manifests = append(manifests, some...)
		if list == nil {
			list = page
		}
		next := nextPage(resp.Header)
		if next == "" {
			break
		}
		if n == maxPages {
			return nil, fmt.Errorf("what refers to the artifact is listed on more than %d pages", maxPages)
		}
		if r, err = follow(r, next); err != nil {
			return nil, err
		}
		if resp, err = s.noted(r); err != nil {
			return nil, err
		}
		if resp = bound(r, resp); resp.StatusCode != http.StatusOK {
			return incomplete(resp, n+1)
		}
	}
	var err error
	if list["manifests"], err = json.Marshal(manifests); err != nil {
		return nil, err
	}
	data, err := json.Marshal(list)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return resp, err
}

// listsReferrers reports whether an answer lists what refers to an artifact, or the first part of that.
func listsReferrers(r *http.Request, resp *http.Response) bool {
	return r.Method == http.MethodGet && resp.StatusCode == http.StatusOK && asksFor("referrers", r)
}

// incomplete returns what to answer in place of a list that lacks page n: what the registry says, where go-containerregistry
// takes that for an error. By the other answers it would take the list to be elsewhere, or look under the fallback tag, and
// nobody would miss what stands on the pages before.
func incomplete(resp *http.Response, n int) (*http.Response, error) {
	switch status := resp.StatusCode; {
	case status < http.StatusBadRequest, status == http.StatusBadRequest, status == http.StatusNotFound, status == http.StatusNotAcceptable:
		resp.Body.Close()
		return nil, fmt.Errorf("page %d of what refers to the artifact cannot be had: %d %s", n, status, http.StatusText(status))
	}
	return resp, nil
}

// readPage reads a page of at most limit bytes, and says how many it has.
func readPage(resp *http.Response, limit int) (page map[string]json.RawMessage, size int, err error) {
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(data) > limit:
		return nil, 0, fmt.Errorf("all pages together have more than %d MiB", maxList>>20)
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return nil, 0, fmt.Errorf("it is no JSON: %.200v", err)
	}
	return page, len(data), nil
}

// follow returns the request of the next page, which is asked of nobody else: it carries credentials.
func follow(r *http.Request, next string) (*http.Request, error) {
	at, err := r.URL.Parse(next)
	if err != nil || at.Scheme != r.URL.Scheme || at.Host != r.URL.Host {
		return nil, errors.New("the next page of what refers to the artifact is said to be elsewhere than in the registry")
	}
	r = r.Clone(r.Context())
	r.URL = at
	return r, nil
}

// A link of RFC 8288, and the relation among its parameters.
var (
	link     = regexp.MustCompile(`<([^<>]*)>((?:[^",<]|"[^"]*")*)`)
	relation = regexp.MustCompile(`(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))`)
)

// nextPage returns where the next page is said to be; "" of the last one.
func nextPage(h http.Header) string {
	for _, field := range h.Values("Link") {
		for _, l := range link.FindAllStringSubmatch(field, -1) {
			if rel := relation.FindStringSubmatch(l[2]); rel != nil && slices.Contains(strings.Fields(strings.ToLower(rel[1]+rel[2])), "next") {
				return l[1]
			}
		}
	}
	return ""
}
