// Package exchange is one request and its answer as the runtime's filters see them. It is small on purpose:
// no filter knows whether HTTP/1.1, HTTP/2 or a test carries the bytes.
//
// Strings in an exchange may point into a connection's read buffer: they are valid until the exchange ends,
// and whoever keeps one longer clones it.
package exchange

import (
	"context"
	"io"
	"net/netip"
)

// An Exchange is one request and its answer.
type Exchange struct {
	// Context ends when the client is gone or the exchange is over.
	Context context.Context

	Request  Request
	Response Response

	// Client is the caller's address, as trusted proxies report it.
	Client netip.Addr
	// ID is the request id that the access log shows and backends receive.
	ID string
	// Caller is who calls, once an auth filter knows it.
	Caller Caller
	// Owed holds fields that a filter promised for the answer while it handled the request. The filter itself
	// moves them to Response once there is an answer, whoever gave it.
	Owed Header
	// Text is memory for strings that end with the exchange.
	Text Text
	// Reason says why the gateway itself answered, in one word for logs and metrics ("auth-missing",
	// "rate-limited"); it is empty when a backend answered.
	Reason string
}

// A Request is what the client asks for; filters change it on its way to the backend.
type Request struct {
	Method string
	// Scheme is "http" or "https", as the client sees it.
	Scheme string
	// Host is the authority without its port, in lower case; Authority is as the client sent it.
	Host      string
	Authority string
	// Path is in normal form, percent-encoded where it must be. Query is as sent, without '?'.
	Path  string
	Query string

	Header Header
	Body   io.Reader // nil: none
	Length int64     // of Body; -1: unknown
}

// A Response is the answer; filters change it on its way to the client.
type Response struct {
	Status int
	Header Header
	Body   io.Reader // nil: none
	Length int64     // of Body; -1: unknown
}

// A Caller is a recognised consumer. The zero Caller is unknown.
type Caller struct {
	Consumer string
	Groups   []string
}
