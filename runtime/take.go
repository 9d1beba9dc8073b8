package runtime

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"

	"gwc.dev/runtime/forward"
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
	host, hostOK := route.Host(x.Request.Authority)
	x.Request.Path, x.Request.Host = path, host
	forward.Peer{
		Address: v.carrier.Remote().Addr(), Via: v.via(), TLS: v.carrier.TLS(), Certificates: v.listener.clientCerts,
	}.Tell(x, v.gen.trusted)
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

// via returns this proxy's element of Via.
func (v *visit) via() string {
	switch v.proto {
	case proto2:
		return "2 gwproxy"
	case "HTTP/1.0":
		return "1.0 gwproxy"
	}
	return "1.1 gwproxy"
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
