package explain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/route"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// A Request is one that the proxy would read: it has a valid host, path and method.
type Request struct {
	x      exchange.Exchange
	port   string // as the URL has it
	target int    // bytes of the path and query, as a client sends them
}

// Read reads a request as people write it: fields are "name: value", client is an IP address. The error is about what is
// none, and what the proxy refuses before it looks for a route.
func Read(method, target string, fields []string, client string) (*Request, error) {
	r := &Request{x: exchange.Exchange{Context: context.Background(), ID: "explained"}}
	asked := &r.x.Request
	if asked.Method = method; !header.IsToken(method) {
		return nil, fmt.Errorf("%q is no method", method)
	}
	if method == http.MethodConnect {
		return nil, errors.New("the proxy refuses CONNECT with 405: it opens no tunnels")
	}
	if err := r.url(target); err != nil {
		return nil, err
	}
	for _, line := range fields {
		if err := r.field(line); err != nil {
			return nil, fmt.Errorf("-H: %w", err)
		}
	}
	var ok bool
	if asked.Host, ok = route.Host(asked.Authority); !ok {
		hint := ""
		if strings.ContainsFunc(asked.Authority, func(c rune) bool { return c > '~' }) {
			hint = ": write it as DNS has it, xn--..."
		}
		return nil, fmt.Errorf("the proxy refuses host %q with 400%s", asked.Authority, hint)
	}
	var err error
	if r.x.Client, err = netip.ParseAddr(client); err != nil {
		return nil, fmt.Errorf("--client: %q is no IP address", client)
	}
	return r, nil
}

// url takes a URL apart as the proxy does, and not as a browser would mend it.
func (r *Request) url(text string) error {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	switch {
	case !ok || scheme != "http" && scheme != "https" || authority == "":
		return fmt.Errorf("%q is no URL of a gateway: write for instance https://api.example.com/path", text)
	case strings.Contains(authority, "@"):
		return errors.New("the URL has user information, which no client sends as such: write -H 'authorization: Basic ...'")
	case strings.Contains(rest, "#"):
		return fmt.Errorf("%q has a fragment, which no client sends: leave out what begins with # (a # in a path is %%23)", text)
	}
	raw, query, _ := strings.Cut(rest, "?")
	raw, query = escaped(raw), escaped(query)
	if raw == "" {
		raw = "/"
	}
	if r.target = len(raw); strings.Contains(rest, "?") {
		r.target += len("?") + len(query)
	}
	path, ok := route.Normalize(raw)
	if !ok {
		return fmt.Errorf("the proxy refuses path %q with 400: an escape is broken, or it could be read in more than one way", raw)
	}
	asked := &r.x.Request
	asked.Scheme, asked.Authority, asked.Path, asked.Query = scheme, authority, path, query
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		r.port = authority[colon+1:]
	}
	return nil
}

// escaped escapes what no client sends as it is: what is not ASCII, spaces and controls.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// field takes in one line of the header.
func (r *Request) field(line string) error {
	name, value, ok := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case !ok || !header.IsToken(name):
		return fmt.Errorf("%q is no header field, as 'x-version: v2' is one", line)
	case !header.IsValue(value):
		return fmt.Errorf("%q has a control character, which the proxy refuses with 400", line)
	case exchange.EqualFold(name, "Host"):
		if value == "" {
			return errors.New("the proxy refuses an empty host with 400")
		}
		r.x.Request.Authority = value
		return nil
	case header.KindOf(name) == header.Connection:
		return fmt.Errorf("%s is the connection's own field: no route and no filter sees it", name)
	case header.KindOf(name) == header.Lookalike:
		return fmt.Errorf("the proxy refuses field %s with 400: backends may take it for one that frames a body", name)
	}
	r.x.Request.Header.Add(http.CanonicalHeaderKey(name), value)
	return nil
}

// exchange returns a copy, for a filter to change.
func (r *Request) exchange() *exchange.Exchange {
	return &exchange.Exchange{
		Context: r.x.Context, ID: r.x.ID, Client: r.x.Client,
		Request: exchange.Request{
			Method: r.x.Request.Method, Scheme: r.x.Request.Scheme, Host: r.x.Request.Host, Authority: r.x.Request.Authority,
			Path: r.x.Request.Path, Query: r.x.Request.Query, Header: slices.Clone(r.x.Request.Header),
		},
	}
}

// listeners returns those that the request may come in at: where the URL's port is a listener's own it is that one, else
// all that speak TLS as the scheme says. What stands before a gateway often has another port.
func (r *Request) listeners(model *schema.Gateway) ([]string, error) {
	var all, own, there []string
	for name, l := range schema.Sorted(model.Listeners) {
		scheme := "http"
		if l.TLS != nil {
			scheme = "https"
		}
		there = append(there, fmt.Sprintf("%s is %s on port %d", name, scheme, l.Port))
		has := r.port == strconv.Itoa(l.Port)
		switch {
		case scheme == r.x.Request.Scheme && has:
			own = append(own, name)
		case scheme == r.x.Request.Scheme:
			all = append(all, name)
		case has:
			return nil, fmt.Errorf("listener %s on port %s speaks %s and not %s", name, r.port, scheme, r.x.Request.Scheme)
		}
	}
	switch {
	case len(own) > 0:
		return own, nil
	case len(all) == 0:
		return nil, fmt.Errorf("no listener speaks %s: %s", r.x.Request.Scheme, strings.Join(there, ", "))
	}
	return all, nil
}
