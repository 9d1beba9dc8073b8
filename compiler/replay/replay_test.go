package replay_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/replay"
	"gwc.dev/compiler/routetest"
	"gwc.dev/runtime"
	"gwc.dev/runtime/runtimetest"
	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// model returns a model of one listener with some routes, in JSON, at host a.test.
func model(t *testing.T, routes string) *schema.Gateway {
	t.Helper()
	g, err := schema.Decode([]byte(`{"environment": "test", "listeners": {"http": {"port": 8080}},
		"upstreams": {"up": {"endpoints": {"one": {"host": "up.test", "port": 80}}}, "down": {"endpoints": {"one": {"host": "down.test", "port": 80}}}},
		"consumers": {"ann": {"apiKeys": {"a": {"sha256": "` + strings.Repeat("0", 64) + `"}}}},
		"apis": {"a": {"hosts": ["a.test"], "routes": {` + routes + `}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return g.Resolve()
}

// serve has the runtime serve a model, and returns where. Upstream "up" answers with fields of its own, and "down" does not.
func serve(t *testing.T, g *schema.Gateway) string {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"X-A", "X-B", "Vary", "Access-Control-Allow-Origin", "Ratelimit-Policy", "Gwproxy-Route"} {
			w.Header().Set(name, "of-the-backend")
		}
	}))
	t.Cleanup(up.Close)
	upstream := func(name, _ string) string {
		if name == "up" {
			return up.Listener.Addr().String()
		}
		return "127.0.0.1:1"
	}
	return runtimetest.Serve(t, g, runtime.Options{RevealRoute: true, Upstream: upstream})["http"]
}

// run compares two models and replays the examples on proxies that serve what they may.
func run(t *testing.T, old, new *schema.Gateway, o replay.Options) (said string, sum *replay.Sum) {
	t.Helper()
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	sum, err = replay.New(o).Run(t.Context(), &b, behaviour.Comparison{Old: old, New: new, Behaviour: report, Places: diff.Compare(old, new)})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), sum
}

// path is a match of one path.
const path = `"match": {"path": {"exact": "/p"}, "methods": ["GET"]}`

// What a change does to answers is shown, if it is served so; and what is served otherwise is said.
func TestAnswersAreHeldToClaims(t *testing.T) {
	tests := map[string]struct {
		old, new string // the route, before and after
		lie      string // what is served in place of the new one
		shown    string // the sum, without the first line
		caught   string // what is said of the lie
	}{
		"the status of a fixed answer": {
			`"respond": {"status": 200}`, `"respond": {"status": 410}`, `"respond": {"status": 404}`,
			"shown by the answers: 1", "answered with status 404, not 410",
		},
		"the body of a fixed answer": {
			`"respond": {"body": "one"}`, `"respond": {"body": "two"}`, `"respond": {"body": "three"}`,
			"shown by the answers: 1", "answered with another body",
		},
		"the beginning of a body": {
			`"respond": {"body": "one"}`, `"respond": {"body": "two"}`, `"respond": {"body": "tw"}`,
			"shown by the answers: 1", "answered with another body",
		},
		"a field of a fixed answer": {
			`"respond": {}`, `"respond": {"headers": {"x-a": "1"}}`, `"respond": {"headers": {"x-a": "2"}}`,
			"shown by the answers: 1", `answered with x-a "2", not "1"`,
		},
		"maintenance": {
			`"backends": {"up": {}}`, `"respond": {"status": 503, "body": "soon", "headers": {"retry-after": "60"}}`, `"respond": {"status": 503, "body": "soon"}`,
			"shown by the answers: 2", `answered without retry-after, not with "60"`,
		},
		"where a redirect leads": {
			`"redirect": {"host": "b.test"}`, `"redirect": {"host": "c.test"}`, `"redirect": {"host": "d.test"}`,
			"shown by the answers: 1", `answered with location "http://d.test/p", not "http://c.test/p"`,
		},
		"the status of a redirect": {
			`"redirect": {"host": "b.test"}`, `"redirect": {"host": "b.test", "status": 308}`, `"redirect": {"host": "b.test", "status": 301}`,
			"shown by the answers: 1", "answered with status 301, not 308",
		},
		"authentication": {
			`"backends": {"up": {}}`, `"backends": {"up": {}}, "auth": {"apiKey": {}}`, `"backends": {"up": {}}`,
			"shown by the answers: 1", "answered with status 200, not 401",
		},
		"another authentication": {
			`"respond": {}, "auth": {"jwt": {"issuer": "https://i.test", "jwks": {"url": "https://i.test/k"}}}`, `"respond": {}, "auth": {"apiKey": {}}`,
			`"respond": {}, "auth": {"jwt": {"issuer": "https://i.test", "jwks": {"url": "https://i.test/k"}}}`,
			"shown by the answers: 1", `answered with www-authenticate "Bearer realm=\"a\"", not "ApiKey realm=\"a\""`,
		},
		"no authentication any more": {
			`"backends": {"up": {}}, "auth": {"apiKey": {}}`, `"backends": {"up": {}}`, `"backends": {"up": {}}, "auth": {"apiKey": {}}`,
			"shown by the answers: 1", "refused by the gateway with 401, not passed to a backend",
		},
		"a field that is set": {
			`"backends": {"up": {}}`, `"backends": {"up": {}}, "headers": {"response": {"set": {"x-a": "1"}}}`, `"backends": {"up": {}}`,
			"shown by the answers: 1", `answered with x-a "of-the-backend", not "1"`,
		},
		"a field that is added": {
			`"backends": {"up": {}}`, `"backends": {"up": {}}, "headers": {"response": {"add": {"x-a": "1"}}}`, `"backends": {"up": {}}`,
			"shown by the answers: 1", `answered with x-a "of-the-backend", not "1"`,
		},
		"a field that is removed": {
			`"backends": {"up": {}}`, `"backends": {"up": {}}, "headers": {"response": {"remove": ["x-a"]}}`, `"backends": {"up": {}}`,
			"shown by the answers: 1", `answered with x-a "of-the-backend", not without`,
		},
		"a field of an answer that no backend gives": {
			`"backends": {"down": {}}`, `"backends": {"down": {}}, "headers": {"response": {"set": {"x-a": "1", "content-type": "text/html"}}}`, `"backends": {"down": {}}`,
			"shown by the answers: 1", `answered without x-a, not with "1"`,
		},
		"a rate limit": {
			`"respond": {}`, `"respond": {}, "rateLimit": {"w": {"requests": 5, "per": "minute", "by": "ip"}}`,
			`"respond": {}, "rateLimit": {"w": {"requests": 6, "per": "minute", "by": "ip"}}`,
			"shown by the answers: 1", `answered with ratelimit-policy "\"w\";q=6;w=60", not "\"w\";q=5;w=60"`,
		},
		"no rate limit any more": {
			`"backends": {"up": {}}, "rateLimit": {"w": {"requests": 5, "per": "minute", "by": "ip"}}`, `"backends": {"up": {}}`,
			`"respond": {"headers": {"ratelimit": "1"}}`,
			"shown by the answers: 1", "",
		},
		"pages of another origin": {
			`"respond": {}, "cors": {"origins": ["https://a.test"]}`, `"respond": {}, "cors": {"origins": ["https://b.test"]}`,
			`"respond": {}, "cors": {"origins": ["https://c.test"]}`,
			"shown by the answers: 1", `answered without access-control-allow-origin, not with "https://b.test"`,
		},
		"what preflights allow": {
			`"respond": {}, "cors": {"origins": ["https://*.a.test"], "allowHeaders": ["x-a"]}`, `"respond": {}, "cors": {"origins": ["https://*.a.test"], "allowHeaders": ["x-b"]}`,
			`"respond": {}, "cors": {"origins": ["https://*.a.test"], "allowHeaders": ["x-c"]}`,
			"shown by the answers: 1", `answered with access-control-allow-headers "x-c", not "x-b"`,
		},
		"no preflights any more": {
			`"respond": {}, "cors": {"origins": ["*"]}`, `"respond": {}`, `"respond": {}, "cors": {"origins": ["*"]}`,
			"shown by the answers: 2", `answered with access-control-allow-origin "*", not without`,
		},
		"the caches of answers to pages": {
			`"backends": {"up": {}}`, `"backends": {"up": {}}, "cors": {"origins": ["https://a.test"]}`, `"backends": {"up": {}}`,
			"shown by the answers: 2", `answered with vary "of-the-backend", not "Origin"`,
		},
		"what no answer shows": {
			`"backends": {"up": {}}`,
			`"backends": {"down": {}, "up": {"weight": 2}}, "timeout": "1s", "maxBodyBytes": 10, "rewrite": {"full": "/v"}, "headers": {"request": {"set": {"x-a": "1"}}}, "retry": {"attempts": 1, "on": ["503"]}`,
			`"respond": {"headers": {"x-any": "1"}}`,
			"not shown by one request: 1 backends, 1 headers, 1 maxBodyBytes, 1 retry, 1 rewrite, 1 timeout", "",
		},
		"what a new refusal hides": {
			`"respond": {"status": 200}`, `"respond": {"status": 201}, "auth": {"apiKey": {}}`, `"respond": {"status": 201}`,
			"shown by the answers: 1\nnot shown without credentials: 1 respond", "answered with status 201, not 401",
		},
		"what stands behind authentication": {
			`"respond": {"status": 200}, "auth": {"apiKey": {}}`, `"respond": {"status": 201}, "auth": {"apiKey": {}}`, `"respond": {"status": 202}, "auth": {"apiKey": {}}`,
			"not shown without credentials: 1 respond", "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			route := func(text string) *schema.Gateway { return model(t, `"r": {`+path+`, `+text+`}`) }
			old, new := route(test.old), route(test.new)
			before := serve(t, old)
			said, sum := run(t, old, new, replay.Options{Old: before, New: serve(t, new)})
			_, rest, _ := strings.Cut(sum.String(), "\n")
			if said != "" || sum.Wrong > 0 || rest != test.shown {
				t.Errorf("%s%s\nwant %q", said, sum, test.shown)
			}
			said, sum = run(t, old, new, replay.Options{Old: before, New: serve(t, route(test.lie))})
			if !strings.Contains(said, test.caught) || (sum.Wrong > 0) != (test.caught != "") {
				t.Errorf("of a lie it says:\n%s%s\nwant %q", said, sum, test.caught)
			}
		})
	}
}

// Whether a request is taken at all is told by the route that is named.
func TestRoutesAreHeldToClaims(t *testing.T) {
	old := model(t, `"r": {`+path+`, "respond": {}}`)
	new := model(t, `"s": {"match": {"path": {"exact": "/q"}, "methods": ["GET"]}, "respond": {}}`)
	said, sum := run(t, old, new, replay.Options{Old: serve(t, old), New: serve(t, new)})
	want := "replayed 2 requests, 0 answers not as claimed\nshown by the answers: 2"
	if diff := cmp.Diff(want, said+sum.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	before := serve(t, new)
	said, _ = run(t, old, new, replay.Options{Old: before, New: serve(t, old)})
	if line := before + ": GET a.test/p was taken by none, not by a/r\n"; !strings.Contains(said, line) {
		t.Errorf("got:\n%swant %q", said, line)
	}
}

// Of a path that reads in two ways it is claimed that it is refused, where the routes have no other.
func TestAPathThatReadsInTwoWaysIsRefused(t *testing.T) {
	old := model(t, `"r": {"match": {"path": {"exact": "/p;a"}}, "backends": {"up": {}}}, "other": {"match": {"path": {"prefix": "/p"}}, "respond": {}}`)
	new := model(t, `"r": {"match": {"path": {"exact": "/p;a"}}, "backends": {"up": {}}, "timeout": "1s"}, "other": {"match": {"path": {"prefix": "/p"}}, "respond": {}}`)
	said, sum := run(t, old, new, replay.Options{Old: serve(t, old), New: serve(t, new)})
	if said != "" || sum.Sent != 1 || sum.Wrong != 0 {
		t.Errorf("%s%s", said, sum)
	}
	lax := model(t, `"r": {"match": {"path": {"exact": "/p;a"}}, "backends": {"up": {}}}`)
	said, _ = run(t, old, new, replay.Options{Old: serve(t, lax), New: serve(t, new)})
	if !strings.Contains(said, "was taken by a/r, not by none (its path reads in two ways)\n") {
		t.Error(said)
	}
}

// A limit that has had enough stands in place of what is claimed, and contradicts nothing.
func TestALimitHidesAnswers(t *testing.T) {
	old := model(t, `"r": {`+path+`, "respond": {}, "rateLimit": {"w": {"requests": 1, "per": "hour", "by": "ip"}}}`)
	new := model(t, `"r": {`+path+`, "respond": {"status": 201}, "rateLimit": {"w": {"requests": 1, "per": "hour", "by": "ip"}}}`)
	o := replay.Options{Old: serve(t, old), New: serve(t, new)}
	var sums []string
	for range 2 {
		said, sum := run(t, old, new, o)
		sums = append(sums, said+sum.String())
	}
	want := []string{
		"replayed 1 requests, 0 answers not as claimed\nshown by the answers: 1",
		"replayed 1 requests, 0 answers not as claimed\nnot shown by one request: 1 respond\n429 by a rate limit in place of what is claimed: 2",
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What has no example is counted, and why.
func TestWhatIsNotSentIsCounted(t *testing.T) {
	old, new := model(t, `"r": {`+path+`, "respond": {}}`), model(t, `"r": {`+path+`, "respond": {"status": 201}}`)
	for g, max := range map[*schema.Gateway]int{old: 50, new: 60} {
		l := g.Listeners["http"]
		l.Limits = &schema.ListenerLimits{HeaderFields: max}
		l.TLS = &schema.ListenerTLS{ClientCertificates: &schema.ClientCertificates{CA: "ca/ca.crt"}}
		g.Listeners["http"] = l
	}
	_, sum := run(t, old, new, replay.Options{Old: "127.0.0.1:1", New: "127.0.0.1:1"})
	want := "replayed 0 requests, 0 answers not as claimed\n" +
		"not sent: 1 at listener http, which asks clients for certificates, 1 of connections, and not of a request"
	if diff := cmp.Diff(want, sum.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is at a port that only one of the proxies has is not sent.
func TestWhatHadAnotherPortIsNotSent(t *testing.T) {
	old, new := model(t, `"r": {`+path+`, "respond": {}}`), model(t, `"r": {`+path+`, "respond": {"status": 201}}`)
	new.Listeners["http"] = schema.Listener{Port: 8081}
	_, sum := run(t, old, new, replay.Options{Old: "127.0.0.1:1", New: "127.0.0.1:1"})
	want := "replayed 0 requests, 0 answers not as claimed\n" +
		"not sent: 1 of connections, and not of a request, 1 of listener http, which had another port"
	if diff := cmp.Diff(want, sum.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the gateway writes about the client cannot be sent, unless it is what the gateway writes of us too.
func TestWhatTheGatewayWritesIsNotSent(t *testing.T) {
	const both = `"scheme": {"match": {"path": {"exact": "/s"}, "headers": {"x-forwarded-proto": {"exact": "http"}}}, "respond": {"status": %[1]d}},
		"address": {"match": {"path": {"exact": "/a"}, "headers": {"x-forwarded-for": {"exact": "192.0.2.1"}}}, "respond": {"status": %[1]d, "body": "."}}`
	old, new := model(t, fmt.Sprintf(both, 200)), model(t, fmt.Sprintf(both, 201))
	said, sum := run(t, old, new, replay.Options{Old: serve(t, old), New: serve(t, new)})
	want := "replayed 1 requests, 0 answers not as claimed\nshown by the answers: 1\n" +
		"not sent: 1 with what the gateway writes about the client (x-forwarded-for)"
	if diff := cmp.Diff(want, said+sum.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What stands behind authentication is shown to callers whose credentials are known, as each side takes them.
func TestCallersAreShownMore(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := routetest.ReadSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	secrets := t.TempDir()
	for name, value := range map[string]string{"ann": "ann's key", "bob": "bob's key"} {
		if err := os.Mkdir(filepath.Join(secrets, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(secrets, name, "key"), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	route := func(text string) *schema.Gateway {
		g := model(t, `"r": {`+path+`, `+strings.ReplaceAll(text, "KEYS", string(public))+`}`)
		g.Consumers = map[string]schema.Consumer{}
		for _, name := range []string{"ann", "bob"} {
			g.Consumers[name] = schema.Consumer{Groups: []string{"of-" + name}, APIKeys: map[string]schema.APIKey{"k": {Secret: name + "/key"}}}
		}
		return g
	}
	const (
		keys, header = `"auth": {"apiKey": {}}`, `"auth": {"apiKey": {"header": "x-key"}}`
		tokens       = `"auth": {"jwt": {"issuer": "https://i.test", "jwks": {"inline": KEYS}}}`
		scoped       = `"auth": {"jwt": {"issuer": "https://i.test", "jwks": {"inline": KEYS}, "requiredClaims": {"scope": "read"}}}`
	)
	for name, test := range map[string]struct {
		old, new, lie string
		sum           string
		caught        string
	}{
		"with an API key": {
			keys + `, "respond": {"status": 200}`, keys + `, "respond": {"status": 201}`, keys + `, "respond": {"status": 202}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1",
			"GET a.test/p of consumer ann was answered with status 202, not 201\n",
		},
		"with the key elsewhere": {
			keys + `, "respond": {"status": 200}`, header + `, "respond": {"status": 201}`, header + `, "respond": {"status": 202}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1\nnot shown by one request: 1 auth",
			"GET a.test/p of consumer ann was answered with status 202, not 201\n",
		},
		"with a token": {
			tokens + `, "respond": {"status": 200}`, tokens + `, "respond": {"status": 201}`, tokens + `, "respond": {"status": 202}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1",
			`GET a.test/p of a token that says {"sub":"somebody"} was answered with status 202, not 201` + "\n",
		},
		"a claim that is required now": {
			tokens + `, "respond": {}`, scoped + `, "respond": {}`, tokens + `, "respond": {}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1",
			`GET a.test/p of a token that says {"sub":"somebody"} was answered with status 200, not 403` + "\n",
		},
		"one who may not any more": {
			`"auth": {"apiKey": {}, "allow": {"groups": ["of-ann"]}}, "respond": {}`, `"auth": {"apiKey": {}, "allow": {"groups": ["of-bob"]}}, "respond": {}`,
			`"auth": {"apiKey": {}, "allow": {"groups": ["of-ann", "of-bob"]}}, "respond": {}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1",
			"GET a.test/p of consumer ann was answered with status 200, not 403\n",
		},
		"a limit by consumer": {
			keys + `, "respond": {}, "rateLimit": {"w": {"requests": 9, "per": "minute", "by": "consumer"}}`, keys + `, "respond": {}, "rateLimit": {"w": {"requests": 5, "per": "minute", "by": "consumer"}}`,
			keys + `, "respond": {}, "rateLimit": {"w": {"requests": 9, "per": "minute", "by": "consumer"}}`,
			"replayed 2 requests, 0 answers not as claimed\nshown by the answers: 1",
			`of consumer ann was answered with ratelimit-policy "\"w\";q=9;w=60", not "\"w\";q=5;w=60"`,
		},
		"what nobody is shown": {
			keys + `, "backends": {"up": {}}`, keys + `, "backends": {"up": {}}, "timeout": "1s"`, keys + `, "respond": {}`,
			"replayed 1 requests, 0 answers not as claimed\nnot shown by one request: 1 timeout", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := replay.Options{Known: routetest.Credentials{
				Keys: secret.Dir(secrets).Resolve, Signers: map[string]*routetest.Signer{},
			}}
			if strings.Contains(test.old, "https://i.test") {
				o.Known.Signers["https://i.test"] = signer
			}
			at := func(text string) string {
				return runtimetest.Serve(t, route(text), runtime.Options{RevealRoute: true, SecretsDir: secrets,
					Upstream: func(string, string) string { return "127.0.0.1:1" }})["http"]
			}
			o.Old, o.New = at(test.old), at(test.new)
			said, sum := run(t, route(test.old), route(test.new), o)
			if diff := cmp.Diff(test.sum, said+sum.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			o.New = at(test.lie)
			if said, _ = run(t, route(test.old), route(test.new), o); !strings.Contains(said, test.caught) {
				t.Errorf("of a lie it says:\n%swant %q", said, test.caught)
			}
			if strings.Contains(said, "ann's key") || strings.Contains(said, "eyJ") {
				t.Errorf("shows a credential:\n%s", said)
			}
		})
	}
}

