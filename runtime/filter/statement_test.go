package filter_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/jwks"
)

// ask sends a request with a token to a route and returns the reason that it was refused for, or "".
func (g *gateway) ask(route, token string) string {
	x := get("Authorization", "Bearer "+token)
	g.serve(route, x)
	return x.Reason
}

// reused returns a copy of s in memory that the function puts to another use, as a connection does.
func reused(s string) (copied string, reuse func()) {
	buffer := []byte(s)
	return unsafe.String(&buffer[0], len(buffer)), func() {
		for i := range buffer {
			buffer[i] = '#'
		}
	}
}

// Each route holds a token against its own rules, whichever of them met it first.
func TestRoutesShareATokenAndNoVerdict(t *testing.T) {
	i := theIssuer()
	jwt := func(issuer, more string) string {
		return `{"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "` + issuer + `",
			"jwks": {"inline": ` + i.keySet(t) + `}` + more + `}}}`
	}
	const us = "https://issuer.test"
	routes := map[string]string{
		"plain":     jwt(us, ``),
		"users":     jwt(us, `, "audiences": ["users"]`),
		"admins":    jwt(us, `, "audiences": ["admins"]`),
		"stranger":  jwt("https://other.test", ``),
		"algorithm": jwt(us, `, "algorithms": ["ES256"]`),
		"required":  jwt(us, `, "requiredClaims": {"scope": "write"}`),
		"lacking":   jwt(us, `, "requiredClaims": {"scope": "delete"}`),
		"unfit":     jwt(us, `, "forwardClaims": {"X-List": "list"}`),
	}
	var parts []string
	for name, route := range routes {
		parts = append(parts, `"`+name+`": `+route)
	}
	g := newGateway(t, jwtDeps(), `{"a": {"routes": {`+strings.Join(parts, ",")+`}}}`)
	token := i.sign(t, jose.RS256, "rsa", i.rsa, with(map[string]any{"list": []string{"a,b"}}), nil)
	want := map[string]string{
		"plain": "", "users": "", "required": "",
		"admins": "token-audience", "stranger": "token-issuer", "algorithm": "token-algorithm", "lacking": "token-claim",
		"unfit": "token-claim",
	}
	for round := range 3 {
		got := map[string]string{}
		for name := range routes {
			got[name] = g.ask("a/"+name, token)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round %d (-want +got):\n%s", round, diff)
		}
	}
}

func TestATokenThatIsKnownIsHeldAgainstTheClock(t *testing.T) {
	i := theIssuer()
	now := tokenTime
	deps := jwtDeps()
	deps.Now = func() time.Time { return now }
	g := newGateway(t, deps, `{"a": {"routes": {
		"exact": {"backends": {"echo": {}}, "auth": {`+jwtConfig(t, `, "clockSkew": "0s"`)+`}},
		"lenient": {"backends": {"echo": {}}, "auth": {`+jwtConfig(t, `, "clockSkew": "30s"`)+`}}}}}`)
	claims := map[string]any{"nbf": tokenTime.Unix() + 10, "exp": tokenTime.Unix() + 60, "iat": nil}
	token := i.sign(t, jose.RS256, "rsa", i.rsa, with(claims), nil)
	tests := []struct {
		after          time.Duration
		exact, lenient string
	}{
		{0, "token-early", ""},
		{10 * time.Second, "", ""},
		{5 * time.Second, "token-early", ""}, // a clock that is put back
		{60*time.Second - time.Millisecond, "", ""},
		{60 * time.Second, "token-expired", ""},
		{90*time.Second - time.Millisecond, "token-expired", ""},
		{90 * time.Second, "token-expired", "token-expired"},
	}
	for _, test := range tests {
		now = tokenTime.Add(test.after)
		for range 2 {
			exact, lenient := g.ask("a/exact", token), g.ask("a/lenient", token)
			if exact != test.exact || lenient != test.lenient {
				t.Errorf("after %v: %q and %q, want %q and %q", test.after, exact, lenient, test.exact, test.lenient)
			}
		}
	}
}

