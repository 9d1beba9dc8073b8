package oci

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// ErrNotBundle says that a reference leads to something else.
var ErrNotBundle = errors.New("what is there is not a gwc bundle")

// ErrNotFound says that a reference leads nowhere.
var ErrNotFound = errors.New("not found")

// errPlainHTTP stops a request before anything is sent in the clear.
var errPlainHTTP = errors.New("no TLS")

// Unavailable says that a registry cannot do now what it may do later.
type Unavailable struct {
	Host, Repository string
	Status           int           // of its answer
	RetryAfter       time.Duration // how long it wants to be left alone; 0: it did not say
	Said             string        // its own words
}

func (e *Unavailable) Error() string {
	text := fmt.Sprintf("registry %q answers %d %s for %q", e.Host, e.Status, http.StatusText(e.Status), e.Repository)
	if e.Status == http.StatusTooManyRequests {
		text = fmt.Sprintf("registry %q limits the rate of requests for %q", e.Host, e.Repository)
	}
	if e.RetryAfter == 0 {
		return text + e.Said + ": try again later"
	}
	return fmt.Sprintf("%s%s: try again in %v", text, e.Said, e.RetryAfter.Round(time.Second))
}

// Wait returns RetryAfter.
func (e *Unavailable) Wait() time.Duration { return e.RetryAfter }

func (e *Unavailable) passing() bool { return e.Status != http.StatusInternalServerError }

// A loginError says that credentials are missing or wrong; others may have taken their place meanwhile.
type loginError struct{ text string }

func (e *loginError) Error() string { return e.text }

// A forbiddenError says that who asks may not.
type forbiddenError struct{ text string }

func (e *forbiddenError) Error() string { return e.text }

type credentialError struct {
	host string
	err  error
}

func (e *credentialError) Error() string {
	return fmt.Sprintf("finding credentials for registry %q: %.300s", e.host, plain(e.err.Error()))
}

