package routetest

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A Live is a gateway that listens somewhere.
type Live struct {
	// Credentials are what callers show. Tests whose caller's are not known are skipped.
	Credentials

	scheme    string
	port      string
	transport *http.Transport
}

// answerTimeout bounds the wait for an answer's header.
const answerTimeout = 30 * time.Second

// Dial returns the gateway at an address such as "http://127.0.0.1:8080". No connection is made before there is a
// request. Whatever host a request is for, it is sent there; over TLS the gateway shows a certificate for that host.
func Dial(address string) (*Live, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("address %q: want for instance \"http://127.0.0.1:8080\"", address)
	}
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	to := net.JoinHostPort(u.Hostname(), port)
	return &Live{scheme: u.Scheme, port: port, transport: &http.Transport{
		DisableCompression:    true, // which would ask for one in a field of its own
		ResponseHeaderTimeout: answerTimeout,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
	}}, nil
}

// Close ends the connections.
func (l *Live) Close() { l.transport.CloseIdleConnections() }

// headerRoute is where gwproxy --reveal-route names the route that took a request, or says "none".
const headerRoute = "Gwproxy-Route"

// Send runs the tests against a gateway that listens, and compares what shows outside: status and fields of the
// answers, and the route where the gateway names it. Those that want nothing of that are skipped, and those whose request
// cannot be made from here. The error says that the gateway could not be reached, or a caller's credentials not be had.
func (s *Suite) Send(ctx context.Context, l *Live) ([]Result, error) {
	if err := l.Fit(s.gateway.model); err != nil {
		return nil, err
	}
	var results []Result
	listener := s.listenerAt(l)
	for _, t := range s.tests {
		r := Result{Name: t.name, Position: t.position, Skipped: l.skips(t, listener)}
		request, auth := t.request, s.asked(&t.request)
		if r.Skipped == "" {
			r.Skipped = l.lacks(&request, auth, s.gateway.model)
		}
		if r.Skipped == "" {
			if err := l.present(&request, auth, s.gateway.model); err != nil {
				return nil, fmt.Errorf("test %q: %w", t.name, err)
			}
			var err error
			if r.Got, err = l.send(ctx, &request); err != nil {
				return nil, fmt.Errorf("test %q: %w", t.name, err)
			}
			r.Differences = outward(&t.Want, r.Got)
			s.locate(t, r.Differences)
			if r.Got.outside && !wantsVisible(&t.Want) {
				r.Skipped = "the gateway does not say which route took it"
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// listenerAt returns the listener whose port a gateway has; "": it has none of theirs, as behind a forwarded port.
func (s *Suite) listenerAt(l *Live) string {
	for name, listener := range schema.Sorted(s.gateway.model.Listeners) {
		if strconv.Itoa(listener.Port) == l.port {
			return name
		}
	}
	return ""
}

func wantsVisible(w *schema.TestWant) bool { return w.Status != 0 || len(w.ResponseHeaders) > 0 }

// skips says why a test is not sent to the listener; "": it is.
func (l *Live) skips(t *test, listener string) string {
	switch {
	case !wantsVisible(&t.Want) && t.Want.Route == "" && !t.Want.None:
		return "it wants nothing that shows outside"
	case t.Request.Client != "":
		return "its client is elsewhere"
	case t.request.scheme != l.scheme:
		return "it is for " + t.request.scheme
	case listener != "" && t.request.listener != listener:
		return "it is for listener " + t.request.listener
	}
	return ""
}

func (l *Live) send(ctx context.Context, r *request) (*Outcome, error) {
	target := r.path
	if strings.HasPrefix(target, "//") { // which would be read as an authority
		target = "//" + r.authority + target
	}
	req := (&http.Request{
		Method: r.method,
		URL:    &url.URL{Scheme: r.scheme, Host: r.authority, Opaque: target, RawQuery: r.query},
		Header: http.Header{"User-Agent": {""}}, // none, unless the test says otherwise
	}).WithContext(ctx)
	for _, f := range r.header {
		req.Header.Set(f.Name, f.Value)
	}
	resp, err := l.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	named := resp.Header.Get(headerRoute)
	out := &Outcome{Status: resp.StatusCode, outside: named == ""}
	if named != "none" {
		out.Route = named
	}
	out.Reason = complaint(resp.Header)
	for name, values := range schema.Sorted(resp.Header) {
		for _, v := range values {
			out.header = append(out.header, exchange.Field{Name: name, Value: v})
		}
	}
	return out, nil
}
