package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
	"gwc.dev/runtime/secret"
)

const (
	idlePerEndpoint = 256
	idleTimeout     = 90 * time.Second
	maxHeaderBytes  = 256 << 10
)

// Values of an upstream's protocol; everything else leaves the choice to the endpoint.
const (
	onlyVersion1 = "http1"
	onlyVersion2 = "http2"
)

// An endpoint is one address and the connections to it. It is kept as long as tables describe it alike.
type endpoint struct {
	address string          // host:port that is dialled
	http1   *http1.Endpoint // nil: HTTP/2 only
	http2   *http2.Endpoint // nil: HTTP/1.1 only
	// upgrades has the connections for requests that upgrade: they never offer HTTP/2, which has no upgrades.
	upgrades *http1.Endpoint
	// negotiation chooses between http1 and http2; nil: there is no choice.
	negotiation *negotiation
}

// A transportSpec is all that a connection depends on. Endpoints of equal specs share their connections.
type transportSpec struct {
	upstream       string
	address        string
	protocol       string
	connectTimeout time.Duration
	tls            bool
	serverName     string
	ca             string // the secret's reference
}

func newEndpoint(s transportSpec, roots *secret.Value[x509.CertPool], buffers *http1.Buffers) *endpoint {
	e := &endpoint{address: s.address}
	dial := dialTCP(s.address, s.connectTimeout)
	if !s.tls {
		e.upgrades = newHTTP1(dial, buffers)
		if s.protocol == onlyVersion2 {
			e.http2 = newHTTP2(dial, false)
		} else {
			e.http1 = e.upgrades
		}
		return e
	}
	config := &tls.Config{ServerName: s.serverName, MinVersion: tls.VersionTLS12}
	offer := func(protocols ...string) dialer { return dialTLS(dial, config, roots, s.connectTimeout, protocols...) }
	e.upgrades = newHTTP1(offer("http/1.1"), buffers)
	switch s.protocol {
	case onlyVersion1:
		e.http1 = e.upgrades
	case onlyVersion2:
		e.http2 = newHTTP2(onlyHTTP2(offer("h2")), true)
	default:
		e.negotiation = &negotiation{dial: offer("h2", "http/1.1")}
		e.http1 = newHTTP1(e.negotiation.dialer(version1), buffers)
		e.http2 = newHTTP2(e.negotiation.dialer(version2), true)
	}
	return e
}

func newHTTP1(dial dialer, buffers *http1.Buffers) *http1.Endpoint {
	return http1.NewEndpoint(http1.EndpointOptions{
		Dial: dial, MaxIdle: idlePerEndpoint, IdleTimeout: idleTimeout,
		Limits: http1.Limits{HeaderBytes: maxHeaderBytes}, Buffers: buffers,
	})
}

func newHTTP2(dial dialer, secure bool) *http2.Endpoint {
	return http2.NewEndpoint(http2.EndpointOptions{
		Dial: dial, TLS: secure, Limits: http1.Limits{HeaderBytes: maxHeaderBytes},
	})
}

// maxChanges bounds how often an endpoint may choose another version than for the call just before.
const maxChanges = 4

// call makes a call and sets it down in a. Without an answer it says why there is none.
func (e *endpoint) call(x *exchange.Exchange, o *http1.CallOptions, a *Answer) *http1.CallError {
	switch {
	case o.Upgrade != "":
		return e.call1(e.upgrades, x, o, a)
	case e.http2 == nil:
		return e.call1(e.http1, x, o, a)
	case e.negotiation == nil:
		return e.call2(x, o, a)
	}
	for changes := 0; ; changes++ {
		var failed *http1.CallError
		if e.negotiation.last() == version2 {
			failed = e.call2(x, o, a)
		} else {
			failed = e.call1(e.http1, x, o, a)
		}
		if failed == nil || changes == maxChanges || !errors.Is(failed.Err, errOtherVersion) {
			return failed
		}
	}
}

// call1 makes a call over HTTP/1.1.
func (e *endpoint) call1(over *http1.Endpoint, x *exchange.Exchange, o *http1.CallOptions, a *Answer) *http1.CallError {
	call, err := over.Call(x, *o)
	if err != nil {
		return callError(err)
	}
	a.call = call
	if x.Response.Status == 101 {
		a.tunnel = call
	}
	return nil
}

// call2 makes a call over HTTP/2. A dialer may outlive the call that it was first for, so it has no limit of one.
func (e *endpoint) call2(x *exchange.Exchange, o *http1.CallOptions, a *Answer) *http1.CallError {
	call, err := e.http2.Call(x, *o)
	if err != nil {
		return callError(err)
	}
	a.call = call
	return nil
}

// callError returns an error of a call as what it is.
func callError(err error) *http1.CallError {
	if failed, ok := errors.AsType[*http1.CallError](err); ok {
		return failed
	}
	return &http1.CallError{Err: err, Dialled: true}
}

// close closes the idle connections now, and the others when their calls end.
func (e *endpoint) close() {
	e.upgrades.Close()
	if e.http1 != nil {
		e.http1.Close()
	}
	if e.http2 != nil {
		e.http2.Close()
	}
}
