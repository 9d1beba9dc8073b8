package upstream

import (
	"context"
	"errors"
	"os"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// Reasons of a [Failure]: labels of a metric and words of the access log.
const (
	ConnectFailure = "connect-failure" // no connection; the request never left
	TLS            = "tls"             // no TLS session; the request never left
	Reset          = "reset"           // the connection was lost before the answer's end
	Timeout        = "timeout"         // no answer in time
	ClientGone     = "client-gone"     // the caller did not wait
	NoEndpoint     = "no-endpoint"     // every weight is zero
	BodyBroken     = "body-broken"     // the request's body ended early
	BodyTimeout    = "body-timeout"    // the request's body did not come in time
	Other          = "other"           // for instance an answer that is not HTTP
)

// A Failure is an upstream call that ended without an answer, or within one.
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

// blames reports whether it is the endpoint that failed, and not the client.
func (f *Failure) blames() bool {
	return f.Reason != ClientGone && f.Reason != BodyBroken && f.Reason != BodyTimeout
}

// classifyCall says why x has no answer.
func classifyCall(x *exchange.Exchange, failed *http1.CallError) *Failure {
	switch {
	case !failed.Source:
		return classify(x.Context, failed.Err)
	case x.Context.Err() != nil:
		return &Failure{ClientGone, context.Cause(x.Context)}
	case x.Request.Body == nil: // the client did not take an interim response
		return &Failure{ClientGone, failed.Err}
	case errors.Is(failed.Err, http1.ErrTimeout), errors.Is(failed.Err, os.ErrDeadlineExceeded):
		return &Failure{BodyTimeout, failed.Err}
	default:
		return &Failure{BodyBroken, failed.Err}
	}
}

// classify says what an error of an endpoint's connection, or of dialling it, means for ctx.
func classify(ctx context.Context, err error) *Failure {
	switch {
	case errors.Is(err, http1.ErrTimeout):
		return &Failure{Timeout, err}
	case ctx.Err() != nil:
		return &Failure{ClientGone, context.Cause(ctx)}
	case errors.Is(err, http1.ErrInterrupted):
		return &Failure{ClientGone, err}
	}
	if known, ok := errors.AsType[*Failure](err); ok { // the dialler's
		return known
	}
	if _, malformed := errors.AsType[*http1.Error](err); malformed || errors.Is(err, http1.ErrUnwritable) {
		return &Failure{Other, err}
	}
	return &Failure{Reset, err}
}
