package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// Reasons of a [Failure]: labels of a metric and words of the access log.
const (
	ConnectFailure = "connect-failure" // no connection; the request never left
	TLS            = "tls"             // no TLS session; the request never left
	Reset          = "reset"           // the connection was lost before the answer
	Timeout        = "timeout"         // no answer in time
	ClientGone     = "client-gone"     // the caller did not wait
	NoEndpoint     = "no-endpoint"     // every weight is zero
	Other          = "other"           // for instance an answer that is not HTTP
)

// ErrTimeout is the cause of a context that ended because a route's timeout ran out.
var ErrTimeout = errors.New("timeout")

// errTryTimeout is the cause of a try's context that ended because the try took too long.
var errTryTimeout = errors.New("per-try timeout")

// A Failure is an upstream call that ended without an answer.
type Failure struct {
	Reason string
	Err    error
}

func (f *Failure) Error() string { return f.Reason + ": " + f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// unsent reports whether the request certainly never reached an endpoint.
func (f *Failure) unsent() bool {
	return f.Reason == ConnectFailure || f.Reason == TLS
}

// classify says why a call on ctx failed.
func classify(ctx context.Context, err error) *Failure {
	var known *Failure // of the dialer
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrTimeout), errors.Is(cause, errTryTimeout), errors.Is(cause, context.DeadlineExceeded):
		return &Failure{Timeout, cause}
	case cause != nil:
		return &Failure{ClientGone, cause}
	case errors.As(err, &known):
		return known
	case lost(err):
		return &Failure{Reset, err}
	default:
		return &Failure{Other, err}
	}
}

func lost(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &op) ||
		// net/http keeps these to itself.
		strings.Contains(err.Error(), "server closed idle connection") ||
		strings.Contains(err.Error(), "stream error:") || strings.Contains(err.Error(), "GOAWAY")
}
