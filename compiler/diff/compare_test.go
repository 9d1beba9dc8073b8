package diff_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// base is what the edits of the table start from.
const base = `{
	"environment": "test",
	"listeners": {
		"http": {"port": 8080, "redirect": {"listener": "https", "status": 308}},
		"https": {"port": 8443, "hosts": ["*.example.com"],
			"tls": {"certificates": {"default": {"secret": "tls"}}, "minVersion": "1.2"}},
		"partners": {"port": 9443, "limits": {"bodyTimeout": "30s", "connectionsPerAddress": 100}, "tls": {
			"certificates": {"default": {"secret": "tls"}}, "clientCertificates": {"ca": "partners/ca.crt"}}}
	},
	"trustedProxies": ["10.0.0.0/8"],
	"upstreams": {
		"echo": {"endpoints": {
			"a": {"host": "a.svc", "port": 80, "weight": 1}, "b": {"host": "b.svc", "port": 80, "weight": 0}},
			"connectTimeout": "5s", "tls": {"serverName": "echo.svc"}},
		"v2": {"endpoints": {"main": {"host": "v2.svc", "port": 80, "weight": 1}}},
		"spare": {"endpoints": {"main": {"host": "spare.svc", "port": 80, "weight": 1}}}
	},
	"consumers": {"alice": {"groups": ["free"], "apiKeys": {"main": {"secret": "alice/key"}}}},
	"apis": {"echo": {
		"owner": "team-a", "description": "Echoes.", "version": "v1",
		"hosts": ["api.example.com", "www.example.com"], "listeners": ["https"],
		"slo": {"availability": 99.9, "latency": {"quantile": 0.95, "below": "500ms"}},
		"routes": {
			"default": {
				"description": "All of it.",
				"match": {"path": {"prefix": "/echo/v1"}, "methods": ["GET", "POST"],
					"headers": {"x-a": {"exact": "1"}}, "query": {"q": {"regex": "[0-9]+"}}},
				"backends": {"echo": {"weight": 90}, "v2": {"weight": 10}},
				"rewrite": {"prefix": "/"},
				"auth": {
					"apiKey": {"header": "apikey"},
					"jwt": {"issuer": "https://issuer", "audiences": ["a", "b"], "jwks": {"url": "https://issuer/keys"},
						"algorithms": ["ES256", "RS256"], "header": "Authorization", "requiredClaims": {"scope": "read"},
						"forwardClaims": {"x-user": "sub"}, "forward": true, "consumerClaim": "sub", "clockSkew": "30s"},
					"allow": {"groups": ["free", "gold"]}},
				"rateLimit": {"fair": {"requests": 60, "per": "minute", "by": "consumer", "scope": "route"}},
				"cors": {"origins": ["https://a.example", "https://b.example"], "methods": ["GET", "POST"],
					"allowHeaders": ["x-a"], "exposeHeaders": ["x-b"], "maxAge": "10m"},
				"headers": {"request": {"set": {"x-v": "1"}}, "response": {"set": {"x-gw": "1"}, "remove": ["server"]}},
				"timeout": "10s",
				"retry": {"attempts": 2, "on": ["reset", "503"], "perTryTimeout": "2s", "methods": ["GET"], "backoff": "25ms"}
			},
			"health": {"match": {"path": {"exact": "/health"}}, "respond": {"status": 200, "headers": {"x-a": "1"}, "body": "ok"}},
			"old": {"match": {"path": {"prefix": "/old"}}, "redirect": {"scheme": "https", "path": {"prefix": "/new"}, "status": 301}}
		}}},
	"waivers": {"w": {"code": "c", "path": "apis.echo", "reason": "because", "expires": "2027-01-31"}},
	"targets": {"prometheus": {"interval": "15s", "staleAfter": "10m"}}
}`

// R is the route that most edits are of.
const R = "apis.echo.routes.default."

