package http2

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// What a request is refused for.
var (
	errMethod     = &http1.Error{Status: 400, Reason: "method", Detail: "the method is not a token (RFC 9110, section 9.1)"}
	errLongMethod = &http1.Error{Status: 501, Reason: "method-unknown", Detail: "the method is longer than any that is known"}
	errConnect    = &http1.Error{Status: 405, Reason: "method-refused", Detail: "CONNECT is refused: no tunnels are opened here"}
	errTarget     = &http1.Error{Status: 400, Reason: "target", Detail: "the path is not one that begins with '/', or '*' of OPTIONS (RFC 9113, section 8.3.1)"}
	errLongTarget = &http1.Error{Status: 414, Reason: "target-size", Detail: "the target is longer than allowed"}
	errHeaderSize = &http1.Error{Status: 431, Reason: "header-size", Detail: "the header is longer than allowed"}
	errFieldCount = &http1.Error{Status: 431, Reason: "field-count", Detail: "the header has more fields than allowed"}
	errNoHost     = &http1.Error{Status: 400, Reason: "host-missing", Detail: "the request has neither :authority nor Host (RFC 9113, section 8.3.1)"}
	errHost       = &http1.Error{Status: 400, Reason: "host", Detail: "the host is not valid (RFC 9110, section 7.2)"}
	errTwoHosts   = &http1.Error{Status: 400, Reason: "host-twice", Detail: "Host is not what :authority says (RFC 9113, section 8.3.1)"}
	errLength     = &http1.Error{Status: 400, Reason: "length", Detail: "Content-Length is not one decimal number (RFC 9110, section 8.6)"}
	errLookalike  = &http1.Error{Status: 400, Reason: "framing-lookalike", Detail: "a field name is a framing field's with '_' in it"}
)

// maxMethod bounds a method's name.
const maxMethod = 32

// take fills in the exchange from what net/http has read. It returns why the request is refused, or nil.
func (s *Stream) take() *http1.Error {
	x, r := &s.x.Request, s.r
	x.Method, x.Authority = r.Method, r.Host
	x.Header = x.Header[:0]
	switch {
	case r.Method == http.MethodConnect:
		return errConnect
	case len(r.Method) > maxMethod:
		return errLongMethod
	case !token(r.Method):
		return errMethod
	}
	limits := &s.server.o.Limits
	if len(r.RequestURI) > limits.TargetBytes {
		return errLongTarget
	}
	x.Path, x.Query, _ = strings.Cut(r.RequestURI, "?")
	if !validTarget(r) {
		return errTarget
	}
	switch hosts := r.Header["Host"]; {
	case len(hosts) > 1 || len(hosts) == 1 && hosts[0] != r.Host:
		return errTwoHosts
	case r.Host == "":
		return errNoHost
	case !authority(r.Host):
		return errHost
	}
	if lengths, ok := r.Header["Content-Length"]; ok {
		if n, err := strconv.ParseUint(lengths[0], 10, 63); len(lengths) > 1 || err != nil || int64(n) != r.ContentLength {
			return errLength
		}
	}
	if refused := s.fields(limits); refused != nil {
		return refused
	}
	if s.hasBody() {
		x.Length, x.Body = r.ContentLength, &s.body
	}
	return nil
}

func (s *Stream) hasBody() bool {
	return s.r.Body != nil && s.r.Body != http.NoBody && s.r.ContentLength != 0
}

// validTarget reports whether a target is a path with or without a query, in characters that a URI may have.
func validTarget(r *http.Request) bool {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI == "*" && r.Method == http.MethodOptions
	}
	for i := range len(r.RequestURI) {
		if c := r.RequestURI[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// fields appends the end-to-end fields to the exchange's, within the limits.
func (s *Stream) fields(limits *http1.Limits) *http1.Error {
	count, size := 0, len(s.r.RequestURI)
	for name, values := range s.r.Header {
		count += len(values)
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
		switch {
		case lookalike(name):
			return errLookalike
		case name == "Te":
			s.meta.Trailers = len(values) == 1 && exchange.EqualFold(values[0], "trailers")
		case framing(name):
		default:
			for _, v := range values {
				s.x.Request.Header = append(s.x.Request.Header, exchange.Field{Name: name, Value: v})
			}
		}
	}
	switch {
	case count > limits.Fields:
		return errFieldCount
	case size > limits.HeaderBytes:
		return errHeaderSize
	}
	s.meta.Trailer = names(s.r.Trailer)
	return nil
}

// names returns the names of a header's fields as a list.
func names(h http.Header) string {
	if len(h) == 0 {
		return ""
	}
	list := make([]string, 0, len(h))
	for name := range h {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// framing reports whether a field, by its canonical name, is a connection's and not a message's, or is told in another
// way.
func framing(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// lookalike reports whether backends may take a field for one that frames a body.
func lookalike(name string) bool {
	return strings.IndexByte(name, '_') >= 0 &&
		(exchange.Alike(name, "Content-Length") || exchange.Alike(name, "Transfer-Encoding"))
}

// fieldsOf returns a header as an exchange has it, without fields that have no value yet.
func fieldsOf(h http.Header) exchange.Header {
	var out exchange.Header
	for name, values := range h {
		if framing(name) {
			continue
		}
		for _, v := range values {
			out = append(out, exchange.Field{Name: name, Value: v})
		}
	}
	return out
}
