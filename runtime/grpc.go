package runtime

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/upstream"
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
func (v *visit) failGRPC() {
	x := v.x
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
	code := grpcCode(from.Status)
	if from.Status >= 500 && v.expired() {
		code = deadlineExceeded
	}
	h.Add("Grpc-Status", strconv.Itoa(code))
	h.Add("Grpc-Message", escapeGRPC(http.StatusText(from.Status)+": "+x.Reason))
}

// endGRPC ends an answer of gRPC that a backend has left unfinished by saying so, as a backend does whose call fails; false:
// it cannot be, or the client is gone.
func (v *visit) endGRPC() bool {
	ending, ok := v.carrier.(interface {
		End(trailer exchange.Header) error
	})
	if !ok || !v.grpc || v.x.Reason == upstream.ClientGone {
		return false
	}
	code := unavailable
	if v.x.Reason == upstream.Timeout || v.expired() {
		code = deadlineExceeded
	}
	return ending.End(exchange.Header{
		{Name: "Grpc-Status", Value: strconv.Itoa(code)}, {Name: "Grpc-Message", Value: "the answer was not completed: " + v.x.Reason},
	}) == nil
}

// expired reports whether the time is over that the client has given the call: then that is why the backend has ended it,
// which says so by a reset if it can.
func (v *visit) expired() bool {
	limit, ok := grpcTimeout(v.x.Request.Header.Get("Grpc-Timeout"))
	return ok && v.server.o.Clock().Sub(v.began) >= limit
}

// grpcTimeout reads a Grpc-Timeout field: up to eight digits and a unit (gRPC over HTTP/2, "Requests").
func grpcTimeout(value string) (time.Duration, bool) {
	const most = len("99999999H")
	if len(value) < 2 || len(value) > most {
		return 0, false
	}
	last := len(value) - 1
	unit, ok := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[value[last]]
	n, err := strconv.ParseUint(value[:last], 10, 32)
	if !ok || err != nil || time.Duration(n) > math.MaxInt64/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// Codes of gRPC's that are more than the mapping of a status.
const (
	deadlineExceeded = 4
	unavailable      = 14
)

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
