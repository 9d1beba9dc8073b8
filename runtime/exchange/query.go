package exchange

import "strings"

// LookupQuery returns the first value of a parameter of a query and whether it is there, decoded as HTML forms
// are: pairs are separated by '&', '+' is a space, %-escapes are bytes, and a '%' that begins no escape stands
// for itself. It allocates only for a value that has to be decoded.
func LookupQuery(query, name string) (string, bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if pair != "" && equalDecoded(key, name) {
			return decode(value), true
		}
	}
	return "", false
}

// DeleteQuery returns query without the parameters of that name; the others stay as they were sent.
func DeleteQuery(query, name string) string {
	if _, ok := LookupQuery(query, name); !ok {
		return query
	}
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if pair == "" || !equalDecoded(key, name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// equalDecoded reports whether s decodes to want.
func equalDecoded(s, want string) bool {
	for s != "" {
		c, n := next(s)
		if want == "" || want[0] != c {
			return false
		}
		s, want = s[n:], want[1:]
	}
	return want == ""
}

func decode(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		c, n := next(s)
		b.WriteByte(c)
		s = s[n:]
	}
	return b.String()
}

// next returns the first byte that s stands for and how many bytes of s it takes.
func next(s string) (c byte, n int) {
	switch {
	case s[0] == '+':
		return ' ', 1
	case s[0] == '%' && len(s) >= 3:
		hi, lo := unhex(s[1]), unhex(s[2])
		if hi < 16 && lo < 16 {
			return hi<<4 | lo, 3
		}
	}
	return s[0], 1
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
