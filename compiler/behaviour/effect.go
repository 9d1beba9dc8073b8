package behaviour

import (
	"strings"

	"gwc.dev/schema"
)

// effective returns a route as far as what it says has an effect. Where no request comes to a backend, because the route
// answers by itself or has no backend in use, nothing shows what is only of the call to one.
func (s *side) effective(r *schema.Route) *schema.Route {
	out := *r
	if out.Auth = claimsInUse(r); out.Auth != r.Auth {
		r = &out
	}
	if s.calls(r) {
		return r
	}
	out.Timeout, out.Retry, out.Rewrite, out.Auth = 0, nil, nil, answeredAuth(r)
	if h := r.Headers; h != nil && h.Request != nil {
		out.Headers = &schema.Headers{Disabled: h.Disabled, Response: h.Response}
	}
	return &out
}

// claimsInUse returns how a route asks who calls, without the claims of tokens that nobody looks at: groups where none is let
// in, and what a consumer is called where neither names nor limits count.
func claimsInUse(r *schema.Route) *schema.Auth {
	a := r.Auth
	if a == nil || a.JWT == nil {
		return a
	}
	out, jwt, allow := *a, *a.JWT, schema.Allow{}
	if a.Allow != nil {
		allow = *a.Allow
	}
	if len(allow.Groups) == 0 {
		jwt.GroupsClaim = ""
	}
	if known := len(allow.Groups) > 0 && jwt.GroupsClaim == ""; !known && len(allow.Consumers) == 0 && !countsByConsumer(r) {
		jwt.ConsumerClaim = ""
	}
	if out.JWT = &jwt; jwt.GroupsClaim == a.JWT.GroupsClaim && jwt.ConsumerClaim == a.JWT.ConsumerClaim {
		return a
	}
	return &out
}

// countsByConsumer reports whether a rate limit of a route counts by consumer.
func countsByConsumer(r *schema.Route) bool {
	if r.RateLimit == nil {
		return false
	}
	for _, w := range r.RateLimit.Windows {
		if w.By == "consumer" {
			return true
		}
	}
	return false
}

// answeredAuth returns how a route asks who calls, without what shows in no answer of its own: whether credentials go on to
// the backend. They show in a redirect that takes the query along, and where a limit counts by the field that they are in.
func answeredAuth(r *schema.Route) *schema.Auth {
	a := r.Auth
	if a == nil {
		return nil
	}
	out := *a
	if key := a.APIKey; key != nil && key.Forward && !countsBy(r, key.Header) && (r.Redirect == nil || key.Query == "") {
		plain := *key
		plain.Forward, out.APIKey = false, &plain
	}
	if jwt := a.JWT; jwt != nil && jwt.Forward && !countsBy(r, jwt.Header) {
		plain := *jwt
		plain.Forward, out.JWT = false, &plain
	}
	if out.APIKey == a.APIKey && out.JWT == a.JWT {
		return a
	}
	return &out
}

// countsBy reports whether a rate limit of a route counts by a header field.
func countsBy(r *schema.Route, field string) bool {
	if r.RateLimit == nil {
		return false
	}
	for _, w := range r.RateLimit.Windows {
		if w.By == "header" && strings.EqualFold(w.Header, field) {
			return true
		}
	}
	return false
}
