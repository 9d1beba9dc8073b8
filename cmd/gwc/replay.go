package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// routeHeader is where gwproxy --reveal-route names the route that took a request.
const routeHeader = "Gwproxy-Route"

// A replay sends the examples of a report to two running proxies.
type replay struct {
	old, new replayed
	w        io.Writer // for what is not as claimed

	sent, wrong, silent, left int
}

// A replayed is one of the proxies.
type replayed struct {
	address   string // host, or host and port
	listeners map[int]schema.Listener
	client    *http.Client
}

// newReplay reads the value of --replay.
func newReplay(proxies string) (*replay, error) {
	old, new, ok := strings.Cut(proxies, ",")
	if !ok || old == "" || new == "" || strings.Contains(new, ",") {
		return nil, fmt.Errorf("--replay: %q is not OLD,NEW: the addresses of two proxies", proxies)
	}
	return &replay{old: newReplayed(old), new: newReplayed(new)}, nil
}

func newReplayed(address string) replayed {
	p := replayed{address: address, listeners: map[int]schema.Listener{}}
	p.client = &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DisableCompression: true, DisableKeepAlives: true,
			// The URL has the host that is asked for, which TLS names too; the connection is to the proxy.
			DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(at)
				if err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, p.at(port))
			},
			// It is the routes that are asked about, and the proxies may run anywhere.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// at returns the address at which the proxy serves the listener of a port.
func (p *replayed) at(port string) string {
	if p.hasPort() {
		return p.address
	}
	return net.JoinHostPort(strings.Trim(p.address, "[]"), port)
}

func (p *replayed) hasPort() bool {
	_, _, err := net.SplitHostPort(p.address)
	return err == nil
}

// errReplay says that an answer was not what the report claims.
var errReplay = errors.New("a request was not taken as claimed")

// errNoRoute is for a proxy that does not name the route.
var errNoRoute = errors.New("the answer does not say which route took it: start the proxy with --reveal-route")

// run sends every example of a comparison to both proxies and says to w what was not as claimed; then the error is
// errReplay.
func (r *replay) run(ctx context.Context, w io.Writer, c behaviour.Comparison) error {
	r.w = w
	for _, side := range []struct {
		proxy *replayed
		model *schema.Gateway
	}{{&r.old, c.Old}, {&r.new, c.New}} {
		for _, l := range side.model.Listeners {
			side.proxy.listeners[l.Port] = l
		}
	}
	var examples []*behaviour.Class
	ports := map[int]bool{}
	for _, head := range c.Behaviour.Classes {
		for _, class := range append([]*behaviour.Class{head}, head.Alike...) {
			if class.Request == nil {
				r.left++
				continue
			}
			examples = append(examples, class)
			ports[class.Port] = true
		}
	}
	if err := r.reachable(ports); err != nil {
		return err
	}
	for _, class := range examples {
		if err := r.example(ctx, class); err != nil {
			return err
		}
	}
	return r.sum()
}

// reachable refuses the address of one port where examples are of several listeners.
func (r *replay) reachable(ports map[int]bool) error {
	for _, p := range []*replayed{&r.old, &r.new} {
		if len(ports) > 1 && p.hasPort() {
			return fmt.Errorf("--replay: %q is one port, and the examples are of listeners at %d: write the host alone, and serve each "+
				"listener at its own port (of %s)", p.address, len(ports), strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(ports))), "[]"))
		}
	}
	return nil
}

// maxSilent is how many requests may remain without an answer.
const maxSilent = 10

// example sends the example of a class to both proxies.
func (r *replay) example(ctx context.Context, c *behaviour.Class) error {
	if r.old.asksForCertificates(c.Port) || r.new.asksForCertificates(c.Port) {
		fmt.Fprintf(r.w, "%s: not sent: listener %s asks clients for certificates\n", c.Request, c.Listeners[0])
		r.left++
		return nil
	}
	r.sent++
	for _, side := range []struct {
		proxy   *replayed
		claimed *behaviour.Route
	}{{&r.old, c.Old}, {&r.new, c.New}} {
		took, err := side.proxy.send(ctx, c)
		switch {
		case errors.Is(err, errNoRoute), ctx.Err() != nil:
			return fmt.Errorf("asking %s: %w", side.proxy.address, err)
		case err != nil:
			fmt.Fprintf(r.w, "%s: %s was not answered: %v\n", side.proxy.address, c.Request, err)
			if r.silent++; r.silent == maxSilent {
				return fmt.Errorf("--replay: %d requests were not answered, and no more are sent", r.silent)
			}
		case took != side.claimed.String():
			r.wrong++
			fmt.Fprintf(r.w, "%s: %s was taken by %s, not by %s\n", side.proxy.address, c.Request, took, side.claimed)
		}
	}
	return nil
}

// sum says what came of all.
func (r *replay) sum() error {
	line := fmt.Sprintf("replayed %d requests, %d answers not as claimed", r.sent, r.wrong)
	if r.silent > 0 {
		line += fmt.Sprintf(", %d without an answer", r.silent)
	}
	if r.left > 0 {
		line += fmt.Sprintf("; %d without an example that can be sent", r.left)
	}
	fmt.Fprintln(r.w, line)
	switch {
	case r.wrong > 0:
		return errReplay
	case r.silent > 0:
		return fmt.Errorf("--replay: %d requests were not answered", r.silent)
	}
	return nil
}

// asksForCertificates reports whether the listener of a port lets nobody in without one.
func (p *replayed) asksForCertificates(port int) bool {
	l := p.listeners[port].TLS
	return l != nil && l.ClientCertificates != nil && !l.ClientCertificates.Optional
}

// send sends a class's example and returns the route that took it.
func (p *replayed) send(ctx context.Context, c *behaviour.Class) (string, error) {
	in := c.Request
	scheme := "http"
	if p.listeners[c.Port].TLS != nil {
		scheme = "https"
	}
	target := &url.URL{Scheme: scheme, Host: net.JoinHostPort(in.Host, strconv.Itoa(c.Port)), Opaque: in.Path, RawQuery: in.RawQuery()}
	request := (&http.Request{Method: in.Method, URL: target, Host: in.Host, Header: http.Header{}}).WithContext(ctx)
	for _, f := range in.Header {
		request.Header[http.CanonicalHeaderKey(f.Name)] = append(request.Header[http.CanonicalHeaderKey(f.Name)], f.Value)
	}
	for _, name := range in.Without {
		request.Header[http.CanonicalHeaderKey(name)] = nil // none, not even the client's own
	}
	answer, err := p.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // the URL has been named
	}
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	took := answer.Header.Get(routeHeader)
	if took == "" {
		return "", errNoRoute
	}
	return took, nil
}
