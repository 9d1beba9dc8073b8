package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"gwc.dev/runtime/secret"
)

// A dialer opens connections to an endpoint. Its errors are *[Failure].
type dialer func(context.Context) (net.Conn, error)

// dialTCP returns a dialer of plain connections.
func dialTCP(address string, timeout time.Duration) dialer {
	dial := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, &Failure{ConnectFailure, err}
		}
		return conn, nil
	}
}

// dialTLS returns a dialer of TLS connections over those of dial, which offer some protocols. roots are whom they trust
// by then; nil: whom the system trusts.
func dialTLS(dial dialer, config *tls.Config, roots *secret.Value[x509.CertPool], timeout time.Duration, protocols ...string) dialer {
	config = config.Clone()
	config.NextProtos = protocols
	return func(ctx context.Context) (net.Conn, error) {
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
		config := config
		if roots != nil {
			config = config.Clone()
			config.RootCAs = roots.Load()
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(shake); err != nil {
			raw.Close()
			return nil, &Failure{TLS, err}
		}
		return conn, nil
	}
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