// A token that is known vouches for no other text.
func TestATokenThatIsLikeAKnownOneIsRefused(t *testing.T) {
	i := theIssuer()
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, "")+`}}`)
	token := i.sign(t, jose.EdDSA, "ed", i.ed, with(nil), nil)
	if reason := g.ask("a/r", token); reason != "" {
		t.Fatal(reason)
	}
	head, rest, _ := strings.Cut(token, ".")
	_, signature, _ := strings.Cut(rest, ".")
	for name, other := range map[string]string{
		"other claims":     head + "." + encoded(`{"iss":"https://issuer.test","aud":"users","exp":99999999999}`) + "." + signature,
		"no signature":     strings.TrimSuffix(token, signature),
		"less signature":   token[:len(token)-4],
		"more signature":   token + "AAAA",
		"the claims alone": rest,
	} {
		for range 2 {
			if reason := g.ask("a/r", other); reason == "" {
				t.Errorf("%s: it passes", name)
			}
		}
	}
	if reason := g.ask("a/r", token); reason != "" {
		t.Error(reason)
	}
}

// A token ends with its key: at the first request after the issuer's keys changed, whatever was verified before. And
// a token that was refused for want of its key passes once the key is there.
func TestAKnownTokenEndsWithItsKey(t *testing.T) {
	i := theIssuer()
	public := func(kid string, key any) string {
		data, err := jose.JSONWebKey{Key: key, KeyID: kid}.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return `{"keys":[` + string(data) + `]}`
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		keys := public("k", i.rsa.Public())
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			body := io.NopCloser(strings.NewReader(keys))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
		})
		store := jwks.New(jwks.Options{Client: &http.Client{Transport: transport}})
		defer store.Close()
		g := one(t, filter.Deps{Keys: store}, `{"backends": {"echo": {}}, "auth": {"jwt": {"issuer": "https://issuer.test",
			"jwks": {"url": "https://issuer.test/keys"}}}}`)
		claims := with(map[string]any{"exp": time.Now().Unix() + 7200, "iat": nil})
		old, next := i.sign(t, jose.RS256, "k", i.rsa, claims, nil), i.sign(t, jose.EdDSA, "k", i.ed, claims, nil)
		var got []string
		for _, body := range []string{keys, keys, public("k", i.ed.Public())} {
			mu.Lock()
			keys = body
			mu.Unlock()
			time.Sleep(11 * time.Minute) // it is fetched
			got = append(got, g.ask("a/r", old)+"|"+g.ask("a/r", old)+"|"+g.ask("a/r", next))
		}
		want := []string{"||token-key-unknown", "||token-key-unknown", "token-key-unknown|token-key-unknown|"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the old key's token twice, the new one's (-want +got):\n%s", diff)
		}
	})
}

// What a request brings is gone when it ends; the next one with the same token gets the same.
func TestATokensClaimsOutliveItsRequest(t *testing.T) {
	i := theIssuer()
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, `, "groupsClaim": "roles",
		"forwardClaims": {"X-Sub": "sub", "X-Roles": "roles", "X-Level": "level"}`)+`}}`)
	token := i.sign(t, jose.RS256, "rsa", i.rsa, with(nil), nil)
	var got []string
	g.backend = func(x *exchange.Exchange) {
		got = append(got, fmt.Sprint(x.Caller, lines(x.Request.Header, "x-")))
	}
	for range 3 {
		value, reuse := reused("Bearer " + token)
		g.serve("a/r", get("Authorization", value))
		reuse()
	}
	const each = "{ann [dev ops]} [X-Level: 3 X-Roles: dev,ops X-Sub: ann]"
	if diff := cmp.Diff([]string{each, each, each}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyRequestsShareTokens(t *testing.T) {
	i := theIssuer()
	g := one(t, jwtDeps(), `{"backends": {"echo": {}}, "auth": {`+jwtConfig(t, `, "forwardClaims": {"X-Sub": "sub"}`)+`}}`)
	g.backend = func(x *exchange.Exchange) {
		if sub := x.Request.Header.Get("x-sub"); sub != x.Caller.Consumer || x.Request.Header.Get("want") != sub {
			t.Errorf("caller %q, header %v", x.Caller.Consumer, x.Request.Header)
		}
	}
	tokens := map[string]string{}
	for n := range 8 {
		sub := fmt.Sprint("caller-", n)
		tokens[sub] = i.sign(t, jose.EdDSA, "ed", i.ed, with(map[string]any{"sub": sub}), nil)
	}
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 50 {
				for sub, token := range tokens {
					if x := get("Authorization", "Bearer "+token, "Want", sub); !g.serve("a/r", x) {
						t.Errorf("%s is refused: %s", sub, x.Reason)
					}
				}
			}
		})
	}
	work.Wait()
}
