package schema

import "strings"

// NormalizePath returns the one form that stands for all spellings of a path, or false where the path is to be
// refused. Requests and configuration are compared in this form only, and backends receive it, so that gateway
// and backend cannot read one path as two.
//
// It is the form of RFC 3986, section 6.2.2: escapes of unreserved characters are decoded, all other escapes are
// in capitals, dot segments are resolved (never above the root), and bytes that cannot stand in a path are
// escaped. Empty segments are removed too; a slash at the end stays. A slash that is escaped (%2F) stays so, and
// is part of its segment.
//
// Refused is what somebody behind the gateway could take for another path than the gateway does: a path that
// does not begin with '/', broken escapes, control characters and spaces, escaped control characters, '\', '?'
// and '#', and segments that become dot segments once more is decoded or cut off ("..%2f", "..;a").
//
// NormalizePath(p) of a path in normal form is p itself, and costs no allocation.
func NormalizePath(path string) (string, bool) {
	if path == "" || path[0] != '/' {
		return "", false
	}
	if isNormal(path) {
		return path, true
	}
	return normalize(path)
}

// isNormal reports whether a path is in normal form, as far as one quick look can tell.
func isNormal(path string) bool {
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '/':
			// A segment that is empty or begins with a dot, unless it is the last and empty.
			if i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.') {
				return false
			}
		case c == '%':
			if i+2 >= len(path) || !plainEscape(path[i+1], path[i+2]) {
				return false
			}
			i += 2
		case !segmentByte(c):
			return false
		}
	}
	return true
}

// plainEscape reports whether %hl is an escape in normal form that needs no further look.
func plainEscape(h, l byte) bool {
	if unhex(h) > 15 || unhex(l) > 15 || h >= 'a' || l >= 'a' {
		return false
	}
	c := unhex(h)<<4 | unhex(l)
	return c >= ' ' && c != 0x7f && c != '/' && c != '\\' && c != ';' && !unreserved(c)
}

func normalize(path string) (string, bool) {
	out := make([]byte, 0, len(path)+8)
	directory := false // the path ends in a slash
	for rest := path[1:]; ; {
		segment, after, more := strings.Cut(rest, "/")
		start := len(out)
		out = append(out, '/')
		var ok bool
		if out, ok = appendSegment(out, segment); !ok {
			return "", false
		}
		switch s := out[start+1:]; {
		case len(s) == 0 || string(s) == ".":
			out = out[:start]
			directory = true
		case string(s) == "..":
			out = out[:start]
			for len(out) > 0 {
				last := len(out) - 1
				slash := out[last] == '/'
				if out = out[:last]; slash {
					break
				}
			}
			directory = true
		default:
			if hidesDots(string(s)) {
				return "", false
			}
			directory = false
		}
		if !more {
			break
		}
		rest = after
	}
	if directory {
		out = append(out, '/')
	}
	return string(out), true
}

// appendSegment appends the normal form of a segment's bytes.
func appendSegment(out []byte, s string) ([]byte, bool) {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) || unhex(s[i+1]) > 15 || unhex(s[i+2]) > 15 {
				return nil, false
			}
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
			if c < ' ' || c == 0x7f {
				return nil, false
			}
			if unreserved(c) {
				out = append(out, c)
				continue
			}
		case segmentByte(c):
			out = append(out, c)
			continue
		case c <= ' ' || c == 0x7f || c == '\\' || c == '#' || c == '?':
			return nil, false
		}
		out = append(out, '%', hex[c>>4], hex[c&15])
	}
	return out, true
}

// hidesDots reports whether a part of a segment is a dot segment for somebody who takes %2F or %5C for a
// separator, or cuts off what follows a semicolon.
func hidesDots(segment string) bool {
	if strings.IndexByte(segment, '.') < 0 {
		return false
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(segment, "%5C", "%2F"), "%2F") {
		name, _, _ := strings.Cut(strings.ReplaceAll(part, "%3B", ";"), ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return false
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// segmentByte reports whether c stands for itself in a segment: pchar of RFC 3986, except '%'.
func segmentByte(c byte) bool {
	if unreserved(c) {
		return true
	}
	switch c {
	case '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@':
		return true
	}
	return false
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
