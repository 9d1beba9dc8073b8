package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gwc.dev/compiler/behaviour"
)

// routeHeader is where gwproxy --reveal-route names the route that took a request.
const routeHeader = "Gwproxy-Route"

// A replay sends the examples of a report to two running proxies.
type replay struct {
	old, new string // host, or host and port
	client   *http.Client
}

// newReplay reads the value of --replay.
func newReplay(proxies string) (*replay, error) {
	old, new, ok := strings.Cut(proxies, ",")
	if !ok || old == "" || new == "" || strings.Contains(new, ",") {
		return nil, fmt.Errorf("--replay: %q is not OLD,NEW: the addresses of two proxies", proxies)
	}
	return &replay{old: old, new: new, client: &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DisableCompression: true, DisableKeepAlives: true,
			// It is the routes that are asked about, and the proxies may run anywhere.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// errReplay says that an answer was not what the report claims.
var errReplay = errors.New("a request was not taken as claimed")

// run sends every example to both proxies and says to w what was not as claimed; then the error is errReplay.
func (r *replay) run(ctx context.Context, w io.Writer, report *behaviour.Report) error {
	sent, wrong := 0, 0
	for _, class := range report.Classes {
		for _, c := range append([]*behaviour.Class{class}, class.Alike...) {
			if c.Request == nil {
				continue
			}
			sent++
			for _, side := range []struct{ proxy, claimed string }{{r.old, c.Old.String()}, {r.new, c.New.String()}} {
				took, err := r.send(ctx, side.proxy, c)
				if err != nil {
					return err
				}
				if took != side.claimed {
					wrong++
					fmt.Fprintf(w, "%s: %s was taken by %s, not by %s\n", side.proxy, c.Request, took, side.claimed)
				}
			}
		}
	}
	fmt.Fprintf(w, "replayed %d requests, %d answers not as claimed\n", sent, wrong)
	if wrong > 0 {
		return errReplay
	}
	return nil
}

// send sends a class's example and returns the route that took it.
func (r *replay) send(ctx context.Context, proxy string, c *behaviour.Class) (string, error) {
	address := proxy
	if _, _, err := net.SplitHostPort(proxy); err != nil {
		address = net.JoinHostPort(proxy, strconv.Itoa(c.Port))
	}
	in := c.Request
	target := &url.URL{Scheme: c.Scheme, Host: address, Opaque: in.Path, RawQuery: in.RawQuery()}
	request := (&http.Request{Method: in.Method, URL: target, Host: in.Host, Header: http.Header{}}).WithContext(ctx)
	for _, f := range in.Header {
		request.Header[http.CanonicalHeaderKey(f.Name)] = append(request.Header[http.CanonicalHeaderKey(f.Name)], f.Value)
	}
	for _, name := range in.Without {
		request.Header[http.CanonicalHeaderKey(name)] = nil // none, not even the client's own
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking %s: %w", proxy, err)
	}
	defer answer.Body.Close()
	took := answer.Header.Get(routeHeader)
	if took == "" {
		return "", fmt.Errorf("%s does not say which route takes a request: start it with --reveal-route", proxy)
	}
	return took, nil
}
