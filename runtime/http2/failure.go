package http2

import (
	"context"
	"errors"
	"strings"

	"gwc.dev/runtime/http1"
)

// What answers are refused for.
var (
	errInterim = &http1.Error{Status: 502, Reason: "interim", Detail: "there are too many interim responses"}
	errSwitch  = &http1.Error{Status: 502, Reason: "upgrade", Detail: "HTTP/2 has no change of protocol (RFC 9113, section 8.6)"}
	errAnswer  = &http1.Error{Status: 502, Reason: "answer", Detail: "the answer is not one of HTTP/2 (RFC 9113, section 8.1.1)"}
)

// A streamError is net/http's error of a stream; [errors.As] knows it by its fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return e.Cause.Error() }

const refusedStream = 0x7 // RFC 9113, section 7

// What net/http says. It has no names for these; the package's tests hold that it still does.
const (
	fromPeer       = "received from peer"
	connectionErr  = "connection error: "
	moreThanLength = "net/http: server replied with more than declared Content-Length; truncated"
	unusable       = "http2: client conn not usable"
	gotGoAway      = "http2: Transport received Server's graceful shutdown GOAWAY"
	tooLongHeader  = "http2: request header list larger than peer's advertised limit"
	invalidRequest = "http: invalid "
	invalidFrame   = "http2: invalid "
)

// explained returns an error of net/http as what it says about the endpoint: that what it sent is no answer, that it
// does not take the request, or else that the connection or stream has ended.
func explained(err error) error {
	stream, ok := errors.AsType[streamError](err)
	said := err.Error()
	switch {
	case ok && stream.Cause != nil && stream.Cause.Error() != fromPeer,
		strings.HasPrefix(said, connectionErr), said == moreThanLength:
		return errAnswer
	case said == tooLongHeader, strings.HasPrefix(said, invalidRequest), strings.HasPrefix(said, invalidFrame):
		return http1.ErrUnwritable
	}
	return err
}

// unprocessed reports whether an error says that the endpoint has done nothing for the request, which may be sent again
// (RFC 9113, section 8.7).
func unprocessed(err error) bool {
	if stream, ok := errors.AsType[streamError](err); ok {
		return stream.Code == refusedStream
	}
	said := err.Error()
	return said == unusable || said == gotGoAway
}

// failure returns why there is no answer.
func (c *Call) failure(err error) *http1.CallError {
	err = c.reason(err)
	_, source := errors.AsType[*http1.SourceError](err)
	return &http1.CallError{Err: err, Dialled: c.dialled, Source: source}
}

// reason returns why a wait for the endpoint ended with err.
func (c *Call) reason(err error) error {
	cause := context.Cause(c.ctx)
	if errors.Is(cause, http1.ErrTimeout) {
		return http1.ErrTimeout
	}
	if c.parent.Err() != nil {
		return http1.ErrInterrupted
	}
	if informing := c.interims.wait(); informing != nil {
		return informing
	}
	if source := c.body.failure(); source != nil {
		return &http1.SourceError{Err: source}
	}
	if errors.Is(cause, errStreamEnded) && errors.Is(err, context.Canceled) {
		return cause
	}
	return explained(err)
}
