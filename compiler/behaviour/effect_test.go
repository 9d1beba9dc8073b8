package behaviour_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// effectBase is a gateway of one route, which is put in with what is beside it.
const effectBase = `{
	"environment": "test",
	"listeners": {"http": {"port": 8080}},
	"upstreams": {
		"one": {"endpoints": {"main": {"host": "one.test", "port": 80, "weight": 1}}},
		"off": {"endpoints": {"main": {"host": "off.test", "port": 80, "weight": 0}}},
		"idle": {"endpoints": {"main": {"host": "idle.test", "port": 80, "weight": 1}}}
	},
	"consumers": {"alice": {"apiKeys": {"first": {"secret": "alice/key"}}}},
	"apis": {"a": {"routes": {"r": {"match": {"path": {"prefix": "/a"}}, %s}}}}
}`

// effectOf returns the reasons of what differs between two gateways, whose only routes are these.
func effectOf(t *testing.T, old, new string, pairs ...string) string {
	t.Helper()
	read := func(route string, pairs ...string) *schema.Gateway {
		text := strings.NewReplacer(pairs...).Replace(fmt.Sprintf(effectBase, route))
		var g schema.Gateway
		if err := json.Unmarshal([]byte(text), &g); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return &g
	}
	report, err := behaviour.Compare(read(old), read(new, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range report.Classes {
		if len(c.Changes) == 0 {
			out = append(out, c.Reason)
		}
		for _, change := range c.Changes {
			out = append(out, string(change.Path))
		}
	}
	return strings.Join(out, " ")
}

// What is only of the call to a backend is no difference where there is none: a route that answers by itself, or has no backend
// in use.
func TestWhatBackendsMeetIsNoMatterWithoutOne(t *testing.T) {
	const key, token = `"auth": {"apiKey": {"header": "apikey"}}`, `"auth": {"jwt": {"issuer": "i", "jwks": {"url": "https://i.test/"}, "header": "Authorization"}}`
	fields := map[string][2]string{
		"timeout":         {`"timeout": "1s"`, `"timeout": "2s"`},
		"retry":           {``, `"retry": {"attempts": 2, "on": ["503"], "perTryTimeout": "1s"}`},
		"headers.request": {``, `"headers": {"request": {"set": {"X-A": "1"}}}`},
		"rewrite":         {``, `"rewrite": {"full": "/b"}`},
		"rewrite.host":    {``, `"rewrite": {"host": "b.test"}`},
		"apiKey.forward":  {key, strings.Replace(key, `"header"`, `"forward": true, "header"`, 1)},
		"jwt.forward":     {token, strings.Replace(token, `"header"`, `"forward": true, "header"`, 1)},
	}
	deeds := map[string]string{
		"respond": `"respond": {"status": 200}`, "redirect": `"redirect": {"host": "c.test"}`,
		"no weight": `"backends": {"one": {"weight": 0}}`, "no endpoint": `"backends": {"off": {"weight": 1}}`,
	}
	join := func(parts ...string) string { return strings.TrimSuffix(strings.Join(parts, ", "), ", ") }
	for field, values := range fields {
		for name, deed := range deeds {
			if got := effectOf(t, join(deed, values[0]), join(deed, values[1])); got != "" {
				t.Errorf("%s of a route with %s: %s", field, name, got)
			}
		}
		const calls = `"backends": {"one": {"weight": 1}}`
		if got := effectOf(t, join(calls, values[0]), join(calls, values[1])); got == "" {
			t.Errorf("%s of a route with a backend: no difference", field)
		}
	}
}

// A field that looks to be of no matter may be of one all the same, and the other way round.
func TestFieldsWithAnEffect(t *testing.T) {
	const backend, respond, redirect = `"backends": {"one": {"weight": 1}}`, `"respond": {"status": 200}`, `"redirect": {"host": "c.test"}`
	retry := func(rest string) string {
		return backend + `, "retry": {"attempts": 1, "methods": ["GET"], ` + rest + `}`
	}
	limited := func(header, forward string) string {
		return respond + `, "auth": {"apiKey": {"header": "apikey"` + forward + `}},
			"rateLimit": {"w": {"requests": 1, "per": "day", "by": "header", "header": "` + header + `"}}`
	}
	cors := func(age string) string { return respond + `, "cors": {"origins": ["*"], "maxAge": "` + age + `"}` }
	const forward = `, "forward": true`
	keys := func(set string) string {
		return respond + `, "auth": {"jwt": {"issuer": "i", "jwks": {"inline": {"keys": [` + set + `]}}}}`
	}
	for name, test := range map[string]struct {
		old, new string
		pairs    []string
		want     string
	}{
		"answered instead of called":          {backend + `, "timeout": "1s", "headers": {"request": {"set": {"X-A": "1"}}}`, respond, nil, "backends.one respond"},
		"a body's bound where none is read":   {respond, respond + `, "maxBodyBytes": 10`, nil, "maxBodyBytes"},
		"a field of the gateway's answer":     {respond, respond + `, "headers": {"request": {"set": {"X-A": "1"}}, "response": {"set": {"X-A": "1"}}}`, nil, "headers"},
		"a key that a redirect takes along":   {redirect + `, "auth": {"apiKey": {"header": "apikey", "query": "key"}}`, redirect + `, "auth": {"apiKey": {"header": "apikey", "query": "key", "forward": true}}`, nil, "auth.apiKey.forward"},
		"a limit that counts by the key":      {limited("APIKey", ``), limited("APIKey", forward), nil, "auth.apiKey.forward"},
		"a limit that counts by other":        {limited("X-A", ``), limited("X-A", forward), nil, ""},
		"an upstream that no route uses":      {backend, backend, []string{"idle.test", "other.test"}, ""},
		"an upstream of no weight":            {backend, backend, []string{"off.test", "other.test"}, ""},
		"HTTP/1.1 without TLS":                {backend, backend, []string{`"one": {"end`, `"one": {"protocol": "http1", "end`}, ""},
		"HTTP/2 without TLS":                  {backend, backend, []string{`"one": {"end`, `"one": {"protocol": "http2", "end`}, "upstreams.one.protocol"},
		"a try's bound where none is retried": {retry(`"on": ["503"]`), retry(`"on": ["503"], "perTryTimeout": "1s"`), nil, "retry.perTryTimeout"},
		"a bound on tries of other methods": {
			backend, strings.Replace(retry(`"on": ["503"], "perTryTimeout": "1s"`), "GET", "PUT", 1), nil, "retry"},
		"timeouts of tries that have none": {retry(`"on": ["503"]`), retry(`"on": ["503", "timeout"]`), nil, ""},
		"timeouts of tries":                {retry(`"perTryTimeout": "1s", "on": ["503"]`), retry(`"perTryTimeout": "1s", "on": ["503", "timeout"]`), nil, `retry.on`},
		"parts of a second":                {cors("1s"), cors("1500ms"), nil, ""},
		"a second":                         {cors("1s"), cors("2s"), nil, "cors.maxAge"},
		"a scheme that requests have":      {redirect, `"redirect": {"host": "c.test", "scheme": "http"}`, nil, ""},
		"a scheme that requests may have":  {redirect, `"redirect": {"host": "c.test", "scheme": "http"}`, []string{`{"http": {"port": 8080}}`, `{"http": {"port": 8080}}, "trustedProxies": ["10.0.0.0/8"]`}, "trustedProxies redirect.scheme"},
		"another scheme's own port":        {`"redirect": {"scheme": "https"}`, `"redirect": {"scheme": "https", "port": 443}`, nil, ""},
		"the scheme's own port":            {`"redirect": {"scheme": "http"}`, `"redirect": {"scheme": "http", "port": 80}`, nil, "redirect.port"},
		"keys in another order":            {keys(`{"kid":"a","kty":"OKP"},{"kid":"b","kty":"OKP"}`), keys(`{"kid":"b","kty":"OKP"},{"kid":"a","kty":"OKP"}`), nil, ""},
		"another key":                      {keys(`{"kid":"a","kty":"OKP"}`), keys(`{"kid":"b","kty":"OKP"}`), nil, "auth.jwt.jwks"},
		"no age at all":                    {respond + `, "cors": {"origins": ["*"]}`, cors("500ms"), nil, "cors.maxAge"},
	} {
		got := effectOf(t, test.old, test.new, test.pairs...)
		if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// Of a route that takes other methods than are retried, the bound on a try is a difference.
func TestBoundOnTriesOfMethodsThatAreNotRetried(t *testing.T) {
	const route = `"match": {"methods": ["POST"]}, "backends": {"one": {"weight": 1}}`
	if got := effectOf(t, route, route+`, "retry": {"attempts": 1, "methods": ["GET"], "on": ["503"]}`); got != "" {
		t.Errorf("without a bound: %s", got)
	}
	if got := effectOf(t, route, route+`, "retry": {"attempts": 1, "methods": ["GET"], "on": ["503"], "perTryTimeout": "1s"}`); !strings.HasPrefix(got, "retry") {
		t.Errorf("with one: %q", got)
	}
}
