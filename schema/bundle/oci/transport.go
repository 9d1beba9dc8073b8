package oci

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Transport returns a transport that trusts the certificates in a file in PEM, beside those that the system trusts. The
// file is read again for every request, so that one which is mounted may be replaced; while it cannot be read, what it
// held before counts.
func Transport(caFile string) http.RoundTripper { return &trusting{file: caFile} }

type trusting struct {
	file string

	mu   sync.Mutex
	held []byte // what the file held when made was
	made *http.Transport
}

// certificateError says that there is no telling which certificates to trust.
type certificateError struct {
	file string
	err  error
}

func (e *certificateError) Error() string {
	return fmt.Sprintf("reading the certificates to trust in %q: %v", e.file, e.err)
}

func (e *certificateError) Unwrap() error { return e.err }

// RoundTrip implements [http.RoundTripper].
func (t *trusting) RoundTrip(r *http.Request) (*http.Response, error) {
	current, err := t.current()
	if err != nil {
		return nil, &certificateError{t.file, err}
	}
	return current.RoundTrip(r)
}

func (t *trusting) current() (*http.Transport, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	data, err := os.ReadFile(t.file)
	if t.made != nil && (err != nil || bytes.Equal(data, t.held)) {
		return t.made, nil
	}
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(data) {
		if t.made != nil { // half written
			return t.made, nil
		}
		return nil, fmt.Errorf("it holds no certificate in PEM")
	}
	if t.made != nil {
		t.made.CloseIdleConnections()
	}
	t.held, t.made = data, newTransport(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	return t.made, nil
}

// newTransport returns a transport that gives up on a registry which does not answer at all, so that another place to read
// from has its turn.
func newTransport(config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          20,
		MaxIdleConnsPerHost:   10,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}
