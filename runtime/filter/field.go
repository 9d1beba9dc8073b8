package filter

import (
	"net/textproto"
	"strings"

	"gwc.dev/schema"
)

// validName reports whether s is a field name (RFC 9110, section 5.1).
func validName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// validValue reports whether s can be a field value (RFC 9110, section 5.5): it holds nothing that could end
// the field, and no other control character but tab.
func validValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// framing reports whether a field belongs to the connection or to the framing of the message (RFC 9110,
// section 7.6.1): the wire engine's, never a filter's.
func framing(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer",
		"transfer-encoding", "upgrade":
		return true
	}
	return false
}

// field checks the name and the value of a header field that the configuration sets, and returns the name in
// the case that is usual on the wire.
func (c *compilation) field(at schema.Path, name, value string) string {
	switch {
	case !validName(name):
		c.report(at, "header-name", "use letters, digits and '-'", "%q is not a header name", name)
	case framing(name):
		c.report(at, "header-forbidden", "remove it; to send another Host, use rewrite.host",
			"header %q belongs to the connection and cannot be changed", name)
	case !validValue(value):
		c.report(at, "header-value", "remove the control characters", "the value of header %q holds control characters", name)
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}
