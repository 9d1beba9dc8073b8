package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

const (
	idlePerEndpoint = 256
	idleTimeout     = 90 * time.Second
	maxHeaderBytes  = 256 << 10
)

// An endpoint is one address and the connections to it. It is kept as long as tables describe it alike.
type endpoint struct {
	address string // host:port that is dialled
	scheme  string
	// any speaks HTTP/2 where the endpoint offers it; http1 never does, for requests that upgrade.
	any, http1 *http.Transport
}

// A transportSpec is all that a connection depends on. Endpoints of equal specs share their connections.
type transportSpec struct {
	upstream       string
	address        string
	connectTimeout time.Duration
	tls            bool
	serverName     string
	ca             string // PEM
}

func newEndpoint(s transportSpec, roots *x509.CertPool) *endpoint {
	e := &endpoint{address: s.address, scheme: "http"}
	dialer := &net.Dialer{Timeout: s.connectTimeout, KeepAlive: 30 * time.Second}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, s.address)
		if err != nil {
			return nil, &Failure{ConnectFailure, err}
		}
		return conn, nil
	}
	e.any = newTransport(dial)
	e.http1 = e.any
	if s.tls {
		e.scheme = "https"
		name := s.serverName
		if name == "" {
			name, _, _ = net.SplitHostPort(s.address)
		}
		config := &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12}
		e.any.DialTLSContext = dialTLS(dial, config, s.connectTimeout, "h2", "http/1.1")
		e.any.ForceAttemptHTTP2 = true
		e.http1 = newTransport(dial)
		e.http1.DialTLSContext = dialTLS(dial, config, s.connectTimeout, "http/1.1")
	}
	return e
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func newTransport(dial dialFunc) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		DisableCompression:     true,
		MaxIdleConns:           0, // bounded per host: a transport has one
		MaxIdleConnsPerHost:    idlePerEndpoint,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
}

func dialTLS(dial dialFunc, config *tls.Config, timeout time.Duration, protocols ...string) dialFunc {
	config = config.Clone()
	config.NextProtos = protocols
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, &Failure{TLS, err}
		}
		return conn, nil
	}
}

func (e *endpoint) closeIdle() {
	e.any.CloseIdleConnections()
	e.http1.CloseIdleConnections()
}
