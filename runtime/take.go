package runtime

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"

	"gwc.dev/runtime/route"
)

// take completes x.Request, which holds what was sent. It refuses what is not plainly one thing: then it has answered
// and returns false.
func (v *visit) take() bool {
	x := v.x
	x.Request.Scheme = "http"
	if v.carrier.TLS() != nil {
		x.Request.Scheme = "https"
	}
	v.path = x.Request.Path
	v.grpc = v.proto == proto2 && speaksGRPC(x.Request.Header)
	path, pathOK := route.Normalize(v.path)
	host, hostOK := hostOf(x.Request.Authority)
	x.Request.Path, x.Request.Host = path, host
	v.forwarded()
	switch {
	case x.Request.Method == http.MethodConnect:
		x.Fail(http.StatusMethodNotAllowed, "method-refused", "This gateway opens no tunnels.")
		return false
	case !pathOK:
		x.Fail(http.StatusBadRequest, "path-refused", "The request's path is not valid.")
		return false
	case !hostOK:
		x.Fail(http.StatusBadRequest, "host-refused", "The request's host is not valid.")
		return false
	}
	return true
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

// identify gives the exchange the client's X-Request-Id if it is fit for logs and headers, else a new one.
func (v *visit) identify() {
	h := v.x.Request.Header
	if h.Count("X-Request-Id") == 1 {
		if id := h.Get("X-Request-Id"); sane(id) {
			v.x.ID = id
			return
		}
	}
	v.x.ID = v.x.Text.Append(func(b []byte) []byte {
		var random [16]byte
		binary.BigEndian.PutUint64(random[:8], v.server.o.Rand())
		binary.BigEndian.PutUint64(random[8:], v.server.o.Rand())
		return hex.AppendEncode(b, random[:])
	})
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
