package filter

import (
	"slices"
	"strconv"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// A scheme is one way to recognise a caller.
type scheme interface {
	// recognise says who calls, or why it cannot say; [missing] where the request carries no credential of the
	// scheme at all. It leaves the request as it is.
	recognise(x *exchange.Exchange) (identity, *denial)
	// strip removes the scheme's credentials from a request.
	strip(r *exchange.Request)
	// challenge is the scheme's WWW-Authenticate (RFC 9110, section 11.6.1); d is why it refused.
	challenge(realm string, d *denial) string
	// describe says what the scheme asks for, and whether a request has it.
	describe(x *exchange.Exchange) (said string, there bool)
}

// An identity is who calls, and what the backend gets to know of it: some claims, in headers.
type identity struct {
	exchange.Caller
	claims  claims
	forward []claimHeader
}

// introduce adds the claims to the header that the backend gets.
func (w *identity) introduce(h *exchange.Header) {
	for _, f := range w.forward {
		if c := w.claims[f.claim]; c.sent {
			h.Add(f.header, c.field)
		}
	}
}

// A denial is why a caller does not pass.
type denial struct {
	status int
	reason string // one word, for logs and metrics
	detail string // a sentence, for the caller
}

var missing = deny("auth-missing", "This resource needs credentials.")

func deny(reason, detail string) *denial { return &denial{401, reason, detail} }

// authentication lets recognised callers pass. Of several schemes one suffices.
//
// What reaches the backend was verified: a credential is passed on only where that is asked for and it was the
// one that was accepted, and a header for claims holds a claim of an accepted token or is not there.
type authentication struct {
	realm    string
	schemes  []method
	claimed  []string // the headers for claims
	allow    *allowed // nil: all
	failures *tally   // by reason
}

// A method is a scheme as a route uses it.
type method struct {
	scheme
	forward bool // pass an accepted credential on
}

// An allowed narrows the recognised callers to those of a name or a group.
type allowed struct{ consumers, groups []string }

func (a *allowed) admits(c exchange.Caller) bool {
	return c.Consumer != "" && slices.Contains(a.consumers, c.Consumer) ||
		slices.ContainsFunc(c.Groups, func(g string) bool { return slices.Contains(a.groups, g) })
}

func (f *authentication) Request(x *exchange.Exchange) bool {
	var who identity
	var denials [2]*denial // of the schemes, as far as they were asked
	accepted := -1
	for i, m := range f.schemes {
		if who, denials[i] = m.recognise(x); denials[i] == nil {
			accepted = i
			break
		}
	}
	if accepted < 0 {
		f.refuse(x, denials[:len(f.schemes)])
		return true
	}
	for i, m := range f.schemes {
		if i != accepted || !m.forward {
			m.strip(&x.Request)
		}
	}
	for _, name := range f.claimed {
		x.Request.Header.DelAlike(name)
	}
	who.introduce(&x.Request.Header)
	x.Caller = who.Caller
	if f.allow != nil && !f.allow.admits(who.Caller) {
		f.fail(x, &denial{403, "not-allowed", "The caller is known, but may not use this resource."})
		return true
	}
	return false
}

// refuse answers with the reason that tells the caller most: a credential that is not accepted says more than
// one that is not there, and one that cannot be judged now may be accepted later.
func (f *authentication) refuse(x *exchange.Exchange, denials []*denial) {
	why := missing
	for _, d := range denials {
		if why == missing || d.status == 503 {
			why = d
		}
	}
	f.fail(x, why)
	if why.status == 503 {
		x.Response.Header.Set("Retry-After", strconv.Itoa(retryAfter))
		return
	}
	for i, m := range f.schemes {
		x.Response.Header.Add("WWW-Authenticate", m.challenge(f.realm, denials[i]))
	}
}

func (f *authentication) fail(x *exchange.Exchange, d *denial) {
	x.Fail(d.status, d.reason, d.detail)
	f.failures.count(d.reason)
}

func auth(c *compilation) Filter {
	config := c.Route.Auth
	if config == nil || config.Disabled {
		return nil
	}
	f := &authentication{realm: c.API, failures: c.tally(schema.MetricAuthFailures)}
	if config.APIKey != nil {
		f.schemes = append(f.schemes, method{c.apiKey(config.APIKey), config.APIKey.Forward})
	}
	if config.JWT != nil {
		token := c.token(config.JWT)
		f.schemes = append(f.schemes, method{token, config.JWT.Forward})
		for _, claim := range token.forward {
			f.claimed = append(f.claimed, claim.header)
		}
	}
	if len(f.schemes) == 0 {
		c.report(c.Path("auth"), "auth-empty", "set apiKey or jwt, or turn it off with disabled: true",
			"auth has no way to recognise a caller, so that nobody could pass")
	}
	if a := config.Allow; a != nil && len(a.Consumers)+len(a.Groups) > 0 {
		f.allow = &allowed{a.Consumers, a.Groups}
	}
	if config.APIKey != nil && config.JWT == nil && !c.anyone(c.keyring(), f.allow) {
		c.report(c.Path("auth", "apiKey"), "consumers-unknown", "mount their secrets, or correct the references",
			"no key of a consumer that may pass can be read, so that nobody could")
	}
	return f
}