func TestCompare(t *testing.T) {
	for _, tt := range edits {
		t.Run(tt.path+"="+tt.value, func(t *testing.T) {
			got := changes(t, model(t, base), model(t, edited(t, base, tt.path, tt.value)))
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// edits set the value at a path, or remove what is there: null.
var edits = []struct{ path, value, want string }{
	{"environment", `"other"`, `~ environment: "test" -> "other"  risky: the environment has another name`},
	{"listeners.http", `null`, `- listeners.http: {"port":8080,"redirect":{"listener":"https","status":308}}  breaking: listener removed`},
	{"listeners.plain", `{"port": 80}`, `+ listeners.plain: {"port":80}  risky: new listener without TLS`},
	{"listeners.tls", `{"port": 444, "tls": {"certificates": {"default": {"secret": "tls"}}}}`, `+ listeners.tls: {"port":444,"tls":{"certificates":{"default":{"secret":"tls"}},"minVersion":"1.2"}}  safe: listener added`},
	{"listeners.https.port", `9443`, `~ listeners.https.port: 8443 -> 9443  breaking: clients must connect to another port`},
	{"listeners.https.hosts", `["*.example.com", "example.org"]`, `~ listeners.https.hosts: ["*.example.com"] -> ["*.example.com", "example.org"]  risky: host "example.org" added`},
	{"listeners.https.hosts", `null`, `- listeners.https.hosts: ["*.example.com"]  risky: any host now`},
	{"listeners.http.hosts", `["a.example.com"]`, `+ listeners.http.hosts: ["a.example.com"]  breaking: only some hosts now`},
	{"listeners.https.tls", `null`, `- listeners.https.tls: {"certificates":{"default":{"secret":"tls"}},"minVersion":"1.2"}  breaking: clients must speak plain HTTP, in the clear`},
	{"listeners.http.tls", `{"certificates": {"default": {"secret": "tls"}}}`, `+ listeners.http.tls: {"certificates":{"default":{"secret":"tls"}},"minVersion":"1.2"}  breaking: clients must speak TLS`},
	{"listeners.https.tls.minVersion", `"1.3"`, `~ listeners.https.tls.minVersion: "1.2" -> "1.3"  breaking: oldest TLS version raised`},
	{"listeners.https.tls.certificates.default.secret", `"tls-2"`, `~ listeners.https.tls.certificates.default: "tls" -> "tls-2"  risky: another certificate`},
	{"listeners.https.tls.certificates.more", `{"secret": "tls-2"}`, `+ listeners.https.tls.certificates.more: "tls-2"  safe: certificate added`},
	{"listeners.http.redirect", `null`, `- listeners.http.redirect: {"listener":"https","status":308}  risky: the listener serves APIs`},
	{"listeners.https.redirect", `{"listener": "http"}`, `+ listeners.https.redirect: {"listener":"http","status":308}  breaking: the listener no longer serves APIs`},
	{"listeners.http.redirect.status", `302`, `~ listeners.http.redirect.status: 308 -> 302  risky: another status`},
	{"listeners.https.limits", `{"uriBytes": 8192}`, ""},
	{"listeners.https.limits", `{"uriBytes": 4096, "headerBytes": 131072}`, `~ listeners.https.limits.headerBytes: 65536 -> 131072  risky: headerBytes raised` + "\n" +
		`~ listeners.https.limits.uriBytes: 8192 -> 4096  breaking: uriBytes lowered`},
	{"listeners.https.limits", `{"connections": 100, "connectionsPerAddress": 10}`, `~ listeners.https.limits.connections: 20000 -> 100  breaking: connections lowered` + "\n" +
		`+ listeners.https.limits.connectionsPerAddress: 10  breaking: connectionsPerAddress added`},
	{"listeners.https.tls.clientCertificates", `{"ca": "clients/ca.crt"}`, `+ listeners.https.tls.clientCertificates: {"ca":"clients/ca.crt"}  breaking: clients must show a certificate`},
	{"listeners.https.tls.clientCertificates", `{"ca": "clients/ca.crt", "optional": true}`, `+ listeners.https.tls.clientCertificates: {"ca":"clients/ca.crt","optional":true}  risky: clients may show a certificate, and a valid one`},
	{"listeners.partners.tls.clientCertificates", `null`, `- listeners.partners.tls.clientCertificates: {"ca":"partners/ca.crt"}  risky: clients need no certificate`},
	{"listeners.partners.tls.clientCertificates.ca", `"others/ca.crt"`, `~ listeners.partners.tls.clientCertificates.ca: "partners/ca.crt" -> "others/ca.crt"  breaking: clients' certificates are verified by others`},
	{"listeners.partners.tls.clientCertificates.optional", `true`, `+ listeners.partners.tls.clientCertificates.optional: true  risky: clients need no certificate`},
	{"listeners.partners.tls.clientCertificates.forward", `true`, `+ listeners.partners.tls.clientCertificates.forward: true  risky: backends are told the client's certificate`},
	{"listeners.partners.limits.connectionsPerAddress", `null`, `- listeners.partners.limits.connectionsPerAddress: 100  risky: connectionsPerAddress removed`},
	{"listeners.partners.limits.bodyTimeout", `"20s"`, `~ listeners.partners.limits.bodyTimeout: 30s -> 20s  breaking: bodyTimeout lowered`},
	{"listeners.partners.limits.headerTimeout", `"5s"`, `~ listeners.partners.limits.headerTimeout: 15s -> 5s  breaking: headerTimeout lowered`},
	{"listeners.partners.limits.idleTimeout", `"5s"`, `~ listeners.partners.limits.idleTimeout: 2m -> 5s  risky: idleTimeout lowered`},
	{"listeners.partners.limits.streams", `10`, `~ listeners.partners.limits.streams: 128 -> 10  risky: streams lowered`},
	{"listeners.partners.limits", `null`, `~ listeners.partners.limits.bodyTimeout: 30s -> 1m  risky: bodyTimeout raised` + "\n" +
		`- listeners.partners.limits.connectionsPerAddress: 100  risky: connectionsPerAddress removed`},
	{"upstreams.echo.protocol", `"http2"`, `~ upstreams.echo.protocol: "auto" -> "http2"  risky: endpoints are spoken to in another protocol`},
	{R + "maxBodyBytes", `1000`, `+ apis.echo.routes.default.maxBodyBytes: 1000  breaking: maxBodyBytes added`},
	{"trustedProxies", `["10.0.0.0/8", "::/0"]`, `~ trustedProxies: ["10.0.0.0/8"] -> ["10.0.0.0/8", "::/0"]  risky: trusted proxy "::/0" added`},
	{"trustedProxies", `null`, `- trustedProxies: ["10.0.0.0/8"]  risky: client addresses are no longer taken from proxy "10.0.0.0/8"`},
	{"upstreams.new", `{"endpoints": {"main": {"host": "::1", "port": 80, "weight": 1}}}`, `+ upstreams.new: [::1]:80  safe: upstream added`},
	{"upstreams.echo", `null`, `- upstreams.echo: a.svc:80, b.svc:80  breaking: upstream in use removed`},
	{"upstreams.spare", `null`, `- upstreams.spare: spare.svc:80  safe: unused upstream removed`},
	{"upstreams.echo.endpoints.c", `{"host": "c.svc", "port": 80, "weight": 1}`, `+ upstreams.echo.endpoints.c: {"host":"c.svc","port":80,"weight":1}  risky: traffic goes to a new endpoint`},
	{"upstreams.echo.endpoints.a.host", `"aa.svc"`, `~ upstreams.echo.endpoints.a.host: "a.svc" -> "aa.svc"  risky: traffic goes to another endpoint`},
	{"upstreams.echo.endpoints.a.port", `81`, `~ upstreams.echo.endpoints.a.port: 80 -> 81  risky: traffic goes to another endpoint`},
	{"upstreams.echo.endpoints.a.weight", `2`, `~ upstreams.echo.endpoints.a.weight: 1 -> 2  safe: weight shifted`},
	{"upstreams.echo.endpoints.b.weight", `2`, `~ upstreams.echo.endpoints.b.weight: 0 -> 2  risky: endpoint comes into use`},
	{"upstreams.echo.connectTimeout", `"6s"`, `~ upstreams.echo.connectTimeout: 5s -> 6s  risky: connectTimeout raised`},
	{"upstreams.echo.tls", `null`, `- upstreams.echo.tls: {"serverName":"echo.svc"}  risky: requests travel in the clear`},
	{"upstreams.v2.tls", `{}`, `+ upstreams.v2.tls: {}  risky: endpoints must speak TLS`},
	{"upstreams.echo.tls.ca", `"ca/ca.crt"`, `+ upstreams.echo.tls.ca: "ca/ca.crt"  risky: endpoints are verified by other certificates`},
	{"consumers.bob", `{"groups": ["free"]}`, `+ consumers.bob: {"groups":["free"]}  safe: consumer added`},
	{"consumers.alice", `null`, `- consumers.alice: {"groups":["free"],"apiKeys":{"main":{"secret":"alice/key"}}}  breaking: the consumer is refused`},
	{"consumers.alice.groups", `["free", "gold"]`, `~ consumers.alice.groups: ["free"] -> ["free", "gold"]  risky: group "gold" added`},
	{"consumers.alice.groups", `["gold"]`, `~ consumers.alice.groups: ["free"] -> ["gold"]  breaking: group "free" removed, group "gold" added`},
	{"consumers.alice.apiKeys.next", `{"secret": "alice/next"}`, `+ consumers.alice.apiKeys.next: {"secret":"alice/next"}  safe: API key added`},
	{"consumers.alice.apiKeys.main", `{"sha256": "00ff"}`, `~ consumers.alice.apiKeys.main: {"secret":"alice/key"} -> {"sha256":"00ff"}  breaking: the old API key is refused`},
	{"consumers.alice.apiKeys", `null`, `- consumers.alice.apiKeys.main: {"secret":"alice/key"}  breaking: the API key is refused`},
	{"apis.users", `{"owner": "team-b", "hosts": ["u.example.com"], "auth": {"apiKey": {}}, "routes": {"all": {}}}`, `+ apis.users: 1 route at u.example.com, owner "team-b"  safe: API added`},
	{"apis.open", `{"routes": {"all": {}, "more": {}}}`, `+ apis.open: 2 routes  risky: new route without auth: "all"`},
	{"apis.echo", `null`, `- apis.echo: 3 routes at api.example.com, www.example.com, owner "team-a"  breaking: API removed`},
	{"apis.echo.owner", `"team-b"`, `~ apis.echo.owner: "team-a" -> "team-b"  safe: owner changed`},
	{"apis.echo.description", `null`, `- apis.echo.description: "Echoes."  safe: description removed`},
	{"apis.echo.version", `"v2"`, `~ apis.echo.version: "v1" -> "v2"  safe: version changed`},
	{"apis.echo.hosts", `["api.example.com"]`, `~ apis.echo.hosts: ["api.example.com", "www.example.com"] -> ["api.example.com"]  breaking: host "www.example.com" removed`},
	{"apis.echo.hosts", `["api.example.com", "www.example.com", "a.example.com", "b.example.com"]`, `~ apis.echo.hosts: ["api.example.com", "www.example.com"] -> ["a.example.com", "api.example.com", "b.example.com", "www.example.com"]  risky: 2 hosts added`},
	{"apis.echo.hosts", `["api.example.com", "shop.example.com"]`, `~ apis.echo.hosts: ["api.example.com", "www.example.com"] -> ["api.example.com", "shop.example.com"]  breaking: host "www.example.com" removed, host "shop.example.com" added`},
	{"apis.echo.hosts", `[]`, `- apis.echo.hosts: ["api.example.com", "www.example.com"]  risky: any host now`},
	{"apis.echo.listeners", `null`, `- apis.echo.listeners: ["https"]  risky: any listener now`},
	{"apis.echo.slo.availability", `99`, `~ apis.echo.slo.availability: 99.9 -> 99  safe: objective changed`},
	{"apis.echo.slo.latency.below", `"1s"`, `~ apis.echo.slo.latency.below: 500ms -> 1s  safe: objective changed`},
	{"apis.echo.slo", `null`, `- apis.echo.slo: {"availability":99.9,"latency":{"quantile":0.95,"below":"500ms"}}  safe: objective removed`},
	{"apis.echo.routes.open", `{"match": {"path": {"prefix": "/open"}}, "backends": {"echo": {"weight": 1}}}`, `+ apis.echo.routes.open: prefix "/open" to echo  risky: new route without auth`},
	{"apis.echo.routes.safe", `{"match": {"path": {"exact": "/safe"}, "methods": ["PUT", "GET"], "headers": {"x": {"exact": "1"}}}, "auth": {"apiKey": {}}, "backends": {"v2": {"weight": 1}, "echo": {"weight": 1}}}`, `+ apis.echo.routes.safe: GET PUT exact "/safe" with 1 header to echo, v2  safe: route added`},
	{"apis.echo.routes.old", `null`, `- apis.echo.routes.old: prefix "/old" redirect  breaking: route removed`},
	{R + "description", `"Some."`, `~ apis.echo.routes.default.description: "All of it." -> "Some."  safe: description changed`},
	{R + "match.path", `{"prefix": "/echo"}`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> prefix "/echo"  risky: path match wider`},
	{R + "match.path", `{"prefix": "/echo/v1/"}`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> prefix "/echo/v1/"  safe: the same paths`},
	{R + "match.path", `{"prefix": "/ec"}`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> prefix "/ec"  breaking: path match other or narrower`},
	{R + "match.path", `{"prefix": "/echo/v1/x"}`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> prefix "/echo/v1/x"  breaking: path match other or narrower`},
	{R + "match.path", `{"regex": "/echo/v1.*"}`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> regex "/echo/v1.*"  breaking: path match other or narrower`},
	{R + "match.path", `null`, `~ apis.echo.routes.default.match.path: prefix "/echo/v1" -> prefix "/"  risky: path match wider`},
	{R + "match.methods", `["GET", "POST", "PUT"]`, `~ apis.echo.routes.default.match.methods: ["GET", "POST"] -> ["GET", "POST", "PUT"]  risky: method "PUT" added`},
	{R + "match.methods", `["GET"]`, `~ apis.echo.routes.default.match.methods: ["GET", "POST"] -> ["GET"]  breaking: method "POST" removed`},
	{R + "match.methods", `null`, `- apis.echo.routes.default.match.methods: ["GET", "POST"]  risky: any method now`},
	{R + "match.headers.x-a", `{"exact": "2"}`, `~ apis.echo.routes.default.match.headers.x-a: exact "1" -> exact "2"  breaking: another header match`},
	{R + "match.headers.x-b", `{"present": false}`, `+ apis.echo.routes.default.match.headers.x-b: present false  breaking: header match added`},
	{R + "match.query", `null`, `- apis.echo.routes.default.match.query.q: regex "[0-9]+"  risky: query parameter match removed`},
	{R + "backends.echo.weight", `80`, `~ apis.echo.routes.default.backends.echo.weight: 90 -> 80  safe: weight shifted`},
	{R + "backends.v2.weight", `0`, `~ apis.echo.routes.default.backends.v2.weight: 10 -> 0  risky: backend goes out of use`},
	{R + "backends.v2", `null`, `- apis.echo.routes.default.backends.v2: {"weight":10}  risky: backend goes out of use`},
	{R + "backends.spare", `{"weight": 0}`, `+ apis.echo.routes.default.backends.spare: {"weight":0}  safe: backend without weight added`},
	{R + "backends.spare", `{"weight": 5}`, `+ apis.echo.routes.default.backends.spare: {"weight":5}  risky: backend comes into use`},
	{R + "rewrite.prefix", `"/v1"`, `~ apis.echo.routes.default.rewrite.prefix: "/" -> "/v1"  risky: the backend sees another path`},
	{R + "rewrite.host", `"echo.svc"`, `+ apis.echo.routes.default.rewrite.host: "echo.svc"  risky: the backend sees another host`},
	{R + "rewrite", `null`, `- apis.echo.routes.default.rewrite: {"prefix":"/"}  risky: the backend sees other requests`},
	{"apis.echo.routes.old.redirect.path", `{"full": "/new"}`, `~ apis.echo.routes.old.redirect.path: {"prefix":"/new"} -> {"full":"/new"}  risky: the redirect leads elsewhere`},
	{"apis.echo.routes.old.redirect.status", `302`, `~ apis.echo.routes.old.redirect.status: 301 -> 302  risky: another status`},
	{"apis.echo.routes.old.redirect", `null`, `- apis.echo.routes.old.redirect: {"scheme":"https","path":{"prefix":"/new"},"status":301}  breaking: requests are no longer redirected`},
	{"apis.echo.routes.health.respond.status", `204`, `~ apis.echo.routes.health.respond.status: 200 -> 204  breaking: another status`},
	{"apis.echo.routes.health.respond.body", `"fine"`, `~ apis.echo.routes.health.respond.body: "ok" -> "fine"  risky: another body`},
	{"apis.echo.routes.health.respond.headers.x-a", `"2"`, `~ apis.echo.routes.health.respond.headers.x-a: "1" -> "2"  safe: response header changed`},
	{"apis.echo.routes.health.respond.headers.Strict-Transport-Security", `"max-age=1"`, `+ apis.echo.routes.health.respond.headers.Strict-Transport-Security: "max-age=1"  risky: a header that browsers guard pages by`},
	{"apis.echo.routes.health.auth", `{"apiKey": {"header": "apikey"}}`, `+ apis.echo.routes.health.auth: {"apiKey":{"header":"apikey"}}  breaking: callers must authenticate`},
	{R + "auth", `null`, `- apis.echo.routes.default.auth: {"apiKey":{"header":"apikey"},"jwt":{"issuer":"https://issuer","audiences":["a","b"],"jwks":{"url":"https://issuer/keys"... (336 bytes, sha256:f014266dfca9)  risky: auth removed`},
	{R + "auth.disabled", `true`, `- apis.echo.routes.default.auth: {"apiKey":{"header":"apikey"},"jwt":{"issuer":"https://issuer","audiences":["a","b"],"jwks":{"url":"https://issuer/keys"... (336 bytes, sha256:f014266dfca9)  risky: auth removed`},
	{R + "auth.apiKey", `null`, `- apis.echo.routes.default.auth.apiKey: {"header":"apikey"}  breaking: API keys are refused`},
	{R + "auth.apiKey.header", `"x-key"`, `~ apis.echo.routes.default.auth.apiKey.header: "apikey" -> "x-key"  breaking: the API key is expected elsewhere`},
	{R + "auth.apiKey.query", `"key"`, `+ apis.echo.routes.default.auth.apiKey.query: "key"  risky: API keys accepted in query strings`},
	{R + "auth.apiKey.forward", `true`, `+ apis.echo.routes.default.auth.apiKey.forward: true  risky: the backend sees API keys`},
	{R + "auth.jwt", `null`, `- apis.echo.routes.default.auth.jwt: {"issuer":"https://issuer","audiences":["a","b"],"jwks":{"url":"https://issuer/keys"},"algorithms":["ES256","RS256"],"he... (264 bytes, sha256:bef15948aa20)  breaking: tokens are refused`},
	{R + "auth.jwt.issuer", `"https://other"`, `~ apis.echo.routes.default.auth.jwt.issuer: "https://issuer" -> "https://other"  breaking: tokens of the old issuer are refused`},
	{R + "auth.jwt.audiences", `["a"]`, `~ apis.echo.routes.default.auth.jwt.audiences: ["a", "b"] -> ["a"]  breaking: audience "b" removed`},
	{R + "auth.jwt.audiences", `["a", "b", "c"]`, `~ apis.echo.routes.default.auth.jwt.audiences: ["a", "b"] -> ["a", "b", "c"]  risky: audience "c" added`},
	{R + "auth.jwt.audiences", `null`, `- apis.echo.routes.default.auth.jwt.audiences: ["a", "b"]  risky: any audience now`},
	{R + "auth.jwt.jwks", `{"inline": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}}`, `~ apis.echo.routes.default.auth.jwt.jwks: "https://issuer/keys" -> inline sha256:ab38cdc8909b  risky: tokens are verified with other keys`},
	{R + "auth.jwt.algorithms", `["ES256"]`, `~ apis.echo.routes.default.auth.jwt.algorithms: ["ES256", "RS256"] -> ["ES256"]  breaking: algorithm "RS256" removed`},
	{R + "auth.jwt.algorithms", `["ES256", "RS256", "PS256"]`, `~ apis.echo.routes.default.auth.jwt.algorithms: ["ES256", "RS256"] -> ["ES256", "PS256", "RS256"]  risky: algorithm "PS256" added`},
	{R + "auth.jwt.header", `"x-token"`, `~ apis.echo.routes.default.auth.jwt.header: "Authorization" -> "x-token"  breaking: the token is expected elsewhere`},
	{R + "auth.jwt.requiredClaims.scope", `"write"`, `~ apis.echo.routes.default.auth.jwt.requiredClaims.scope: "read" -> "write"  breaking: another value required`},
	{R + "auth.jwt.requiredClaims.tenant", `7`, `+ apis.echo.routes.default.auth.jwt.requiredClaims.tenant: 7  breaking: claim required`},
	{R + "auth.jwt.requiredClaims", `null`, `- apis.echo.routes.default.auth.jwt.requiredClaims.scope: "read"  risky: claim no longer required`},
	{R + "auth.jwt.forwardClaims.x-mail", `"email"`, `+ apis.echo.routes.default.auth.jwt.forwardClaims.x-mail: "email"  safe: claim forwarded`},
	{R + "auth.jwt.forwardClaims.x-user", `null`, `- apis.echo.routes.default.auth.jwt.forwardClaims.x-user: "sub"  risky: claim no longer forwarded`},
	{R + "auth.jwt.forward", `null`, `- apis.echo.routes.default.auth.jwt.forward: true  risky: the backend no longer sees tokens`},
	{R + "auth.jwt.consumerClaim", `"azp"`, `~ apis.echo.routes.default.auth.jwt.consumerClaim: "sub" -> "azp"  risky: callers are known by another claim`},
	{R + "auth.jwt.groupsClaim", `"groups"`, `+ apis.echo.routes.default.auth.jwt.groupsClaim: "groups"  risky: groups are taken from another claim`},
	{R + "auth.jwt.clockSkew", `"1m0s"`, `~ apis.echo.routes.default.auth.jwt.clockSkew: 30s -> 1m  risky: clockSkew raised`},
	{R + "auth.jwt.clockSkew", `"10s"`, `~ apis.echo.routes.default.auth.jwt.clockSkew: 30s -> 10s  breaking: clockSkew lowered`},
	{R + "auth.allow", `null`, `- apis.echo.routes.default.auth.allow: {"groups":["free","gold"]}  risky: every recognised caller may pass`},
	{R + "auth.allow.groups", `["free"]`, `~ apis.echo.routes.default.auth.allow.groups: ["free", "gold"] -> ["free"]  breaking: allowed caller "gold" removed`},
	{R + "auth.allow.consumers", `["alice"]`, `+ apis.echo.routes.default.auth.allow.consumers: ["alice"]  risky: allowed caller "alice" added`},
	{R + "auth.allow.groups", `null`, `- apis.echo.routes.default.auth.allow.groups: ["free", "gold"]  risky: every recognised caller may pass`},
	{R + "rateLimit", `null`, `- apis.echo.routes.default.rateLimit: {"fair":{"requests":60,"per":"minute","by":"consumer","burst":60,"scope":"route"}}  risky: rate limit removed`},
	{R + "rateLimit.disabled", `true`, `- apis.echo.routes.default.rateLimit: {"fair":{"requests":60,"per":"minute","by":"consumer","burst":60,"scope":"route"}}  risky: rate limit removed`},
	{R + "rateLimit.day", `{"requests": 1000, "per": "day", "by": "ip", "scope": "api"}`, `+ apis.echo.routes.default.rateLimit.day: {"requests":1000,"per":"day","by":"ip","burst":1000,"scope":"api"}  breaking: rate limit added`},
	{R + "rateLimit.fair.requests", `120`, `~ apis.echo.routes.default.rateLimit.fair.requests: 60 -> 120  risky: rate limit raised`},
	{R + "rateLimit.fair.requests", `30`, `~ apis.echo.routes.default.rateLimit.fair.requests: 60 -> 30  breaking: rate limit lowered`},
	{R + "rateLimit.fair", `{"requests": 1, "per": "second", "by": "consumer", "scope": "route"}`, `~ apis.echo.routes.default.rateLimit.fair.per: "minute" -> "second"  breaking: fewer requests at once` + "\n" +
		`~ apis.echo.routes.default.rateLimit.fair.requests: 60 -> 1  breaking: fewer requests at once`},
	{R + "rateLimit.fair", `{"requests": 1, "per": "second", "burst": 60, "by": "consumer", "scope": "route"}`, `~ apis.echo.routes.default.rateLimit.fair.per: "minute" -> "second"  safe: the same rate` + "\n" +
		`~ apis.echo.routes.default.rateLimit.fair.requests: 60 -> 1  safe: the same rate`},
	{R + "rateLimit.fair.burst", `90`, `~ apis.echo.routes.default.rateLimit.fair.burst: 60 -> 90  risky: more requests at once`},
	{R + "rateLimit.fair.burst", `10`, `~ apis.echo.routes.default.rateLimit.fair.burst: 60 -> 10  breaking: fewer requests at once`},
	{R + "rateLimit.fair.by", `"ip"`, `~ apis.echo.routes.default.rateLimit.fair.by: "consumer" -> "ip"  risky: requests are counted otherwise`},
	{R + "rateLimit.fair.scope", `"api"`, `~ apis.echo.routes.default.rateLimit.fair.scope: "route" -> "api"  breaking: more routes share the limit`},
	{"apis.echo.routes.old.rateLimit", `{"fair": {"requests": 1, "per": "second", "by": "ip", "scope": "route"}}`, `+ apis.echo.routes.old.rateLimit: {"fair":{"requests":1,"per":"second","by":"ip","burst":1,"scope":"route"}}  breaking: rate limit added`},
	{R + "cors", `null`, `- apis.echo.routes.default.cors: {"origins":["https://a.example","https://b.example"],"methods":["GET","POST"],"allowHeaders":["x-a"],"exposeHeaders":["x... (140 bytes, sha256:f98eac9804ab)  breaking: CORS removed`},
	{"apis.echo.routes.old.cors", `{"origins": ["*"]}`, `+ apis.echo.routes.old.cors: {"origins":["*"]}  risky: CORS added`},
	{R + "cors.origins", `["*"]`, `~ apis.echo.routes.default.cors.origins: ["https://a.example", "https://b.example"] -> ["*"]  risky: any origin now`},
	{R + "cors.origins", `["https://a.example"]`, `~ apis.echo.routes.default.cors.origins: ["https://a.example", "https://b.example"] -> ["https://a.example"]  breaking: origin "https://b.example" removed`},
	{R + "cors.origins", `["https://a.example", "https://b.example", "https://c.example"]`, `~ apis.echo.routes.default.cors.origins: ["https://a.example", "https://b.example"] -> ["https://a.example", "https://b.example", "https://c.example"]  risky: origin "https://c.example" added`},
	{R + "cors.methods", `["GET"]`, `~ apis.echo.routes.default.cors.methods: ["GET", "POST"] -> ["GET"]  breaking: method "POST" removed`},
	{R + "cors.methods", `null`, `- apis.echo.routes.default.cors.methods: ["GET", "POST"]  risky: another set of methods`},
	{R + "cors.allowHeaders", `["x-a", "x-c"]`, `~ apis.echo.routes.default.cors.allowHeaders: ["x-a"] -> ["x-a", "x-c"]  risky: header "x-c" added`},
	{R + "cors.exposeHeaders", `null`, `- apis.echo.routes.default.cors.exposeHeaders: ["x-b"]  breaking: header "x-b" removed`},
	{R + "cors.credentials", `true`, `+ apis.echo.routes.default.cors.credentials: true  risky: pages may send credentials`},
	{R + "cors.maxAge", `"1h"`, `~ apis.echo.routes.default.cors.maxAge: 10m -> 1h  safe: maxAge changed`},
	{R + "headers", `null`, `- apis.echo.routes.default.headers: {"request":{"set":{"x-v":"1"}},"response":{"set":{"x-gw":"1"},"remove":["server"]}}  risky: the backend sees other headers`},
	{"apis.echo.routes.old.headers", `{"response": {"set": {"x-gw": "1"}}}`, `+ apis.echo.routes.old.headers: {"response":{"set":{"x-gw":"1"}}}  safe: response headers added`},
	{R + "headers.request.set.x-v", `"2"`, `~ apis.echo.routes.default.headers.request.set.x-v: "1" -> "2"  risky: the backend sees another header`},
	{R + "headers.request.add.x-w", `"2"`, `+ apis.echo.routes.default.headers.request.add.x-w: "2"  risky: the backend sees another header`},
	{R + "headers.request.remove", `["cookie"]`, `+ apis.echo.routes.default.headers.request.remove: ["cookie"]  risky: the backend sees other headers`},
	{R + "headers.response.set.x-gw", `"2"`, `~ apis.echo.routes.default.headers.response.set.x-gw: "1" -> "2"  safe: response header changed`},
	{R + "headers.response.remove", `["server", "via"]`, `~ apis.echo.routes.default.headers.response.remove: ["server"] -> ["server", "via"]  safe: response headers changed`},
	{R + "headers.response.remove", `["server", "Content-Security-Policy"]`, `~ apis.echo.routes.default.headers.response.remove: ["server"] -> ["Content-Security-Policy", "server"]  risky: a header that browsers guard pages by`},
	{R + "headers.response", `null`, `- apis.echo.routes.default.headers.response: {"set":{"x-gw":"1"},"remove":["server"]}  safe: response headers removed`},
	{R + "timeout", `"30s"`, `~ apis.echo.routes.default.timeout: 10s -> 30s  risky: timeout raised`},
	{R + "timeout", `"5s"`, `~ apis.echo.routes.default.timeout: 10s -> 5s  breaking: timeout lowered`},
	{R + "timeout", `null`, `- apis.echo.routes.default.timeout: 10s  risky: timeout removed`},
	{"apis.echo.routes.old.timeout", `"5s"`, `+ apis.echo.routes.old.timeout: 5s  breaking: timeout added`},
	{R + "retry", `null`, `- apis.echo.routes.default.retry: {"attempts":2,"on":["reset","503"],"perTryTimeout":"2s","methods":["GET"],"backoff":"25ms"}  safe: retry removed`},
	{"apis.echo.routes.old.retry", `{"attempts": 1, "on": ["reset"], "methods": ["GET"], "backoff": "25ms"}`, `+ apis.echo.routes.old.retry: {"attempts":1,"on":["reset"],"methods":["GET"],"backoff":"25ms"}  risky: retry added`},
	{R + "retry.attempts", `3`, `~ apis.echo.routes.default.retry.attempts: 2 -> 3  risky: attempts raised`},
	{R + "retry.attempts", `1`, `~ apis.echo.routes.default.retry.attempts: 2 -> 1  safe: attempts lowered`},
	{R + "retry.on", `["reset", "503", "timeout"]`, `~ apis.echo.routes.default.retry.on: ["503", "reset"] -> ["503", "reset", "timeout"]  risky: condition "timeout" added`},
	{R + "retry.perTryTimeout", `"3s"`, `~ apis.echo.routes.default.retry.perTryTimeout: 2s -> 3s  safe: perTryTimeout raised`},
	{R + "retry.methods", `["GET", "POST"]`, `~ apis.echo.routes.default.retry.methods: ["GET"] -> ["GET", "POST"]  risky: method "POST" added`},
	{R + "retry.backoff", `"10ms"`, `~ apis.echo.routes.default.retry.backoff: 25ms -> 10ms  risky: backoff lowered`},
	{"waivers.x", `{"code": "c", "path": "p", "reason": "r", "expires": "2027-01-31"}`, `+ waivers.x: {"code":"c","path":"p","reason":"r","expires":"2027-01-31"}  risky: a finding is no longer reported`},
	{"waivers.w", `null`, `- waivers.w: {"code":"c","path":"apis.echo","reason":"because","expires":"2027-01-31"}  safe: waiver removed`},
	{"waivers.w.path", `"apis"`, `~ waivers.w.path: "apis.echo" -> "apis"  risky: the waiver silences another finding`},
	{"waivers.w.reason", `"still"`, `~ waivers.w.reason: "because" -> "still"  safe: reason changed`},
	{"waivers.w.expires", `"2028-01-31"`, `~ waivers.w.expires: "2027-01-31" -> "2028-01-31"  risky: waiver prolonged`},
	{"waivers.w.expires", `"2026-01-31"`, `~ waivers.w.expires: "2027-01-31" -> "2026-01-31"  safe: waiver shortened`},
	// What means the same.
	{"apis.echo.hosts", `["www.example.com", "api.example.com"]`, ""},
	{R + "match.methods", `["POST", "GET", "GET"]`, ""},
	{R + "timeout", `"10000ms"`, ""},
	{R + "auth.allow.consumers", `[]`, ""},
	{R + "auth.jwt.requiredClaims", `{"scope":   "read"}`, ""},
	{"apis.echo.timeout", `"10s"`, "+ apis.echo.routes.health.timeout: 10s  breaking: timeout added\n" +
		"+ apis.echo.routes.old.timeout: 10s  breaking: timeout added"},
}

// changes returns the report in the text format, a line for each change and none joined.
func changes(t *testing.T, old, new *schema.Gateway) []string {
	t.Helper()
	var out []string
	for _, c := range diff.Compare(old, new).Changes {
		var b strings.Builder
		if err := diff.WriteText(&b, &diff.Report{Changes: []diff.Change{c}}); err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(b.String(), "\n")
		out = append(out, line)
	}
	return out
}

func model(t *testing.T, text string) *schema.Gateway {
	t.Helper()
	g, err := schema.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// edited returns the JSON text with the value at path replaced, or removed if it is null.
func edited(t *testing.T, text, path, value string) string {
	t.Helper()
	var root map[string]any
	var v any
	for from, to := range maps.All(map[string]any{text: &root, value: &v}) {
		if err := json.Unmarshal([]byte(from), to); err != nil {
			t.Fatalf("%v: %s", err, from)
		}
	}
	names := schema.Path(path).Names()
	at := root
	for _, name := range names[:len(names)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	if v == nil {
		delete(at, names[len(names)-1])
	} else {
		at[names[len(names)-1]] = v
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
