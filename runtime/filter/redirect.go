package filter

import (
	"slices"
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
)

// redirector answers with a Location made of the request's URL and of what is configured.
type redirector struct {
	scheme, host string
	port         int
	path         pathChange
	status       int
}

func (f *redirector) Request(x *exchange.Exchange) bool {
	location := f.location(&x.Request, &x.Text)
	x.Answer(f.status, "", "")
	x.Reason = "redirect"
	x.Response.Header.Set("Location", location)
	return true
}

func (f *redirector) location(r *exchange.Request, memory *exchange.Text) string {
	var b strings.Builder
	scheme, host := or(f.scheme, r.Scheme), or(f.host, r.Host)
	if scheme != "" && isHost(host) { // an HTTP/1.0 request may have no host; then the redirect stays on the origin
		b.WriteString(scheme)
		b.WriteString("://")
		if strings.IndexByte(host, ':') >= 0 { // an IPv6 address, which stands in brackets in a URL only
			host = "[" + strings.Trim(host, "[]") + "]"
		}
		b.WriteString(host)
		if port := f.portOf(r); port != "" && port != defaultPort(scheme) {
			b.WriteByte(':')
			b.WriteString(port)
		}
	}
	b.WriteString(f.path.apply(r.Path, memory))
	if r.Query != "" {
		b.WriteByte('?')
		writeSafe(&b, r.Query)
	}
	return b.String()
}

// portOf returns the port to go to, or "" for the scheme's default: that is what a change of scheme or host means
// where no port is given.
func (f *redirector) portOf(r *exchange.Request) string {
	switch {
	case f.port != 0:
		return strconv.Itoa(f.port)
	case f.host != "" || f.scheme != "" && f.scheme != r.Scheme:
		return ""
	}
	_, port, _ := strings.Cut(r.Authority[strings.LastIndexByte(r.Authority, ']')+1:], ":")
	for i := 0; i < len(port); i++ {
		if port[i] < '0' || port[i] > '9' {
			return ""
		}
	}
	return port
}

// isHost reports whether s can stand as the host of a URL and ends nothing there.
func isHost(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~:[]", c) >= 0) {
			return false
		}
	}
	return s != ""
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// writeSafe writes a query with everything escaped that cannot stand in a field value.
func writeSafe(b *strings.Builder, query string) {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(query); i++ {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
}

func or(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

func redirect(c *compilation) Filter {
	config := c.Route.Redirect
	if config == nil {
		return nil
	}
	at := c.Path("redirect")
	f := &redirector{scheme: config.Scheme, host: strings.ToLower(config.Host), port: config.Port, status: config.Status}
	if f.status == 0 {
		f.status = 302
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, f.status) {
		c.report(at.Join("status"), "status", "use 301, 302, 303, 307 or 308", "status %d is no redirect", f.status)
	}
	if f.scheme != "" && defaultPort(f.scheme) == "" {
		c.report(at.Join("scheme"), "scheme", `use "http" or "https"`, "%q is not a scheme", f.scheme)
	}
	if f.port < 0 || f.port > 65535 {
		c.report(at.Join("port"), "port", "use a number from 1 to 65535", "%d is not a port", f.port)
	}
	c.hostName(at.Join("host"), config.Host)
	if config.Path != nil {
		f.path = c.pathChange(config.Path.Prefix, config.Path.Full, at.Join("path"))
	}
	return f
}
