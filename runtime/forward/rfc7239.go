package forward

import (
	"net/netip"
	"strings"

	"gwc.dev/runtime/exchange"
)

// appendForwarded appends a Forwarded field's value (RFC 7239, section 4): an element for each address of a list, the
// last with what is known of the request itself.
func appendForwarded(b []byte, addresses, proto, host string) []byte {
	for rest := addresses; rest != ""; {
		var address string
		address, rest, _ = strings.Cut(rest, ",")
		b = append(b, "for="...)
		b = appendNode(b, strings.TrimSpace(address))
		if rest != "" {
			b = append(b, ", "...)
		}
	}
	if host != "" {
		b = append(b, ";host="...)
		b = appendValue(b, host)
	}
	b = append(b, ";proto="...)
	return append(b, proto...)
}

// appendNode appends an address as a node identifier (section 6): IPv6 in brackets, and what is no address at all as
// unknown.
func appendNode(b []byte, address string) []byte {
	addr, ok := addrIn(address)
	switch {
	case !ok:
		return append(b, "unknown"...)
	case addr.Is4():
		return addr.AppendTo(b)
	}
	b = append(b, '"', '[')
	b = addr.AppendTo(b)
	return append(b, ']', '"')
}

// appendValue appends a token as it is and any other text as a quoted string.
func appendValue(b []byte, value string) []byte {
	plain := value != ""
	for i := 0; i < len(value) && plain; i++ {
		c := value[i]
		plain = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._", c) >= 0
	}
	if plain {
		return append(b, value...)
	}
	b = append(b, '"')
	for i := range len(value) {
		if c := value[i]; c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, value[i])
	}
	return append(b, '"')
}

// saidForwarded reads a Forwarded field of trusted proxies from its end: the client is the last node that is not a
// trusted proxy, and what its element says of the request is what the client sent.
func saidForwarded(trusted []netip.Prefix, peer netip.Addr, list string) said {
	s := said{client: peer}
	var nodes []string
	elements := splitQuoted(list, ',')
	at := len(elements)
	for i := len(elements) - 1; i >= 0; i-- {
		addr, ok := addrIn(parameter(elements[i], "for"))
		if !ok {
			break
		}
		at = i
		s.client = addr
		if !trusts(trusted, addr) {
			break
		}
	}
	if at < len(elements) {
		s.proto, s.host = scheme(parameter(elements[at], "proto")), parameter(elements[at], "host")
	}
	for _, e := range elements {
		if addr, ok := addrIn(parameter(e, "for")); ok {
			nodes = append(nodes, addr.String())
		} else {
			nodes = append(nodes, "unknown")
		}
	}
	s.chain = strings.Join(nodes, ", ")
	return s
}

// parameter returns the value of an element's parameter; "" if there is none.
func parameter(element, name string) string {
	for _, pair := range splitQuoted(element, ';') {
		key, value, ok := strings.Cut(pair, "=")
		if ok && exchange.EqualFold(strings.TrimSpace(key), name) {
			return unquote(strings.TrimSpace(value))
		}
	}
	return ""
}

// splitQuoted splits a list at a separator that does not stand in a quoted string.
func splitQuoted(list string, separator byte) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			out = append(out, list[start:i])
			start = i + 1
		}
	}
	return append(out, list[start:])
}

// unquote returns what a quoted string holds, and any other text as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
