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

// text reports whether a field's value has no control characters but tabs (RFC 9110, section 5.5).
func text(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// valid reports whether all fields are such that net/http sends them; others it drops.
func valid(fields exchange.Header) bool {
	for i := range fields {
		if !token(fields[i].Name) || !text(fields[i].Value) {
			return false
		}
	}
	return true
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
