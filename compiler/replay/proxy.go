package replay

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// routeHeader is where gwproxy --reveal-route names the route that took a request.
const routeHeader = "Gwproxy-Route"

// errNoRoute is for a proxy that does not name the route.
var errNoRoute = errors.New("the answer does not say which route took it: start the proxy with --reveal-route")

// A proxy is one that runs.
type proxy struct {
	address     string                  // host, or host and port
	listeners   map[int]schema.Listener // by their ports
	certificate *tls.Certificate
	client      *http.Client
}

func newProxy(address string, certificate *tls.Certificate) *proxy {
	p := &proxy{address: address, certificate: certificate}
	// It is the routes that are asked about, and the proxies may run anywhere.
	tls := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
	if certificate != nil {
		tls.Certificates = append(tls.Certificates, *certificate)
	}
	p.client = &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DisableCompression: true, DisableKeepAlives: true, TLSClientConfig: tls,
			// The URL has the host that is asked for, which TLS names too; the connection is to the proxy.
			DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(at)
				if err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, p.at(port))
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// at returns the address at which the proxy serves the listener of a port.
func (p *proxy) at(port string) string {
	if p.hasPort() {
		return p.address
	}
	return net.JoinHostPort(strings.Trim(p.address, "[]"), port)
}

func (p *proxy) hasPort() bool {
	_, _, err := net.SplitHostPort(p.address)
	return err == nil
}

// letsIn reports whether the listener of a port lets us in: not without a certificate, if it asks everybody for one.
func (p *proxy) letsIn(port int) bool {
	l := p.listeners[port].TLS
	return p.certificate != nil || l == nil || l.ClientCertificates == nil || l.ClientCertificates.Optional
}

// An answer is a proxy's.
type answer struct {
	route  string // "api/route", or "none"
	status int
	header http.Header
	body   string // what of it is looked at
	// own says that the gateway itself has refused the request, or could not get an answer for it.
	own bool
}

// maxBody bounds what is read of an answer.
const maxBody = 1 << 20

// send sends a request, with what its caller shows.
func (p *proxy) send(ctx context.Context, s shot, shows exchange.Header) (*answer, error) {
	in := s.request
	scheme := "http"
	if p.listeners[s.port].TLS != nil {
		scheme = "https"
	}
	target := &url.URL{Scheme: scheme, Host: net.JoinHostPort(in.Host, strconv.Itoa(s.port)), Opaque: in.Path, RawQuery: in.RawQuery()}
	request := (&http.Request{Method: in.Method, URL: target, Host: in.Host, Header: http.Header{"User-Agent": nil}}).WithContext(ctx)
	for _, f := range in.Header {
		request.Header[http.CanonicalHeaderKey(f.Name)] = append(request.Header[http.CanonicalHeaderKey(f.Name)], f.Value)
	}
	for _, f := range shows {
		request.Header.Set(f.Name, f.Value)
	}
	for _, name := range in.Without {
		request.Header[http.CanonicalHeaderKey(name)] = nil // none, not even the client's own
	}
	response, err := p.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // the URL has been named
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	out := &answer{route: response.Header.Get(routeHeader), status: response.StatusCode, header: response.Header}
	if response.ContentLength > 0 && response.ContentLength <= maxBody { // others stream, perhaps for ever, and are a backend's
		body, _ := io.ReadAll(response.Body) // what has come says enough
		out.body = string(body)
	}
	out.own = out.isOwn()
	switch {
	case out.route == "" && out.own && unread(out.status):
		out.route = "none"
	case out.route == "":
		return nil, errNoRoute
	}
	return out, nil
}

// unread reports whether the gateway answers with a status to what it does not take for a request: then it names no route.
func unread(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge
}

// isOwn reports whether the answer is a problem document (RFC 9457) of the gateway itself, which names the request as the
// gateway does.
func (a *answer) isOwn() bool {
	var problem struct {
		Instance string `json:"instance"`
	}
	return a.header.Get("Content-Type") == "application/problem+json" && json.Unmarshal([]byte(a.body), &problem) == nil &&
		problem.Instance == "urn:request:"+a.header.Get("X-Request-Id")
}
