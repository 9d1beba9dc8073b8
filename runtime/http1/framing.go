package http1

import (
	"strings"

	"gwc.dev/runtime/exchange"
)

// contentLength reads a Content-Length. RFC 9112, section 6.3, lets a recipient take a list of equal numbers for
// one; it also lets it refuse, and whoever sends such a list has been confused by somebody.
func (m *Meta) contentLength(value string) error {
	if m.length >= 0 || strings.IndexByte(value, ',') >= 0 {
		return errTwoLengths
	}
	if len(value) == 0 || len(value) > 18 { // 18 digits are below 1<<63
		return errLength
	}
	n := int64(0)
	for i := range len(value) {
		digit := value[i] - '0'
		if digit > 9 {
			return errLength
		}
		n = n*10 + int64(digit)
	}
	m.length = n
	return nil
}

// transferEncoding reads a Transfer-Encoding, which may be one of several lines of the list.
func (m *Meta) transferEncoding(value string) error {
	m.coded = true
	for more := true; more; {
		var coding string
		coding, value, more = strings.Cut(value, ",")
		coding = trim(coding)
		switch {
		case m.Chunked || !isToken(coding): // chunked must be the last
			return errCoding
		case exchange.EqualFold(coding, "chunked"):
			m.Chunked = true
		default:
			m.otherCode = true
		}
	}
	return nil
}

// coding checks what the fields say together (RFC 9112, sections 6.1 and 6.3).
func (m *Meta) coding() error {
	switch {
	case !m.coded:
		return nil
	case m.Minor == 0:
		return errCoding10
	case m.length >= 0:
		return errBothLengths
	case !m.Chunked:
		return errCoding
	case m.otherCode:
		return errOtherCoding
	}
	return nil
}

// HasBody reports whether responses of a status to a method have a body at all.
func HasBody(method string, status int) bool {
	return status >= 200 && status != 204 && status != 304 && method != "HEAD"
}
