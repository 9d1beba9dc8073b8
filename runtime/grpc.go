package runtime

import (
	"net/http"
	"strconv"
	"strings"

	"gwc.dev/runtime/exchange"
)

// speaksGRPC reports whether a request is one of gRPC over HTTP/2 (gRPC-Web tells failures by their status).
func speaksGRPC(h exchange.Header) bool {
	const mediaType = "application/grpc"
	value := h.Get("Content-Type")
	if len(value) < len(mediaType) || !exchange.EqualFold(value[:len(mediaType)], mediaType) {
		return false
	}
	return len(value) == len(mediaType) || value[len(mediaType)] == '+' || value[len(mediaType)] == ';'
}

// failGRPC gives the gateway's own answer gRPC's form: status 200, and what is wrong in the fields that else come
// after the body (gRPC over HTTP/2, "Trailers-Only"). Clients read any other status as a broken server.
func failGRPC(x *exchange.Exchange) {
	from := x.Response
	if from.Status < 400 {
		return
	}
	x.Response = exchange.Response{Status: http.StatusOK}
	h := &x.Response.Header
	for _, f := range from.Header {
		if !exchange.EqualFold(f.Name, "Content-Type") {
			*h = append(*h, f)
		}
	}
	h.Add("Content-Type", "application/grpc")
	h.Add("Grpc-Status", strconv.Itoa(grpcCode(from.Status)))
	h.Add("Grpc-Message", escapeGRPC(http.StatusText(from.Status)+": "+x.Reason))
}

// grpcCode is the mapping of gRPC's document "HTTP to gRPC Status Code Mapping", which clients use for servers that
// answer without a code.
func grpcCode(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge:
		return 13 // INTERNAL
	case http.StatusUnauthorized:
		return 16 // UNAUTHENTICATED
	case http.StatusForbidden:
		return 7 // PERMISSION_DENIED
	case http.StatusNotFound:
		return 12 // UNIMPLEMENTED
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return 14 // UNAVAILABLE
	}
	return 2 // UNKNOWN
}

// escapeGRPC encodes a message as Grpc-Message takes it: printable ASCII but '%' as it is, else percent-encoded.
func escapeGRPC(message string) string {
	var b strings.Builder
	for i := range len(message) {
		if c := message[i]; c < ' ' || c > '~' || c == '%' {
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&0xf])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
