package http2

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gwc.dev/runtime/exchange"
)

// outgoing is the exchange's request as net/http sends it. It shares no memory with the exchange: net/http may go on
// encoding a header after the call has ended.
func (e *Endpoint) outgoing(ctx context.Context, x *exchange.Exchange, c *Call) *http.Request {
	from := &x.Request
	text := newCloner(from)
	to := &http.Request{
		Method: text.clone(from.Method),
		// The path goes out byte for byte: net/http takes an opaque URL as the request target.
		URL: &url.URL{
			Scheme: e.scheme, Host: "endpoint", Opaque: text.clone(from.Path), RawQuery: text.clone(from.Query),
		},
		Host:   text.clone(from.Authority),
		Header: make(http.Header, len(from.Header)+2),
		Proto:  "HTTP/2.0", ProtoMajor: 2,
	}
	values := make([]string, len(from.Header))
	for i, f := range from.Header {
		name := http.CanonicalHeaderKey(text.clone(f.Name))
		if framing(name) {
			continue
		}
		if had := to.Header[name]; had != nil {
			to.Header[name] = append(had, text.clone(f.Value))
			continue
		}
		values[i] = text.clone(f.Value)
		to.Header[name] = values[i : i+1 : i+1]
	}
	if _, ok := to.Header["User-Agent"]; !ok {
		to.Header["User-Agent"] = nil // none sent, none invented
	}
	if c.o.Trailers {
		to.Header["Te"] = []string{"trailers"}
	}
	if from.Body != nil {
		to.Body, to.ContentLength = &c.body, from.Length
		to.Trailer = announced(c.o.Announce)
	}
	return to.WithContext(ctx)
}

// announced returns the names of a list as net/http takes announced trailer fields; nil: there are none.
func announced(list string) http.Header {
	var h http.Header
	for name := range strings.SplitSeq(list, ",") {
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if name == "" || framing(name) || !token(name) {
			continue
		}
		if h == nil {
			h = http.Header{}
		}
		h[strings.Clone(name)] = nil
	}
	return h
}

// A cloner copies strings into one piece of memory.
type cloner struct{ b strings.Builder }

// newCloner returns a cloner with room for a request's head.
func newCloner(r *exchange.Request) *cloner {
	n := len(r.Method) + len(r.Path) + len(r.Query) + len(r.Authority)
	for _, f := range r.Header {
		n += len(f.Name) + len(f.Value)
	}
	c := &cloner{}
	c.b.Grow(n)
	return c
}

func (c *cloner) clone(s string) string {
	start := c.b.Len()
	c.b.WriteString(s)
	return c.b.String()[start:]
}
