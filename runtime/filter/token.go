package filter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/jwks"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

const (
	// maxToken bounds a token: what is longer is no access token, and costs time to parse.
	maxToken = 8 << 10
	// retryAfter is when to come back, in seconds, where an issuer's keys could not be fetched yet.
	retryAfter = 5
)

// A keySource knows an issuer's keys.
type keySource interface {
	// Current returns the keys as they are known now, or nil. It waits for nothing.
	Current() *jwks.Set
	// Having returns the keys among which one of that key id and algorithm is to be looked for: where it is not
	// among them, it is unknown to the issuer too. An error says that the keys are not known now.
	Having(ctx context.Context, kid, alg string) (*jwks.Set, error)
	// Newer returns another set than one in which no key of that id has made a signature, if there is one, else that
	// one or nil.
	Newer(ctx context.Context, than *jwks.Set, kid string) *jwks.Set
}

// token accepts JSON Web Tokens (RFC 7519) as RFC 8725 says: the algorithms and the keys are the
// configuration's and never the token's, and every claim that is asked for has to be there.
type token struct {
	header     string
	algorithms []jose.SignatureAlgorithm
	keys       keySource
	rules      claimRules
	forward    []claimHeader
	consumer   string              // the claim that names the consumer
	groups     string              // the claim that lists its groups; "": they are the consumer's own
	known      map[string][]string // the consumers' own groups
	now        func() time.Time
}

// A claimHeader is a header that the backend gets, and the claim in it.
type claimHeader struct{ header, claim string }

func (t *token) recognise(x *exchange.Exchange) (identity, *denial) {
	raw, denied := t.read(&x.Request)
	if denied != nil {
		return identity{}, denied
	}
	now := t.now()
	said := t.recall(raw, now)
	recalled := said != nil
	if !recalled {
		if said, denied = t.verify(x.Context, raw); denied != nil {
			return identity{}, denied
		}
	}
	who, denied := t.judge(said, now)
	if denied == nil && !recalled { // what was refused is not worth the room
		said.remember(raw, now)
	}
	return who, denied
}

// recall returns what a token says that was verified before with a key that is still the issuer's; nil: it was not.
func (t *token) recall(raw string, now time.Time) *statement {
	set := t.keys.Current()
	if set == nil {
		return nil
	}
	says, _ := set.Recall(raw, now)
	said, _ := says.(*statement)
	return said
}

// judge holds what a token says against what this route asks for.
func (t *token) judge(said *statement, now time.Time) (identity, *denial) {
	if !slices.Contains(t.algorithms, jose.SignatureAlgorithm(said.algorithm)) { // another route may accept it
		return identity{}, badAlgorithm()
	}
	if denied := t.rules.check(said.claims, now); denied != nil {
		return identity{}, denied
	}
	for _, f := range t.forward {
		if said.claims[f.claim].unfit {
			return identity{}, deny("token-claim", "A claim of the token cannot be passed on.")
		}
	}
	who := identity{claims: said.claims, forward: t.forward}
	who.Consumer, _ = text(said.claims[t.consumer].value)
	if t.groups != "" {
		who.Groups = said.claims[t.groups].list
	} else {
		who.Groups = t.known[who.Consumer]
	}
	return who, nil
}

// read takes the token out of the request. Another scheme's credentials in the same header are none of ours.
func (t *token) read(r *exchange.Request) (string, *denial) {
	if r.Header.Count(t.header) > 1 {
		return "", deny("token-malformed", "There is more than one token.")
	}
	raw, ok := bearer(r.Header.Get(t.header))
	switch {
	case !ok:
		return "", missing
	case len(raw) > maxToken:
		return "", deny("token-malformed", "The token is too long.")
	}
	return raw, nil
}

// bearer returns what stands after "Bearer " (RFC 6750, section 2.1).
func bearer(value string) (string, bool) {
	const scheme = "bearer"
	if len(value) <= len(scheme) || !exchange.EqualFold(value[:len(scheme)], scheme) || value[len(scheme)] != ' ' && value[len(scheme)] != '\t' {
		return "", false
	}
	return strings.Trim(value[len(scheme):], " \t"), true
}

// verify returns what a token says whose signature is the issuer's.
func (t *token) verify(ctx context.Context, raw string) (*statement, *denial) {
	jws, err := jose.ParseSignedCompact(raw, t.algorithms)
	if err != nil {
		if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
			return nil, badAlgorithm()
		}
		return nil, deny("token-malformed", "The token is not a signed JSON Web Token.")
	}
	if len(jws.Signatures) != 1 {
		return nil, deny("token-malformed", "The token has not exactly one signature.")
	}
	head := jws.Signatures[0].Protected
	for _, name := range []jose.HeaderKey{"crit", "b64"} { // extensions that we would have to understand, and do not
		if _, ok := head.ExtraHeaders[name]; ok {
			return nil, deny("token-malformed", "The token uses an extension that is not accepted.")
		}
	}
	if ctx == nil {
		ctx = context.Background()
	}
	set, err := t.keys.Having(ctx, head.KeyID, head.Algorithm)
	if err != nil {
		return nil, &denial{503, "keys-unavailable", "Tokens cannot be verified at the moment."}
	}
	if len(set.Find(head.KeyID, head.Algorithm)) == 0 {
		return nil, deny("token-key-unknown", "The key that the token names is not known.")
	}
	payload, ok := verified(jws, set)
	if !ok {
		if newer := t.keys.Newer(ctx, set, head.KeyID); newer != nil && newer != set {
			set = newer
			payload, ok = verified(jws, set)
		}
	}
	if !ok {
		return nil, deny("token-signature", "The token's signature is not valid.")
	}
	claims, denied := parseClaims(payload)
	return &statement{algorithm: head.Algorithm, claims: claims, signer: set}, denied
}

