package http2

import (
	"strings"

	"gwc.dev/runtime/exchange"
)

// token reports whether a string is one, as methods and field names are (RFC 9110, section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// lowerCase reports whether a field's name is in lower case, as they all are (RFC 9113, section 8.2).
func lowerCase(name string) bool {
	for i := range len(name) {
		if 'A' <= name[i] && name[i] <= 'Z' {
			return false
		}
	}
	return true
}

// text reports whether a field's value has no control characters but tabs, and no white space around it (RFC 9113,
// section 8.2.1).
func text(value string) bool {
	if value != "" && (blank(value[0]) || blank(value[len(value)-1])) {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// trimmed returns a value without the white space around it, which HTTP/1.1 does not count either.
func trimmed(value string) string { return strings.Trim(value, " \t") }

func blank(c byte) bool { return c == ' ' || c == '\t' }

// writableFields reports whether all fields are such that whoever reads them takes them for what they are.
func writableFields(fields exchange.Header) bool {
	for i := range fields {
		if !token(fields[i].Name) || !text(trimmed(fields[i].Value)) {
			return false
		}
	}
	return true
}

// connections reports whether a field, by its name in lower case, is one of those by which HTTP/1.1 speaks about a
// connection: there are none (RFC 9113, section 8.2.2).
func connections(name, value string) bool {
	switch name {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return true
	case "te":
		return !exchange.EqualFold(value, "trailers")
	}
	return false
}

// framing reports whether a field, by its name in lower case, is a connection's and not a message's, or is told in
// another way.
func framing(name string) bool {
	switch name {
	case "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// lookalike reports whether somebody may take a field for one that frames a body.
func lookalike(f exchange.Field) bool {
	return strings.IndexByte(f.Name, '_') >= 0 &&
		(exchange.Alike(f.Name, "Content-Length") || exchange.Alike(f.Name, "Transfer-Encoding"))
}

// authority reports whether a string is a host with or without a port (RFC 3986, section 3.2), as far as it matters to
// whoever reads it after us: user information is none (RFC 9113, section 8.3.1).
func authority(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#/<>?@\\^`{|}", c) >= 0 {
			return false
		}
	}
	return s != "" && s[0] != ':'
}
