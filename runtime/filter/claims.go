package filter

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// claims are what a token says, by name.
type claims map[string]claim

// A claim is one thing that a token says, in each form that a route may ask for: made once, for all requests with
// the token. The zero claim is one that is not there.
type claim struct {
	value any      // as JSON has it, with numbers as they were written
	list  []string // the strings of a list, or the one string
	field string   // the value of a header field
	sent  bool     // there is a field to pass on
	unfit bool     // a field would say something else than the token
}

func parseClaims(payload []byte) (claims, *denial) {
	var values map[string]any
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	if err := dec.Decode(&values); err != nil || values == nil || dec.More() {
		return nil, deny("token-malformed", "The token's claims are not a JSON object.")
	}
	out := make(claims, len(values))
	for name, v := range values {
		c := claim{value: v, list: list(v)}
		var fits bool
		c.field, c.sent, fits = fieldValue(v)
		c.unfit = !fits
		out[name] = c
	}
	return out, nil
}

// claimRules is what a token has to say to be accepted.
type claimRules struct {
	issuer    string
	audiences []string
	required  []requiredClaim
	skew      time.Duration
}

type requiredClaim struct {
	name string
	want any // string, bool or json.Number
}

// check returns nil for claims that are accepted at the time now.
func (r *claimRules) check(c claims, now time.Time) *denial {
	if iss, ok := c["iss"].value.(string); !ok || iss != r.issuer {
		return deny("token-issuer", "The token is another issuer's.")
	}
	meant := func(audience string) bool { return slices.Contains(r.audiences, audience) }
	if len(r.audiences) > 0 && !slices.ContainsFunc(c["aud"].list, meant) {
		return deny("token-audience", "The token is for another audience.")
	}
	if d := r.checkTimes(c, now); d != nil {
		return d
	}
	for _, want := range r.required {
		if !holds(want.name, c[want.name].value, want.want) {
			return &denial{403, "token-claim", "The token lacks a claim that this resource needs."}
		}
	}
	return nil
}

// checkTimes requires exp; nbf and iat only have to be right where they are.
func (r *claimRules) checkTimes(c claims, now time.Time) *denial {
	at, skew := float64(now.UnixMilli())/1000, r.skew.Seconds()
	expires := c["exp"].value
	exp, ok := date(expires)
	switch {
	case expires == nil:
		return deny("token-claim", "The token does not say when it expires.")
	case !ok:
		return noDate()
	case at >= exp+skew:
		return deny("token-expired", "The token has expired.")
	}
	for _, name := range [...]string{"nbf", "iat"} {
		begins := c[name].value
		if begins == nil {
			continue
		}
		from, ok := date(begins)
		if !ok {
			return noDate()
		}
		if at < from-skew {
			return deny("token-early", "The token is not valid yet.")
		}
	}
	return nil
}

func noDate() *denial { return deny("token-malformed", "A time in the token is not a number.") }

// date reads a NumericDate: seconds since the epoch.
func date(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil && !math.IsInf(f, 0)
}

// holds reports whether a claim is what is wanted, or a list that holds it. The scopes of OAuth 2.0 (RFC 8693,
// section 4.2) are a list that is written as one string.
func holds(name string, claim, want any) bool {
	switch v := claim.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return same(e, want) })
	case string:
		if s, ok := want.(string); ok && (name == "scope" || name == "scp") && hasWord(v, s) {
			return true
		}
	}
	return same(claim, want)
}

func hasWord(s, want string) bool {
	for word := range strings.FieldsSeq(s) {
		if word == want {
			return true
		}
	}
	return false
}

// same compares scalars; numbers by value, in bounded time whatever their exponent.
func same(a, b any) bool {
	x, ok := a.(json.Number)
	y, both := b.(json.Number)
	if !ok || !both {
		switch a.(type) {
		case string, bool:
			return a == b
		}
		return false
	}
	i, err := x.Int64()
	j, other := y.Int64()
	if err == nil && other == nil {
		return i == j
	}
	f, err := x.Float64()
	g, other := y.Float64()
	return x == y || err == nil && other == nil && f == g
}

// text returns a scalar as text.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// list returns the strings of a claim that is a list of them, or one.
func list(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// fieldValue returns a claim as a header's value: a scalar's text, or a list's elements with commas between. It is
// not ok where there is nothing to pass on. It does not fit where the backend would read another value than the
// token holds: with control characters, spaces around it, or a comma inside an element.
func fieldValue(v any) (value string, ok, fits bool) {
	elements, isList := v.([]any)
	if !isList {
		value, ok = text(v)
		return value, ok, header.IsValue(value) && strings.TrimSpace(value) == value
	}
	var texts []string
	for _, e := range elements {
		s, ok := text(e)
		if !ok || strings.Contains(s, ",") || !header.IsValue(s) || strings.TrimSpace(s) != s {
			return "", false, false
		}
		texts = append(texts, s)
	}
	return strings.Join(texts, ","), len(texts) > 0, true
}

func (c *compilation) claimRules(config *schema.JWTAuth, at schema.Path) claimRules {
	rules := claimRules{issuer: config.Issuer, audiences: config.Audiences, skew: skew(config)}
	if config.Issuer == "" {
		c.report(at.Join("issuer"), "jwt-issuer", "write the iss claim of the issuer's tokens", "no issuer is named")
	}
	for name, raw := range schema.Sorted(config.RequiredClaims) {
		var want any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		err := dec.Decode(&want)
		if _, scalar := text(want); err != nil || !scalar {
			c.report(at.Join("requiredClaims", name), "jwt-claim", "write a string, a number or a boolean",
				"the value of claim %q is not a scalar", name)
		}
		rules.required = append(rules.required, requiredClaim{name, want})
	}
	return rules
}

// skew returns how far clocks may be apart; a resolved model says it.
func skew(config *schema.JWTAuth) time.Duration {
	if config.ClockSkew == nil {
		return 0
	}
	return max(config.ClockSkew.Std(), 0)
}