// verified returns what a token says if a key of set has signed it.
func verified(jws *jose.JSONWebSignature, set *jwks.Set) ([]byte, bool) {
	head := jws.Signatures[0].Protected
	for _, key := range set.Find(head.KeyID, head.Algorithm) {
		if payload, err := jws.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func badAlgorithm() *denial { return deny("token-algorithm", "The token's algorithm is not accepted.") }

func (t *token) strip(r *exchange.Request) {
	if _, ok := bearer(r.Header.Get(t.header)); ok || r.Header.Count(t.header) > 1 {
		r.Header.Del(t.header)
	}
}

func (t *token) challenge(realm string, d *denial) string {
	value := `Bearer realm="` + realm + `"`
	if d != missing { // RFC 6750, section 3.1: no error where there was no token
		code := "invalid_token"
		if d.status == 403 {
			code = "insufficient_scope"
		}
		value += `, error="` + code + `", error_description="` + strings.TrimSuffix(d.detail, ".") + `"`
	}
	return value
}

// An inlineSet is a parsed key set that stands in the model.
type inlineSet struct {
	set    *jwks.Set
	faults []jwks.Fault
	err    error
}

// noKeys stands for a key set that is not fetched, because nobody will ask: in "gwc vet".
type noKeys struct{}

func (noKeys) Current() *jwks.Set { return nil }

func (noKeys) Having(context.Context, string, string) (*jwks.Set, error) {
	return nil, jwks.ErrUnavailable
}

func (noKeys) Newer(context.Context, *jwks.Set, string) *jwks.Set { return nil }

func (c *compilation) token(config *schema.JWTAuth) *token {
	at := c.Path("auth", "jwt")
	t := &token{
		header:   config.Header,
		keys:     c.keySource(&config.JWKS, at.Join("jwks")),
		rules:    c.claimRules(config, at),
		consumer: config.ConsumerClaim,
		groups:   config.GroupsClaim,
		known:    c.keyring().groups,
		now:      c.deps.Now,
	}
	if !header.IsToken(config.Header) {
		c.report(at.Join("header"), "header-name", "use letters, digits and '-'", "%q is not a header name", config.Header)
	}
	if len(config.Algorithms) == 0 {
		c.report(at, "jwt-algorithm", "list what the issuer signs with", "no algorithm is accepted")
	}
	for i, alg := range config.Algorithms {
		if !jwks.Algorithm(alg) {
			c.report(at.Join("algorithms").Index(i), "jwt-algorithm", "use RS256, ES256 or EdDSA",
				"algorithm %q is not an asymmetric signature", alg)
		}
		t.algorithms = append(t.algorithms, jose.SignatureAlgorithm(alg))
	}
	for name, claim := range schema.Sorted(config.ForwardClaims) {
		place := at.Join("forwardClaims", name)
		if claim == "" {
			c.report(place, "jwt-claim", "", "no claim is named")
		}
		if exchange.EqualFold(name, config.Header) {
			c.report(place, "header-forbidden", "use another header", "header %q carries the token", name)
		}
		t.forward = append(t.forward, claimHeader{c.field(place, name, ""), claim})
	}
	return t
}

func (c *compilation) keySource(config *schema.JWKS, at schema.Path) keySource {
	inline := string(config.Inline)
	switch {
	case (config.URL != "") == (inline != "" && inline != "null"):
		c.report(at, "jwks-source", "set exactly one of url and inline", "jwks has not exactly one of url and inline")
		return noKeys{}
	case config.URL == "":
		return c.inline(inline, at.Join("inline"))
	case !strings.HasPrefix(config.URL, "https://") && !strings.HasPrefix(config.URL, "http://"):
		c.report(at.Join("url"), "jwks-source", `begin it with "https://"`, "%q is not an HTTP address", config.URL)
		return noKeys{}
	case c.deps.Keys == nil:
		return noKeys{}
	}
	return c.deps.Keys.Remote(config.URL)
}

func (c *compilation) inline(data string, at schema.Path) keySource {
	s, ok := c.sets[data]
	if !ok {
		s.set, s.faults, s.err = jwks.Parse([]byte(data))
		c.sets[data] = s
	}
	for _, fault := range s.faults {
		if !fault.Harmless {
			c.report(at.Join("keys").Index(fault.Index), fault.Code, "keep the issuer's public keys only",
				"key %d %s", fault.Index, fault.Reason)
		}
	}
	if s.err != nil {
		c.report(at, "jwks-empty", "put the issuer's public keys in keys, as RFC 7517 writes them", "%v", s.err)
		return noKeys{}
	}
	return s.set
}
