package http2

import (
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// maxMethod bounds a method's name.
const maxMethod = 32

// complete reports whether a header says what a request's has to (RFC 9113, section 8.3.1).
func complete(b *block) bool {
	method, scheme, path := false, false, false
	for _, f := range b.fields[:b.about()] {
		switch f.Name {
		case ":method":
			method = true
			if f.Value == "CONNECT" { // it has neither of the others, and is refused
				scheme, path = true, true
			}
		case ":scheme":
			scheme = true
		case ":path":
			path = f.Value != ""
		case ":authority":
		default:
			return false
		}
	}
	return method && scheme && path
}

// take fills in the exchange from a header. What is wrong with it as a request is kept for whoever refuses it; a
// request that cannot be answered at all is not taken.
func (s *Stream) take(b *block, end bool) {
	x := &s.x.Request
	x.Header = x.Header[:0]
	target := ""
	for _, f := range b.fields[:b.about()] {
		switch f.Name {
		case ":method":
			x.Method = f.Value
		case ":path":
			target = f.Value
		case ":authority":
			x.Authority = f.Value
		}
	}
	x.Path, x.Query, _ = strings.Cut(target, "?")
	s.refused = s.check(b, target)
	if s.refused == nil {
		s.refused = s.fields(b)
	}
	switch {
	case s.refused != nil:
	case end && s.stream.left > 0:
		s.refused = errNoBody
	case !end && s.stream.left != 0:
		x.Length, x.Body = s.stream.left, &s.body
	}
}

// check returns why a request is refused for what stands about it; nil: it is not.
func (s *Stream) check(b *block, target string) *http1.Error {
	x, limits := &s.x.Request, &s.conn.server.o.Limits
	switch {
	case x.Method == "CONNECT":
		return errConnect
	case len(x.Method) > maxMethod:
		return errLongMethod
	case !token(x.Method):
		return errMethod
	case len(target) > limits.TargetBytes:
		return errLongTarget
	case !validTarget(x.Method, target):
		return errTarget
	}
	return nil
}

// validTarget reports whether a target is a path with or without a query, in characters that a URI may have.
func validTarget(method, target string) bool {
	if !strings.HasPrefix(target, "/") {
		return target == "*" && method == "OPTIONS"
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// fields appends the end-to-end fields to the exchange's, within the limits.
func (s *Stream) fields(b *block) *http1.Error {
	x, limits := &s.x.Request, &s.conn.server.o.Limits
	hosts, lengths, cookies := 0, 0, 0
	for _, f := range b.message() {
		switch f.Name {
		case "host":
			if hosts++; x.Authority == "" && hosts == 1 {
				x.Authority = f.Value
			}
			if f.Value != x.Authority || hosts > 1 {
				return errTwoHosts
			}
		case "content-length":
			n, err := strconv.ParseUint(f.Value, 10, 63)
			if lengths++; lengths > 1 || err != nil {
				return errLength
			}
			s.stream.left = int64(n)
		case "te":
			s.meta.Trailers = true
		case "trailer":
			s.meta.Trailer = list(s.meta.Trailer, f.Value)
		case "expect":
			s.body.expected = exchange.EqualFold(f.Value, "100-continue")
		case "cookie":
			cookies++
			x.Header = append(x.Header, f)
		default:
			switch {
			case lookalike(f):
				return errLookalike
			case !framing(f.Name):
				x.Header = append(x.Header, f)
			}
		}
	}
	if cookies > 1 {
		joinCookies(&s.x)
	}
	switch {
	case x.Authority == "":
		return errNoHost
	case !authority(x.Authority):
		return errHost
	case b.count > limits.Fields:
		return errFieldCount
	case b.size > limits.HeaderBytes:
		return errHeaderSize
	}
	return nil
}

// list appends to a comma-separated list.
func list(before, more string) string {
	if before == "" {
		return more
	}
	return before + ", " + more
}

// joinCookies makes one field of the cookies, which come in as many as the client liked: nobody but HTTP/2 reads it
// that way (RFC 9113, section 8.2.3).
func joinCookies(x *exchange.Exchange) {
	var all []string
	kept := x.Request.Header[:0]
	at := -1
	for _, f := range x.Request.Header {
		if f.Name != "cookie" {
			kept = append(kept, f)
			continue
		}
		if all = append(all, f.Value); at < 0 {
			at = len(kept)
			kept = append(kept, f)
		}
	}
	kept[at].Value = strings.Join(all, "; ")
	x.Request.Header = kept
}
