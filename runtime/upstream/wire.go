package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"gwc.dev/runtime/exchange"
)

// outgoing is the exchange's request as net/http sends it.
func outgoing(ctx context.Context, x *exchange.Exchange, in Request, e *endpoint, b *body) *http.Request {
	from := &x.Request
	host := from.Authority
	if host == "" {
		host = e.address
	}
	path := from.Path
	if strings.HasPrefix(path, "//") || path == "" { // would be read as an authority
		path = "/" + strings.TrimLeft(path, "/")
	}
	to := &http.Request{
		Method: from.Method,
		// The path goes out byte for byte: net/http takes an opaque URL as the request target.
		URL:    &url.URL{Scheme: e.scheme, Host: e.address, Opaque: path, RawQuery: from.Query},
		Host:   host,
		Header: toMap(from.Header),
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if b != nil {
		to.Body, to.ContentLength, to.Trailer = b, from.Length, in.Trailer
	}
	if _, ok := to.Header["User-Agent"]; !ok {
		to.Header["User-Agent"] = nil // none sent, none invented
	}
	if in.Trailers {
		to.Header["Te"] = []string{"trailers"}
	}
	if in.Upgrade != "" {
		to.Header["Connection"] = []string{"Upgrade"}
		to.Header["Upgrade"] = []string{in.Upgrade}
	}
	return to.WithContext(ctx)
}

// toMap returns the fields as net/http holds them. Fields that describe one connection's framing are not
// among them: the transport writes its own.
func toMap(fields exchange.Header) http.Header {
	values := make([]string, len(fields))
	out := make(http.Header, len(fields)+2)
	for i, f := range fields {
		name := http.CanonicalHeaderKey(f.Name)
		if Framing(name) || name == "Host" || name == "Expect" { // what the client expects it has got here
			continue
		}
		if had := out[name]; had != nil {
			out[name] = append(had, f.Value)
			continue
		}
		values[i] = f.Value
		out[name] = values[i : i+1 : i+1]
	}
	return out
}

// fill copies an endpoint's answer into the exchange, without the fields that hold for its connection only.
func fill(to *exchange.Response, from *http.Response) {
	to.Status = from.StatusCode
	to.Header = AppendFields(to.Header[:0], from.Header)
	to.Length = from.ContentLength
	to.Body = from.Body
	if from.Body == http.NoBody {
		to.Body = nil
	}
}

// AppendFields appends the end-to-end fields of a net/http header to a list: all but those of RFC 9110,
// section 7.6.1, those that Connection names, and those of the body's framing.
func AppendFields(to exchange.Header, from http.Header) exchange.Header {
	named := from["Connection"]
	for name, values := range from {
		if Framing(name) || named != nil && listed(named, name) {
			continue
		}
		for _, v := range values {
			to = append(to, exchange.Field{Name: name, Value: v})
		}
	}
	return to
}

// Framing reports whether a field, by its canonical name, belongs to a connection and not to a message.
func Framing(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// listed reports whether a comma-separated list holds a token, in any case.
func listed(lists []string, token string) bool {
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			if exchange.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}
