package http1

import (
	"strings"

	"gwc.dev/runtime/exchange"
)

// readTarget splits a request target (RFC 9112, section 3.2) into authority, path and query. The authority is
// empty but in absolute form. The path of the asterisk form is "*".
func readTarget(target string, x *exchange.Request) error {
	x.Authority, x.Path, x.Query = "", "", ""
	switch {
	case target == "*":
		if x.Method != "OPTIONS" {
			return errTarget
		}
		x.Path = target
		return nil
	case target[0] != '/':
		rest, ok := cutScheme(target)
		if !ok {
			return errTarget
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		x.Authority, target = rest[:end], rest[end:]
		if !validAuthority(x.Authority) {
			return errHost
		}
	}
	x.Path, x.Query, _ = strings.Cut(target, "?")
	if x.Path == "" { // "http://host" and "http://host?query"
		x.Path = "/"
	}
	return nil
}

// cutScheme removes "http://" or "https://".
func cutScheme(target string) (rest string, ok bool) {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(target) > len(scheme) && exchange.EqualFold(target[:len(scheme)], scheme) {
			return target[len(scheme):], true
		}
	}
	return "", false
}

// authority settles who is asked. A target in absolute form overrides Host, which has to be valid all the same
// (RFC 9112, section 3.2.2).
func (m *Meta) authority(x *exchange.Request, host string) error {
	switch {
	case m.hosts > 1:
		return errTwoHosts
	case m.hosts == 0 && m.Minor > 0:
		return errNoHost
	case m.hosts == 1 && !validAuthority(host):
		return errHost
	}
	if x.Authority == "" {
		x.Authority = host
	}
	return nil
}

// validAuthority reports whether s is a host with or without a port (RFC 3986, section 3.2). An empty host is
// none (RFC 9110, section 4.2.1), and user information is refused (section 4.2.4).
func validAuthority(s string) bool {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		host, port = s[1:end], s[end+1:]
		if !validAddress(host) {
			return false
		}
	} else {
		if at := strings.IndexByte(s, ':'); at >= 0 {
			host, port = s[:at], s[at:]
		}
		if host == "" || !all(host, hostByte) || !validEscapes(host) {
			return false
		}
	}
	return port == "" || validPort(port)
}

// validAddress reports whether s looks like an IPv6 address; nobody resolves it here.
func validAddress(s string) bool {
	for i := range len(s) {
		if c := s[i]; classOf[c]&hexByte == 0 && c != ':' && c != '.' {
			return false
		}
	}
	return strings.Count(s, ":") >= 2
}

// validPort reports whether s is a colon and at most one number below 65536.
func validPort(s string) bool {
	if s[0] != ':' || len(s) > len(":65535") {
		return false
	}
	n := 0
	for i := 1; i < len(s); i++ {
		digit := s[i] - '0'
		if digit > 9 {
			return false
		}
		n = n*10 + int(digit)
	}
	return n <= 65535
}

// validEscapes reports whether every '%' begins two hexadecimal digits.
func validEscapes(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; {
		if len(s) < i+3 || classOf[s[i+1]]&classOf[s[i+2]]&hexByte == 0 {
			return false
		}
		s = s[i+3:]
		i = strings.IndexByte(s, '%')
	}
	return true
}
