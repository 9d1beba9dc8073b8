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

// Credentials are what callers of a gateway that listens elsewhere show: API keys that it reads as well, and tokens of
// issuers whose keys it trusts.
type Credentials struct {
	// Keys resolves the references to consumers' API keys, as the gateway does. Nil: none is known.
	Keys func(ref string) ([]byte, error)
	// Signers make the tokens of issuers, by these.
	Signers map[string]*Signer
	// Now is the clock that tokens go by. Nil: time.Now.
	Now func() time.Time
}

// Fit reports signers of issuers that no route of some models asks for.
func (c *Credentials) Fit(models ...*schema.Gateway) error {
	issuers := map[string]bool{}
	for _, g := range models {
		for _, api := range g.APIs {
			for _, r := range api.Routes {
				if r.Auth != nil && !r.Auth.Disabled && r.Auth.JWT != nil {
					issuers[r.Auth.JWT.Issuer] = true
				}
			}
		}
	}
	for issuer := range schema.Sorted(c.Signers) {
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
func (c *Credentials) lacks(r *request, auth *schema.Auth, g *schema.Gateway) string {
	switch {
	case r.consumer != "" && (c.Keys == nil || keyOf(g, r.consumer) == ""):
		return "its caller's credentials are not known here"
	case r.claims != nil && auth != nil && auth.JWT != nil && c.Signers[auth.JWT.Issuer] == nil:
		return fmt.Sprintf("the signing key of issuer %q is not known here", auth.JWT.Issuer)
	}
	return ""
}

// present adds the credentials of a request's caller, where its route looks for them. A field that the test itself gives
// stays.
func (c *Credentials) present(r *request, auth *schema.Auth, g *schema.Gateway) error {
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
			key, err := c.Keys(keyOf(g, r.consumer))
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
		token, err := c.Signers[auth.JWT.Issuer].token(auth.JWT, r.claims, c.now())
		return "Bearer " + token, err
	})
}

func (c *Credentials) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// keyOf returns the reference to an API key of a consumer; "": there is none.
func keyOf(g *schema.Gateway, consumer string) string { return keyRef(g.Consumers[consumer]) }

// keyRef returns the reference to a consumer's first API key by name; "": there is none, as of one whose keys are known by
// their digests.
func keyRef(c schema.Consumer) string {
	for _, key := range schema.Sorted(c.APIKeys) {
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
