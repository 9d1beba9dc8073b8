package http2

import (
	"errors"
	"fmt"
	"net"

	"gwc.dev/runtime/http1"
)

// An errorCode says why a stream or a connection ends (RFC 9113, section 7).
type errorCode uint32

const (
	noError          errorCode = 0x0
	protocolError    errorCode = 0x1
	internalError    errorCode = 0x2
	flowControlError errorCode = 0x3
	streamClosed     errorCode = 0x5
	frameSizeError   errorCode = 0x6
	refusedStream    errorCode = 0x7
	cancelled        errorCode = 0x8
	compressionError errorCode = 0x9
	enhanceYourCalm  errorCode = 0xb
)

// A connError is what a peer does that ends the connection.
type connError struct {
	code   errorCode
	reason string // a flood's; else empty
	detail string
}

func (e *connError) Error() string { return e.detail }

// A resetError is a stream that the peer has ended.
type resetError struct{ code errorCode }

func (e *resetError) Error() string {
	return fmt.Sprintf("the stream was reset with code %#x", uint32(e.code))
}

var (
	// errUnprocessed says that a peer has done nothing for a stream (RFC 9113, section 8.7).
	errUnprocessed = errors.New("the connection ends and the stream was not looked at")
	errClosed      = errors.New("the peer has closed the connection")
	errOver        = errors.New("the stream is over")
	errGone        = fmt.Errorf("the connection is closed: %w", net.ErrClosed)
	errSilent      = errors.New("the peer does not answer a ping")
)

// What answers are refused for.
var (
	errInterim = &http1.Error{Status: 502, Reason: "interim", Detail: "there are too many interim responses"}
	errSwitch  = &http1.Error{Status: 502, Reason: "upgrade", Detail: "HTTP/2 has no change of protocol (RFC 9113, section 8.6)"}
	errAnswer  = &http1.Error{Status: 502, Reason: "answer", Detail: "the answer is not one of HTTP/2 (RFC 9113, section 8.1.1)"}
)

// What a request is refused for.
var (
	errMethod     = &http1.Error{Status: 400, Reason: "method", Detail: "the method is not a token (RFC 9110, section 9.1)"}
	errLongMethod = &http1.Error{Status: 501, Reason: "method-unknown", Detail: "the method is longer than any that is known"}
	errConnect    = &http1.Error{Status: 405, Reason: "method-refused", Detail: "CONNECT is refused: no tunnels are opened here"}
	errTarget     = &http1.Error{Status: 400, Reason: "target", Detail: "the path is not one that begins with '/', or '*' of OPTIONS (RFC 9113, section 8.3.1)"}
	errLongTarget = &http1.Error{Status: 414, Reason: "target-size", Detail: "the target is longer than allowed"}
	errHeaderSize = &http1.Error{Status: 431, Reason: "header-size", Detail: "the header is longer than allowed"}
	errFieldCount = &http1.Error{Status: 431, Reason: "field-count", Detail: "the header has more fields than allowed"}
	errNoHost     = &http1.Error{Status: 400, Reason: "host-missing", Detail: "the request has neither :authority nor Host (RFC 9113, section 8.3.1)"}
	errHost       = &http1.Error{Status: 400, Reason: "host", Detail: "the host is not valid (RFC 9110, section 7.2)"}
	errTwoHosts   = &http1.Error{Status: 400, Reason: "host-twice", Detail: "Host is not what :authority says (RFC 9113, section 8.3.1)"}
	errLength     = &http1.Error{Status: 400, Reason: "length", Detail: "Content-Length is not one decimal number (RFC 9110, section 8.6)"}
	errNoBody     = &http1.Error{Status: 400, Reason: "length", Detail: "Content-Length says that there is a body, and there is none (RFC 9113, section 8.1.1)"}
	errLookalike  = &http1.Error{Status: 400, Reason: "framing-lookalike", Detail: "a field name is a framing field's with '_' in it"}
)
