package runtime

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/route"
	"gwc.dev/runtime/upstream"
)

// take fills in x.Request from what net/http has read. It refuses what is not plainly one thing: then it has
// answered and returns false.
func (v *visit) take() bool {
	x, r := &v.x, v.r
	x.Request.Method = r.Method
	x.Request.Scheme = "http"
	if r.TLS != nil {
		x.Request.Scheme = "https"
	}
	x.Request.Header = upstream.AppendFields(make(exchange.Header, 0, len(r.Header)+6), r.Header)
	raw, query, ok := target(r.RequestURI)
	v.path = raw
	x.Request.Query = query
	x.Request.Path, ok = normalize(raw, ok)
	host, hostOK := hostOf(r.Host)
	x.Request.Authority, x.Request.Host = r.Host, host
	v.forwarded()
	switch {
	case r.Method == http.MethodConnect:
		x.Fail(http.StatusMethodNotAllowed, "method-refused", "This gateway opens no tunnels.")
		return false
	case !ok:
		x.Fail(http.StatusBadRequest, "path-refused", "The request's path is not valid.")
		return false
	case !hostOK:
		x.Fail(http.StatusBadRequest, "host-refused", "The request's host is not valid.")
		return false
	}
	x.Request.Length = r.ContentLength
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		v.body = newClientBody(v.w, r.Body)
		x.Request.Body = v.body
	}
	return true
}

func normalize(raw string, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return route.Normalize(raw)
}

// target splits a request target in origin form or absolute form (RFC 9112, section 3.2) into path and query.
func target(uri string) (path, query string, ok bool) {
	if !strings.HasPrefix(uri, "/") {
		scheme, rest, found := strings.Cut(uri, "://")
		if !found || !exchange.EqualFold(scheme, "http") && !exchange.EqualFold(scheme, "https") {
			return uri, "", false
		}
		at := strings.IndexAny(rest, "/?")
		switch {
		case at < 0:
			uri = "/"
		case rest[at] == '?':
			uri = "/" + rest[at:]
		default:
			uri = rest[at:]
		}
	}
	path, query, _ = strings.Cut(uri, "?")
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c == 0x7f || c == '#' {
			return path, "", false
		}
	}
	return path, query, true
}

// hostOf returns the host of an authority in lower case, without port, brackets and the root's dot. It refuses
// user names, ports that are none, and characters that no host has.
func hostOf(authority string) (string, bool) {
	host, port := authority, ""
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return "", false
		}
		port = host[end+1:]
		host = host[1:end]
		if port != "" && port[0] != ':' || strings.Trim(host, "0123456789abcdefABCDEF:.") != "" {
			return "", false
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(authority, ":")
		for i := 0; i < len(host); i++ {
			if !isHostByte(host[i]) {
				return "", false
			}
		}
	}
	if authority != "" && (host == "" || host[0] == '.' || strings.Contains(host, "..")) { // no host has an empty label
		return "", false
	}
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), true
}

func isHostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

// maxID bounds a request id that is taken over from a client.
const maxID = 128

// requestID returns the client's X-Request-Id if it is fit for logs and headers, else a new one.
func requestID(h http.Header, rand func() uint64) string {
	if ids := h["X-Request-Id"]; len(ids) == 1 && sane(ids[0]) {
		return ids[0]
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], rand())
	binary.BigEndian.PutUint64(b[8:], rand())
	return hex.EncodeToString(b[:])
}

func sane(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.:+/=@", c) >= 0) {
			return false
		}
	}
	return true
}
