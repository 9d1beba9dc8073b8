package routetest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
)

// callers stand in for everybody who has credentials. A model that they stand in takes theirs and no others; what
// recognises a caller is the runtime's, with all its checks.
type callers struct {
	key ed25519.PrivateKey // every issuer's
	now time.Time
}

// newCallers returns callers whose credentials are known to everyone and good for nothing but tests.
func newCallers(now time.Time) *callers {
	return &callers{key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), now: now}
}

// standIn returns a model in which consumers have our API keys, and issuers our key. A consumer without any has none.
func (c *callers) standIn(g *schema.Gateway) *schema.Gateway {
	out := *g
	out.Consumers = map[string]schema.Consumer{}
	for name, consumer := range g.Consumers {
		if len(consumer.APIKeys) > 0 {
			digest := sha256.Sum256([]byte(apiKey(name)))
			consumer.APIKeys = map[string]schema.APIKey{"test": {SHA256: hex.EncodeToString(digest[:])}}
		}
		out.Consumers[name] = consumer
	}
	out.APIs = maps.Clone(g.APIs)
	for name, api := range out.APIs {
		api.Routes = maps.Clone(api.Routes)
		for id, r := range api.Routes {
			if r.Auth != nil && r.Auth.JWT != nil {
				auth, token := *r.Auth, *r.Auth.JWT
				token.JWKS, token.Algorithms = schema.JWKS{Inline: c.keySet()}, []string{"EdDSA"}
				auth.JWT = &token
				r.Auth = &auth
				api.Routes[id] = r
			}
		}
		out.APIs[name] = api
	}
	return &out
}

// present adds the credentials of a request's caller, as far as a route looks for them. A field that the test itself
// gives stays.
func (c *callers) present(r *exchange.Request, auth *schema.Auth, from *request) {
	if auth == nil {
		return
	}
	give := func(header, value string) {
		if _, ok := r.Header.Lookup(header); !ok {
			r.Header.Add(header, value)
		}
	}
	if auth.APIKey != nil && from.consumer != "" {
		give(auth.APIKey.Header, apiKey(from.consumer))
	}
	if auth.JWT != nil && from.claims != nil {
		give(auth.JWT.Header, "Bearer "+c.token(auth.JWT, from.claims))
	}
}

func apiKey(consumer string) string { return "the test key of " + consumer }

// token returns a signed token (RFC 7515, section 7.1) that says what the claims do, and what the route asks of every
// token.
func (c *callers) token(asked *schema.JWTAuth, claims map[string]schema.JSON) string {
	signed := encode([]byte(`{"alg":"EdDSA","kid":"test"}`)) + "." + encode(payload(asked, claims, c.now, time.Hour))
	return signed + "." + encode(ed25519.Sign(c.key, []byte(signed)))
}

// keySet is the issuers' (RFC 8037, section 2).
func (c *callers) keySet() schema.JSON {
	x := encode(c.key.Public().(ed25519.PublicKey))
	return schema.JSON(`{"keys":[{"alg":"EdDSA","crv":"Ed25519","kid":"test","kty":"OKP","use":"sig","x":"` + x + `"}]}`)
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