// An answer that never ends is as good as any, and what is no request to a proxy is refused by it.
func TestAnswersThatAreNotRead(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("data: 1\n\n"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(endless.Close)
	at := func(g *schema.Gateway) string {
		return runtimetest.Serve(t, g, runtime.Options{RevealRoute: true, Upstream: func(string, string) string { return endless.Listener.Addr().String() }})["http"]
	}
	old := model(t, `"r": {`+path+`, "backends": {"up": {}}}`)
	new := model(t, `"r": {`+path+`, "backends": {"up": {}}, "headers": {"response": {"set": {"x-a": "1"}}}}`)
	said, sum := run(t, old, new, replay.Options{Old: at(old), New: at(new)})
	if want := "replayed 1 requests, 0 answers not as claimed\nshown by the answers: 1"; said+sum.String() != want {
		t.Errorf("got:\n%s%s\nwant:\n%s", said, sum, want)
	}

	long := `"match": {"path": {"exact": "/p"}, "headers": {"x-long": {"exact": "` + strings.Repeat("long", 5000) + `"}}}`
	old, new = model(t, `"r": {`+long+`, "respond": {}}`), model(t, `"r": {`+long+`, "respond": {"status": 201}}`)
	narrow := model(t, `"r": {`+long+`, "respond": {}}`)
	l := narrow.Listeners["http"]
	l.Limits = &schema.ListenerLimits{HeaderBytes: 10000}
	narrow.Listeners["http"] = l
	said, sum = run(t, old, new, replay.Options{Old: serve(t, narrow.Resolve()), New: serve(t, new)})
	if !strings.HasSuffix(said, " was taken by none, not by a/r\n") || sum.Wrong != 1 {
		t.Errorf("got:\n%s%s", said, sum)
	}
}
