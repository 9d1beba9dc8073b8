package space

import (
	"strconv"
	"strings"
)

// A Request is an example of a set: what of a request matches look at.
type Request struct {
	Host   string
	Method string
	Path   string  // in normal form
	Header []Field // the lines in their order, names in lower case
	Query  []Field // names and values, decoded
	// Without names the header fields that must not be there, for clients that send some of their own accord.
	Without []string
}

// A Field is a name and a value.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// String returns the request in a line, as "POST api.example.com/users?page=1 with x-version: v2".
func (r *Request) String() string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.Host + r.target())
	for i, f := range r.Header {
		b.WriteString([2]string{" with ", ", "}[min(i, 1)])
		b.WriteString(f.Name + ": " + plainOrQuoted(f.Value))
	}
	for i, name := range r.Without {
		b.WriteString([2]string{" without ", ", "}[min(i, 1)] + name)
	}
	return b.String()
}

// plainOrQuoted quotes a value where its ends or its characters would be hard to see.
func plainOrQuoted(value string) string {
	if quoted := strconv.Quote(value); value == "" || quoted != `"`+value+`"` || strings.ContainsAny(value, " ,") {
		return quoted
	}
	return value
}

// Curl returns the words of a command line, quoted for a shell, that send the request. The scheme is "http" or
// "https".
func (r *Request) Curl(scheme string) string {
	words := []string{"curl"}
	switch r.Method {
	case "GET":
	case "HEAD": // with -X curl waits for a body
		words = append(words, "--head")
	default:
		words = append(words, "-X", shellQuote(r.Method))
	}
	for _, f := range r.Header {
		line := f.Name + ": " + f.Value
		if f.Value == "" {
			line = f.Name + ";"
		}
		words = append(words, "-H", shellQuote(line))
	}
	for _, name := range r.Without {
		if name == "accept" || name == "user-agent" { // curl sends these
			words = append(words, "-H", shellQuote(name+":"))
		}
	}
	return strings.Join(append(words, shellQuote(r.URL(scheme))), " ")
}

// URL returns the request's URL at the scheme's own port.
func (r *Request) URL(scheme string) string { return scheme + "://" + r.Host + r.target() }

// RawQuery returns the query as it is sent, without '?'.
func (r *Request) RawQuery() string {
	var b strings.Builder
	for i, f := range r.Query {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escapeQuery(f.Name) + "=" + escapeQuery(f.Value))
	}
	return b.String()
}

func (r *Request) target() string {
	if len(r.Query) == 0 {
		return r.Path
	}
	return r.Path + "?" + r.RawQuery()
}

func escapeQuery(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isLetterOrDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// shellQuote quotes a word for bash and its like.
func shellQuote(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' }) < 0 {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.Write([]byte{'\\', c})
		case ' ' <= c && c < 0x7f:
			b.WriteByte(c)
		default:
			b.Write([]byte{'\\', 'x', hex[c>>4], hex[c&15]})
		}
	}
	return b.String() + "'"
}

// value returns the part of r, and whether it is there.
func (r *Request) value(p *part) (string, bool) {
	switch p.kind {
	case hostPart:
		return r.Host, true
	case pathPart:
		return r.Path, true
	case methodPart:
		return r.Method, true
	case headerPart:
		return joined(r.Header, p.name)
	}
	for _, f := range r.Query {
		if f.Name == p.name {
			return f.Value, true
		}
	}
	return "", false
}

// joined returns the value of all lines of a field (RFC 9110, section 5.3).
func joined(header []Field, name string) (string, bool) {
	var values []string
	for _, f := range header {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, ", "), len(values) > 0
}

// lines returns the lines of a field that have the value together. One is enough where the value does not end in a
// blank.
func lines(name, value string) []Field {
	empty := 0
	for strings.HasSuffix(value, ", ") {
		value = value[:len(value)-2]
		empty++
	}
	out := []Field{{name, value}}
	for range empty {
		out = append(out, Field{name, ""})
	}
	return out
}
