package filter

import (
	"gwc.dev/runtime/exchange"
	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// apiKey recognises consumers by their API keys.
type apiKey struct {
	ring          *keyring
	header, query string
}

func (a *apiKey) recognise(x *exchange.Exchange) (identity, *denial) {
	key, denied := a.key(&x.Request)
	if denied != nil {
		return identity{}, denied
	}
	consumer, ok := a.ring.consumer(key)
	if !ok {
		return identity{}, deny("key-unknown", "The API key is not known.")
	}
	return identity{Caller: exchange.Caller{Consumer: consumer, Groups: a.ring.groups[consumer]}}, nil
}

func (a *apiKey) key(r *exchange.Request) (string, *denial) {
	switch r.Header.Count(a.header) {
	case 0:
	case 1:
		if key := r.Header.Get(a.header); key != "" {
			return key, nil
		}
	default:
		return "", deny("key-malformed", "There is more than one API key.")
	}
	if a.query != "" {
		if key, _ := exchange.LookupQuery(r.Query, a.query); key != "" {
			return key, nil
		}
	}
	return "", missing
}

func (a *apiKey) strip(r *exchange.Request) {
	r.Header.DelAlike(a.header)
	if a.query != "" {
		r.Query = exchange.DeleteQuery(r.Query, a.query)
	}
}

func (a *apiKey) challenge(realm string, _ *denial) string { return `ApiKey realm="` + realm + `"` }

func (c *compilation) apiKey(config *schema.APIKeyAuth) *apiKey {
	if !header.IsToken(config.Header) {
		c.report(c.Path("auth", "apiKey", "header"), "header-name", "use letters, digits and '-'",
			"%q is not a header name", config.Header)
	}
	return &apiKey{ring: c.keyring(), header: config.Header, query: config.Query}
}