// plain returns in one line what went wrong with a credential helper, which may print anything: also credentials, and fail then.
func plain(text string) string {
	if before, out, ok := strings.Cut(text, ", out: "); ok && strings.Contains(out, `"Secret"`) {
		text = before
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
}

func (e *credentialError) Unwrap() error { return e.err }

// explain says what an error of go-containerregistry means to a person and what to do about it. The URLs it
// carries are left out: registries put credentials into those they redirect to.
func (s *session) explain(err error) error {
	host := s.ref.Host()
	var (
		answer      *transport.Error
		credential  *credentialError
		trusted     *certificateError
		certificate *tls.CertificateVerificationError
		network     *net.OpError
		lookup      *net.DNSError
		at          *url.Error
		syntax      *json.SyntaxError
	)
	switch {
	case errors.As(err, &credential):
		return credential
	case errors.As(err, &trusted):
		return trusted
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("registry %q: %w", host, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("registry %q did not answer in time: %w", host, context.DeadlineExceeded)
	case errors.As(err, &certificate):
		return fmt.Errorf("registry %q has a certificate that is not trusted: %w: name the file of its CA with --registry-ca (gwproxy: --source-ca)", host, certificate.Err)
	case errors.As(err, &network) && network.Op == "remote error": // an alert of TLS
		return s.explainAlert(network.Err)
	case errors.As(err, &answer):
		return s.explainAnswer(answer)
	case errors.Is(err, errPlainHTTP), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("registry %q does not speak TLS: give --plain-http if that is meant", host)
	case errors.As(err, &lookup):
		return fmt.Errorf("registry %q cannot be found: %w", host, lookup)
	case errors.As(err, &network):
		return fmt.Errorf("registry %q cannot be reached: %w", host, network)
	case errors.As(err, &syntax):
		return fmt.Errorf("registry %q, or where it has tokens made, answers with what is no JSON: is that a page of a proxy or a login? (%w)", host, syntax)
	case strings.Contains(err.Error(), "no token in bearer response"): // and then the answer
		return fmt.Errorf("registry %q has tokens made where none is given", host)
	case errors.As(err, &at):
		err = at.Err
	}
	return fmt.Errorf("registry %q: %w", host, err)
}

// explainAlert says why a registry does not take a connection. What it says is most often about a client's certificate.
func (s *session) explainAlert(alert error) error {
	host := s.ref.Host()
	if s.client != nil {
		return fmt.Errorf("registry %q does not take the client certificate in %q: %w", host, s.client.certificate, alert)
	}
	for _, text := range []string{"certificate required", "bad certificate", "handshake failure", "400"} { // which it is depends on the version
		if strings.Contains(alert.Error(), text) {
			return fmt.Errorf("registry %q asks for a client certificate (%w): name it with --registry-cert and --registry-key", host, alert)
		}
	}
	return fmt.Errorf("registry %q ends the connection: %w", host, alert)
}

// explainAnswer says what an answer means. The status alone does not tell: registries say by a code in the body that
// access is denied with 401, or that a quota is reached with 403.
func (s *session) explainAnswer(answer *transport.Error) error {
	host, repository := s.ref.Host(), s.ref.repository
	var said strings.Builder
	var codes []transport.ErrorCode
	for _, d := range answer.Errors {
		codes = append(codes, transport.ErrorCode(strings.ToUpper(string(d.Code))))
		if d.Message != "" {
			fmt.Fprintf(&said, " (%.200q)", d.Message)
		}
	}
	has := func(code transport.ErrorCode) bool { return slices.Contains(codes, code) }
	says := func(words ...string) bool {
		text := strings.ToLower(said.String())
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests, has(transport.TooManyRequestsErrorCode):
		return &Unavailable{host, repository, http.StatusTooManyRequests, time.Duration(s.retryAfter.Load()), said.String()}
	case status == http.StatusInsufficientStorage, status < 500 && says("quota", "storage limit", "upper limit"):
		return fmt.Errorf("registry %q has no room left for %q%s: delete what is old, or have its quota raised", host, repository, &said)
	case status == http.StatusRequestEntityTooLarge, has(transport.SizeInvalidErrorCode):
		return fmt.Errorf("registry %q takes nothing as large as this for %q%s: have the limit raised, its own or that of the proxy before it", host, repository, &said)
	case s.writes && (has(transport.TagInvalidErrorCode) || says("immutable")):
		return fmt.Errorf("registry %q does not let a tag of %q be moved%s: exempt the tags that are followed from its rule for immutable tags", host, repository, &said)
	case status == http.StatusBadRequest && s.wantsCert.Load():
		return s.explainAlert(errors.New("400 Bad Request"))
	case status == http.StatusForbidden, has(transport.DeniedErrorCode), status == http.StatusUnauthorized && s.denied.Load():
		return s.forbidden(said.String())
	case status == http.StatusUnauthorized:
		return s.unauthorized()
	case status == http.StatusNotFound && answer.Request != nil && answer.Request.URL.Path == "/v2/": // which every registry has
		return fmt.Errorf("registry %q is none: it answers 404 Not Found to /v2/: see that its name and port are right", host)
	case status == http.StatusNotFound && s.writes && answer.Request != nil && answer.Request.Method == http.MethodPost:
		return fmt.Errorf("registry %q has no repository %q to push to: create it there first: %w", host, repository, ErrNotFound)
	case status == http.StatusNotFound:
		return fmt.Errorf("registry %q has no %s: %w", host, strings.TrimPrefix(s.ref.String(), Scheme+host+"/"), ErrNotFound)
	case s.writes && (status == http.StatusMethodNotAllowed || has(transport.UnsupportedErrorCode)):
		return fmt.Errorf("registry %q takes no pushes to %q%s: it is read-only, or a mirror", host, repository, &said)
	case status >= 500:
		return &Unavailable{host, repository, status, time.Duration(s.retryAfter.Load()), said.String()}
	}
	return fmt.Errorf("registry %q answers %d %s for %q%s", host, answer.StatusCode, http.StatusText(answer.StatusCode), repository, &said)
}

// unauthorized says that a registry does not know who asks.
func (s *session) unauthorized() error {
	host, repository := s.ref.Host(), s.ref.repository
	switch who := s.whose(); {
	case s.token != "":
		return &loginError{fmt.Sprintf("registry %q does not accept %s for %q: it is meant for another audience, or has expired", host, who, repository)}
	case who == "":
		return &loginError{fmt.Sprintf("registry %q asks who wants %q, and there are no credentials for it: log in with docker login %s", host, repository, host)}
	default:
		return &loginError{fmt.Sprintf("registry %q does not accept the credentials of %s for %q: they are wrong or have expired: log in again with docker login %s", host, who, repository, host)}
	}
}

// forbidden says that a registry knows who asks, and does not allow it.
func (s *session) forbidden(said string) error {
	host, repository := s.ref.Host(), s.ref.repository
	what := "read"
	if s.writes {
		what = "push to"
	}
	who := s.whose()
	if who == "" {
		return &forbiddenError{fmt.Sprintf("registry %q does not let just anybody %s %q%s: log in with docker login %s", host, what, repository, said, host)}
	}
	return &forbiddenError{fmt.Sprintf("registry %q does not allow %s to %s %q%s: ask its owners for the right to", host, who, what, repository, said)}
}

func (s *session) whose() string {
	if who := s.who.Load(); who != nil {
		return *who
	}
	return ""
}

// headIsUseless reports whether a registry answered a HEAD request without what there is to learn from it.
func headIsUseless(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode == http.StatusMethodNotAllowed
	}
	return strings.Contains(err.Error(), "response did not include")
}
