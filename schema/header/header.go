// Package header says what the gateway does with header fields by itself, whatever is configured. It is one table, which
// route analysis, checks, route tests, explanations and filters read, and which the wires are tested against:
//
//	header.KindOf("keep-alive")      // Connection: no match sees it, no filter sets it
//	header.KindOf("X-Forwarded-For") // Written: every match sees it
//
// What a filter is told to do with a field is not its concern. Beside that it reads Retry-After for all who ask others.
package header

import (
	"slices"
	"strings"
)

// A Kind is what the gateway does with a field of requests before it looks for a route.
type Kind int

const (
	// EndToEnd fields are the client's word to the backend: matches and filters see them, and they are passed on.
	EndToEnd Kind = iota
	// Connection fields hold for one connection or frame one message. They end at the gateway, which writes its own on
	// each connection.
	Connection
	// Lookalike fields are what backends may take for those that frame a message: a request with one is refused.
	Lookalike
	// Written fields the gateway writes into requests, every one of them ([IsAlwaysThere]) or but for few: from what trusted
	// proxies say in them, and of Via and X-Request-Id also from what anybody else does.
	Written
	// Trusted fields are kept of trusted proxies, and removed from all other requests.
	Trusted
	// Certificate fields say which certificate the client has shown. They are kept of trusted proxies where the listener
	// asks for no certificates itself, and removed from all other requests. A listener that is told to writes Client-Cert.
	Certificate
	// Removed fields are removed from every request: clients could pass them off as the gateway's word about them.
	Removed
)

// A Field is a line of the table.
type Field struct {
	Name   string // as it is usually written; a '*' at its end stands for one byte or more
	Kind   Kind
	Source string // what defines it; "": nothing but usage
}

var fields = []Field{
	{"Connection", Connection, "RFC 9110, section 7.6.1"},
	{"Content-Length", Connection, "RFC 9110, section 8.6"},
	{"Expect", Connection, "RFC 9110, section 10.1.1"},
	{"Host", Connection, "RFC 9110, section 7.2"},
	{"Keep-Alive", Connection, "RFC 9110, section 7.6.1"},
	{"Proxy-Authenticate", Connection, "RFC 9110, section 11.7.1"},
	{"Proxy-Authorization", Connection, "RFC 9110, section 11.7.2"},
	{"Proxy-Connection", Connection, "RFC 9110, section 7.6.1"},
	{"TE", Connection, "RFC 9110, section 10.1.4"},
	{"Trailer", Connection, "RFC 9110, section 6.6.2"},
	{"Transfer-Encoding", Connection, "RFC 9112, section 6.1"},
	{"Upgrade", Connection, "RFC 9110, section 7.8"},

	{"Content_Length", Lookalike, ""},
	{"Transfer_Encoding", Lookalike, ""},

	{"Forwarded", Written, "RFC 7239, section 4"},
	{"Via", Written, "RFC 9110, section 7.6.3"},
	{"X-Forwarded-For", Written, ""},
	{"X-Forwarded-Host", Written, ""},
	{"X-Forwarded-Proto", Written, ""},
	{"X-Request-Id", Written, ""},

	{"Client-Cert", Certificate, "RFC 9440, section 2.2"},
	{"Client-Cert-Chain", Certificate, "RFC 9440, section 2.3"},

	{"X-Real-Ip", Removed, ""},
	{"X-Forwarded-*", Trusted, ""}, // those that are not named above
}

// Fields returns the table. All fields that are not in it are [EndToEnd].
func Fields() []Field { return slices.Clone(fields) }

// IsAlwaysThere reports whether each request has a field once it is matched. X-Forwarded-Host is written where there is a
// host, and a request of HTTP/1.0 may have none (RFC 9112, section 3.2).
func IsAlwaysThere(name string) bool {
	return KindOf(name) == Written && !strings.EqualFold(name, "X-Forwarded-Host")
}

// KindOf returns the kind of a field, in whatever case its name is written.
//
// Where the gateway's word about the client could be faked, spellings with '_' are [Removed], since some backends take
// '_' for '-', as CGI does (RFC 3875, section 4.1.18). Elsewhere they are names like all others.
func KindOf(name string) Kind {
	kind := find(name)
	if kind == Lookalike || strings.IndexByte(name, '_') < 0 {
		return kind
	}
	switch find(strings.ReplaceAll(name, "_", "-")) {
	case EndToEnd, Connection:
		return EndToEnd
	}
	return Removed
}

// find returns the kind of a field that is spelled as in the table.
func find(name string) Kind {
	for _, f := range fields {
		prefix, open := strings.CutSuffix(f.Name, "*")
		if strings.EqualFold(name, f.Name) || open && len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return f.Kind
		}
	}
	return EndToEnd
}

// IsWire reports whether a field is the wires': they read it, write it for each connection and leave it out of what
// anybody else sets.
func IsWire(name string) bool {
	kind := KindOf(name)
	return kind == Connection || kind == Lookalike
}

// IsToken reports whether a string is a token (RFC 9110, section 5.6.2), as names of fields and methods are.
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// IsValue reports whether a string can be the value of a field (RFC 9110, section 5.5): it has nothing that would end the
// field, and no other control character but tabs.
func IsValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
