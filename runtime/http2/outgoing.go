package http2

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gwc.dev/runtime/exchange"
)

// outgoing is the exchange's request as net/http sends it. It shares no memory with the exchange.
func (e *Endpoint) outgoing(ctx context.Context, x *exchange.Exchange, c *Call) *http.Request {
	from := &x.Request
	text := newCloner(len(from.Method)+len(from.Path)+len(from.Query)+len(from.Authority), from.Header)
	to := &http.Request{
		Method: text.clone(from.Method),
		// The path goes out byte for byte: net/http takes an opaque URL as the request target.
		URL: &url.URL{
			Scheme: e.scheme, Host: placeholder, Opaque: text.clone(from.Path), RawQuery: text.clone(from.Query),
		},
		Host:   text.clone(from.Authority),
		Header: make(http.Header, len(from.Header)+2),
		Proto:  "HTTP/2.0", ProtoMajor: 2,
	}
	text.addFields(to.Header, from.Header)
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
