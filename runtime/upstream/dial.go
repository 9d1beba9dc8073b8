package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// A dialer opens connections to an endpoint. Its errors are *[Failure].
type dialer func(context.Context) (net.Conn, error)

// A dialing is the context of a call, with how long the call may wait for a connection. It costs nothing where there
// is one: only a dialer looks at the limit.
type dialing struct {
	context.Context
	limit time.Duration // 0: none
}

// limited returns a context that ends when a call waits no longer.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := ctx.(*dialing); ok {
		if d.limit > 0 {
			return context.WithTimeoutCause(d.Context, d.limit, errSpent)
		}
		ctx = d.Context
	}
	return ctx, func() {}
}

// dialTCP returns a dialer of plain connections.
func dialTCP(address string, timeout time.Duration) dialer {
	dial := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := limited(ctx)
		defer cancel()
		conn, err := dial.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, dialFailure(ctx, ConnectFailure, err)
		}
		return conn, nil
	}
}

// dialTLS returns a dialer of TLS connections over those of dial, which offer some protocols.
func dialTLS(dial dialer, config *tls.Config, timeout time.Duration, protocols ...string) dialer {
	config = config.Clone()
	config.NextProtos = protocols
	return func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := limited(ctx)
		defer cancel()
		raw, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		shake := ctx
		if timeout > 0 {
			var cancel context.CancelFunc
			shake, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(shake); err != nil {
			raw.Close()
			return nil, dialFailure(ctx, TLS, err)
		}
		return conn, nil
	}
}

// dialFailure is an error of dialling within ctx, which may have ended because the call waits no longer.
func dialFailure(ctx context.Context, reason string, err error) *Failure {
	if errors.Is(context.Cause(ctx), errSpent) {
		reason = Timeout
	}
	return &Failure{reason, err}
}

// onlyHTTP2 returns a dialer of the connections of dial that speak HTTP/2.
func onlyHTTP2(dial dialer) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err == nil && !speaksHTTP2(conn) {
			conn.Close()
			return nil, &Failure{TLS, errors.New("the endpoint does not speak HTTP/2")}
		}
		return conn, err
	}
}

// speaksHTTP2 reports whether a TLS connection's two sides have agreed on HTTP/2.
func speaksHTTP2(conn net.Conn) bool {
	session, ok := conn.(*tls.Conn)
	return ok && session.ConnectionState().NegotiatedProtocol == "h2"
}
