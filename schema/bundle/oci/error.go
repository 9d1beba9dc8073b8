package oci

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// ErrNotBundle says that a reference leads to something else.
var ErrNotBundle = errors.New("what is there is not a gwc bundle")

// ErrNotFound says that a reference leads nowhere.
var ErrNotFound = errors.New("not found")

// errPlainHTTP stops a request before anything is sent in the clear.
var errPlainHTTP = errors.New("no TLS")

// TooManyRequests says that a registry wants to be left alone for a while.
type TooManyRequests struct {
	Host       string
	RetryAfter time.Duration // 0: it did not say for how long
}

func (e *TooManyRequests) Error() string {
	if e.RetryAfter == 0 {
		return fmt.Sprintf("registry %q limits the rate of requests: try again later", e.Host)
	}
	return fmt.Sprintf("registry %q limits the rate of requests: try again in %v", e.Host, e.RetryAfter.Round(time.Second))
}

// Wait returns RetryAfter.
func (e *TooManyRequests) Wait() time.Duration { return e.RetryAfter }

type credentialError struct {
	host string
	err  error
}

func (e *credentialError) Error() string {
	return fmt.Sprintf("finding credentials for registry %q: %v", e.host, e.err)
}

func (e *credentialError) Unwrap() error { return e.err }

// explain says what an error of go-containerregistry means to a person and what to do about it. The URLs it
// carries are left out: registries put credentials into those they redirect to.
func (s *session) explain(err error) error {
	host := s.ref.Host()
	var (
		answer      *transport.Error
		credential  *credentialError
		certificate *tls.CertificateVerificationError
		network     *net.OpError
		lookup      *net.DNSError
	)
	switch {
	case errors.As(err, &credential):
		return credential
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("registry %q: %w", host, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("registry %q did not answer in time: %w", host, context.DeadlineExceeded)
	case errors.As(err, &answer):
		return s.explainAnswer(answer)
	case errors.Is(err, errPlainHTTP), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("registry %q does not speak TLS: give --plain-http if that is meant", host)
	case errors.As(err, &certificate):
		return fmt.Errorf("registry %q has a certificate that is not trusted: %w", host, certificate.Err)
	case errors.As(err, &lookup):
		return fmt.Errorf("registry %q cannot be found: %w", host, lookup)
	case errors.As(err, &network):
		return fmt.Errorf("registry %q cannot be reached: %w", host, network)
	}
	return fmt.Errorf("registry %q: %w", host, err)
}

func (s *session) explainAnswer(answer *transport.Error) error {
	host := s.ref.Host()
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("registry %q refuses access to %q: log in with docker login %s", host, s.ref.repository, host)
	case http.StatusNotFound:
		return fmt.Errorf("registry %q has no %s: %w", host, strings.TrimPrefix(s.ref.String(), Scheme+host+"/"), ErrNotFound)
	case http.StatusTooManyRequests:
		return &TooManyRequests{host, time.Duration(s.retryAfter.Load())}
	}
	var said string
	for _, d := range answer.Errors {
		said += fmt.Sprintf(": %.200s", d.Message)
	}
	return fmt.Errorf("registry %q answers %d %s%s", host, answer.StatusCode, http.StatusText(answer.StatusCode), said)
}

// headIsUseless reports whether a registry answered a HEAD request without what there is to learn from it.
func headIsUseless(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode == http.StatusMethodNotAllowed
	}
	return strings.Contains(err.Error(), "response did not include")
}
