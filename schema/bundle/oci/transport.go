package oci

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
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
func Transport(caFile string) http.RoundTripper { return &mounted{ca: caFile} }

// A Client is a certificate that says who asks, and its key. It is shown to nobody but the registry that is meant: neither
// to its mirrors nor to where it sends somebody.
type Client struct {
	certificate string
	transport   *mounted
}

// NewClient returns the client of files in PEM, which are read as [Transport] reads those with authorities: caFile, if it
// is not "", the certificate with those that it is chained with, and the key.
func NewClient(caFile, certificateFile, keyFile string) *Client {
	return &Client{certificateFile, &mounted{ca: caFile, certificate: certificateFile, key: keyFile}}
}

// mounted is a transport whose certificates are in files that may be replaced.
type mounted struct {
	ca, certificate, key string // "": none

	mu   sync.Mutex
	held [][]byte // what the files held when made was
	made *http.Transport
}

// certificateError says that there is no telling which certificates to trust or to show.
type certificateError struct {
	what, file string
	err        error
}

func (e *certificateError) Error() string {
	return fmt.Sprintf("reading %s %q: %v", e.what, e.file, e.err)
}

func (e *certificateError) Unwrap() error { return e.err }

// RoundTrip implements [http.RoundTripper].
func (m *mounted) RoundTrip(r *http.Request) (*http.Response, error) {
	current, err := m.current()
	if err != nil {
		return nil, err
	}
	return current.RoundTrip(r)
}

func (m *mounted) current() (*http.Transport, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var holds [][]byte
	config, err := m.read(&holds)
	switch {
	case m.made != nil && (err != nil || equal(holds, m.held)): // as it was, or half written
		return m.made, nil
	case err != nil:
		return nil, err
	case m.made != nil:
		m.made.CloseIdleConnections()
	}
	m.held, m.made = holds, newTransport(config)
	return m.made, nil
}

func equal(a, b [][]byte) bool {
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// read returns what the files say, and what they hold.
func (m *mounted) read(holds *[][]byte) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	file := func(name string) ([]byte, error) {
		data, err := os.ReadFile(name)
		*holds = append(*holds, data)
		return data, err
	}
	if m.ca != "" {
		const what = "the certificates to trust in"
		data, err := file(m.ca)
		if err != nil {
			return nil, &certificateError{what, m.ca, err}
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, &certificateError{what, m.ca, errors.New("it holds no certificate in PEM")}
		}
	}
	if m.certificate == "" {
		return config, nil
	}
	certificate, err := file(m.certificate)
	if err != nil {
		return nil, &certificateError{"the client certificate in", m.certificate, err}
	}
	key, err := file(m.key)
	if err != nil {
		return nil, &certificateError{"the client certificate's key in", m.key, err}
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, &certificateError{fmt.Sprintf("the client certificate in %q with its key in", m.certificate), m.key, err}
	}
	// It is shown whatever authorities a registry names: one that does not take it says why.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return config, nil
}

// defaultTransport is that of all who ask for no certificates of their own, so that they share connections.
var defaultTransport = sync.OnceValue(func() http.RoundTripper { return newTransport(nil) })

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
		ResponseHeaderTimeout: time.Minute,
	}
}
