package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gwc.dev/schema/header"
)

const (
	fetchTimeout = 10 * time.Second
	maxSize      = 1 << 20
	maxRedirects = 5

	// How long a set is taken for fresh: as long as its issuer says, between these bounds: a key
	// that the issuer has withdrawn is out of use within the last of them.
	minFresh, defaultFresh, maxFresh = time.Minute, 10 * time.Minute, time.Hour
)

// client returns c with a bound on redirects, and none from https to http.
func client(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{Timeout: fetchTimeout}
	}
	out := *c
	out.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		switch {
		case len(via) > maxRedirects:
			return errors.New("too many redirects")
		case req.URL.Scheme != "https" && via[0].URL.Scheme == "https":
			return errors.New("redirected from https to http")
		}
		return nil
	}
	return &out
}

// A statusError is an answer without keys.
type statusError struct {
	url        string
	status     int
	retryAfter time.Duration // 0: it does not say
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered with status %d", e.url, e.status)
}

// fetch gets the key set at url and how long it is fresh.
func fetch(ctx context.Context, c *http.Client, url string) (*Set, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := c.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, &statusError{url, resp.StatusCode, header.RetryAfter(resp.Header)}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxSize+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", url, err)
	}
	if len(data) > maxSize {
		return nil, 0, fmt.Errorf("reading %s: larger than %d bytes", url, maxSize)
	}
	set, _, err := Parse(data)
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", url, err)
	}
	return set, fresh(resp.Header), nil
}

// fresh reads how long an answer may be kept from its Cache-Control.
func fresh(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
			if err != nil || seconds < 0 {
				return minFresh
			}
			return min(max(time.Duration(min(seconds, int64(maxFresh/time.Second)))*time.Second, minFresh), maxFresh)
		}
	}
	return defaultFresh
}
