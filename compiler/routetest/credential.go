package routetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gwc.dev/compiler/nearest"
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// Callers of a gateway that listens elsewhere show what that gateway takes: API keys that it reads as well, and tokens of
// issuers whose keys it trusts.

// knows reports issuers that no route asks for.
func (s *Suite) knows(signers map[string]*Signer) error {
	issuers := map[string]bool{}
	for _, api := range s.gateway.model.APIs {
		for _, r := range api.Routes {
			if r.Auth != nil && !r.Auth.Disabled && r.Auth.JWT != nil {
				issuers[r.Auth.JWT.Issuer] = true
			}
		}
	}
	for issuer := range schema.Sorted(signers) {
		if issuers[issuer] {
			continue
		}
		var known []string
		for name := range schema.Sorted(issuers) {
			known = append(known, name)
		}
		switch near := nearest.To(issuer, known); {
		case near != "":
			return fmt.Errorf("no route takes tokens of issuer %q: did you mean %q?", issuer, near)
		case len(known) > 0:
			return fmt.Errorf("no route takes tokens of issuer %q, only of %s", issuer, strings.Join(known, ", "))
		}
		return fmt.Errorf("no route takes tokens of issuer %q, or of anybody", issuer)
	}
	return nil
}

// asked returns how the route that takes a request asks who calls; nil: it does not.
func (s *Suite) asked(r *request) *schema.Auth {
	if r.consumer == "" && r.claims == nil {
		return nil
	}
	route := s.gateway.serve(r).written
	if route == nil || route.Auth == nil || route.Auth.Disabled {
		return nil
	}
	return route.Auth
}

// lacks says which credentials of a request's caller are not known here; "": all that its route looks for are.
func (l *Live) lacks(r *request, auth *schema.Auth, g *schema.Gateway) string {
	switch {
	case r.consumer != "" && (l.Keys == nil || keyOf(g, r.consumer) == ""):
		return "its caller's credentials are not known here"
	case r.claims != nil && auth != nil && auth.JWT != nil && l.Signers[auth.JWT.Issuer] == nil:
		return fmt.Sprintf("the signing key of issuer %q is not known here", auth.JWT.Issuer)
	}
	return ""
}

// present adds the credentials of a request's caller, where its route looks for them. A field that the test itself gives
// stays.
func (l *Live) present(r *request, auth *schema.Auth, g *schema.Gateway) error {
	if auth == nil {
		return nil
	}
	give := func(name string, value func() (string, error)) error {
		if _, given := r.header.Lookup(name); given {
			return nil
		}
		text, err := value()
		r.header = append(slices.Clip(r.header), exchange.Field{Name: name, Value: text})
		return err
	}
	if auth.APIKey != nil && r.consumer != "" {
		err := give(auth.APIKey.Header, func() (string, error) {
			key, err := l.Keys(keyOf(g, r.consumer))
			if err != nil {
				return "", fmt.Errorf("the key of consumer %q: %w", r.consumer, err)
			}
			return string(key), nil
		})
		if err != nil {
			return err
		}
	}
	if auth.JWT == nil || r.claims == nil {
		return nil
	}
	return give(auth.JWT.Header, func() (string, error) {
		token, err := l.Signers[auth.JWT.Issuer].token(auth.JWT, r.claims, l.now())
		return "Bearer " + token, err
	})
}

func (l *Live) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}

// keyOf returns the reference to an API key of a consumer, the first by name; "": there is none, as of one whose keys are
// known by their digests.
func keyOf(g *schema.Gateway, consumer string) string {
	for _, key := range schema.Sorted(g.Consumers[consumer].APIKeys) {
		if key.Secret != "" {
			return key.Secret
		}
	}
	return ""
}

// complaint returns what a refusal says is wrong with a token (RFC 6750, section 3); "": nothing.
func complaint(h http.Header) string {
	for _, challenge := range h.Values("WWW-Authenticate") {
		if _, rest, ok := strings.Cut(challenge, `error_description="`); ok {
			said, _, _ := strings.Cut(rest, `"`)
			return "(" + said + ")"
		}
	}
	return ""
}
