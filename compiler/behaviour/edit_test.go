package behaviour_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// base is what the tests change.
const base = `{
	"environment": "test",
	"trustedProxies": ["10.0.0.0/8", "192.0.2.1"],
	"listeners": {"https": {"port": 8443, "tls": {"certificates": {"default": {"secret": "tls"}}}}},
	"upstreams": {
		"one": {"endpoints": {"main": {"host": "one.test", "port": 80, "weight": 1}}},
		"two": {"endpoints": {"main": {"host": "two.test", "port": 80, "weight": 1}}},
		"six": {"endpoints": {"main": {"host": "2001:db8::1", "port": 80, "weight": 1}}}
	},
	"consumers": {"alice": {"groups": ["free"], "apiKeys": {"first": {"secret": "alice/key"}}}},
	"apis": {
		"shop": {
			"owner": "team", "hosts": ["api.test"],
			"auth": {"apiKey": {"header": "apikey"}},
			"rateLimit": {"perMinute": {"requests": 60, "per": "minute", "by": "consumer"}},
			"cors": {"origins": ["https://app.test"], "allowHeaders": ["X-A"]},
			"headers": {"request": {"set": {"X-Gateway": "gwc"}}},
			"routes": {
				"items": {"match": {"path": {"prefix": "/items"}, "methods": ["GET", "POST"]},
					"rewrite": {"prefix": "/v1/items"}, "backends": {"one": {"weight": 90}, "two": {"weight": 10}},
					"timeout": "10s", "retry": {"attempts": 2, "on": ["503"]}},
				"status": {"match": {"path": {"exact": "/status"}}, "respond": {"status": 204}}
			}
		},
		"old": {"hosts": ["api.test"], "routes": {"all": {"match": {"path": {"prefix": "/old"}},
			"redirect": {"path": {"prefix": "/items"}, "status": 301}}}},
		"all": {"hosts": ["www.test"], "routes": {"every": {"match": {"path": {"prefix": "/"}}, "backends": {"two": {"weight": 1}, "six": {"weight": 1}},
			"cors": {"origins": ["http://*.app.test:81"]}, "retry": {"attempts": 1, "on": ["5xx", "reset"]}}}}
	}
}`

// changed returns the base with texts in the place of others: pairs of them.
func changed(t testing.TB, pairs ...string) *schema.Gateway {
	t.Helper()
	text := base
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) == 0 {
			t.Fatalf("%s is not there", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	var g schema.Gateway
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return &g
}

func lines(t testing.TB, old, new *schema.Gateway) []string {
	t.Helper()
	r, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range r.Classes {
		if c.Undecided {
			t.Errorf("undecided: %+v", c)
		}
		request := "all requests"
		if c.Request != nil {
			request = c.Request.String()
		}
		out = append(out, fmt.Sprintf("%s: %s: %s: %s -> %s", c.Severity, c.Reason, request, c.Old, c.New))
	}
	return out
}

// What is written otherwise and means the same.
func TestNoBehaviouralChange(t *testing.T) {
	for name, pairs := range map[string][]string{
		"route renamed":    {`"items": {"match"`, `"things": {"match"`},
		"API renamed":      {`"shop": {`, `"market": {`},
		"upstream renamed": {`"one"`, `"first"`},
		"origins that a wildcard takes": {
			`"http://*.app.test:81"`, `"http://*.app.test:81", "http://a.b.app.test:81", "http://*.a.app.test:81"`,
		},
		"statuses that 5xx takes": {`["5xx", "reset"]`, `["503", "reset", "5xx", "500"]`},
		"proxies in ranges":       {`["10.0.0.0/8", "192.0.2.1"]`, `["192.0.2.1/32", "10.7.7.7/9", "10.128.0.0/10", "10.1.2.3", "10.192.0.0/10"]`},
		"upstream split in two that are the same": {
			`"two": {"endpoints"`, `"three": {"endpoints": {"main": {"host": "two.test", "port": 80, "weight": 1}}}, "two": {"endpoints"`,
			`"two": {"weight": 10}`, `"two": {"weight": 4}, "three": {"weight": 6}`,
		},
		"spelling of an endpoint's address":   {`"2001:db8::1"`, `"2001:DB8:0:0::1"`},
		"case of an endpoint's host":          {`"host": "one.test"`, `"host": "ONE.test"`},
		"endpoint renamed":                    {`"main"`, `"other"`},
		"listener renamed":                    {`"https": {"port"`, `"public": {"port"`},
		"window renamed":                      {`"perMinute"`, `"limit"`},
		"key renamed":                         {`"first"`, `"second"`},
		"owner":                               {`"team"`, `"others"`},
		"weights scaled":                      {`"weight": 90`, `"weight": 9`, `"weight": 10`, `"weight": 1`},
		"order of a list":                     {`["GET", "POST"]`, `["POST", "GET"]`},
		"case of a header":                    {`"X-Gateway"`, `"x-gateway"`, `["X-A"]`, `["x-a"]`, `"header": "apikey"`, `"header": "APIKey"`},
		"slash of a prefix":                   {`"prefix": "/items"}, "m`, `"prefix": "/items/"}, "m`, `"/v1/items"`, `"/v1/items/"`},
		"retry of a method that is not taken": {`"retry": {"attempts": 2, "on": ["503"]}`, `"retry": {"attempts": 2, "on": ["503"], "methods": ["GET", "PUT", "HEAD"]}`},
		"defaults spelled out":                {`"by": "consumer"`, `"by": "consumer", "burst": 60`},
		"group renamed":                       {`"free"`, `"basic"`},
		"consumer renamed":                    {`"alice": {`, `"alicia": {`},
		"header changes without any":          {`"routes": {"all": {"match"`, `"headers": {"request": {}}, "routes": {"all": {"match"`},
		"nobody in particular allowed":        {`"auth": {"apiKey": {"header": "apikey"}}`, `"auth": {"apiKey": {"header": "apikey"}, "allow": {"groups": []}}`},
		"header removed and added":            {`"request": {"set": {"X-Gateway": "gwc"}}`, `"request": {"remove": ["x-gateway"], "add": {"X-Gateway": "gwc"}}`},
		"header removed that is set anyway":   {`"request": {"set": {"X-Gateway": "gwc"}}`, `"request": {"set": {"X-Gateway": "gwc"}, "remove": ["x-gateway"]}`},
		"filters off that are not there":      {`"routes": {"all": {"match"`, `"cors": {"disabled": true}, "retry": {"disabled": true}, "auth": {"disabled": true}, "routes": {"all": {"match"`},
		"certificate renamed":                 {`"default": {"secret"`, `"main": {"secret"`},
		"endpoint's name spelled out":         {`"one": {"endpoints": {"main": {"host": "one.test", "port": 80, "weight": 1}}}`, `"one": {"endpoints": {"main": {"host": "one.test", "port": 80, "weight": 5}}, "protocol": "auto", "connectTimeout": "5s"}`},
		"listener's defaults spelled out":     {`"port": 8443,`, `"port": 8443, "limits": {"headerBytes": 65536, "streams": 128},`},
		"limit by a header that is not named": {`"by": "consumer"`, `"by": "consumer", "header": "X-A"`},
		"filter moved to the API's routes": {`"cors": {"origins": ["https://app.test"], "allowHeaders": ["X-A"]},`, ``,
			`"items": {"match"`, `"items": {"cors": {"origins": ["https://app.test"], "allowHeaders": ["X-A"]}, "match"`,
			`"status": {"match"`, `"status": {"cors": {"origins": ["https://app.test"], "allowHeaders": ["X-A"]}, "match"`},
		"expression in the place of paths": {`"path": {"exact": "/status"}`, `"path": {"regex": "/status"}`},
		"prefix matched as a longer one": {
			`"items": {"match"`, `"some": {"match": {"path": {"prefix": "/items/some"}, "methods": ["GET", "POST"]},
				"rewrite": {"prefix": "/v1/items/some"}, "backends": {"one": {"weight": 90}, "two": {"weight": 10}},
				"timeout": "10s", "retry": {"attempts": 2, "on": ["503"]}}, "items": {"match"`},
		"redirected below a longer prefix": {
			`"routes": {"all"`, `"routes": {"below": {"match": {"path": {"prefix": "/old/a"}},
				"redirect": {"path": {"prefix": "/items/a"}, "status": 301}}, "all"`},
		"path that is answered alike by another": {
			`"routes": {"all"`, `"routes": {"same": {"match": {"path": {"exact": "/old/a"}, "methods": ["GET"]},
				"redirect": {"path": {"full": "/items/a"}, "status": 301}}, "all"`},
	} {
		for _, line := range lines(t, changed(t), changed(t, pairs...)) {
			t.Errorf("%s: %s", name, line)
		}
	}
}

// What is written otherwise in both, and means the same.
func TestExpressionsThatMeanTheSame(t *testing.T) {
	route := func(path string) string {
		return `"routes": {"all": {"match": {"path": ` + path + `}, "respond": {"status": 200}}`
	}
	for _, same := range [][2]string{
		{`{"regex": "/a/[0-9]+"}`, `{"regex": "/a/\\d\\d*"}`},
		{`{"regex": "/a(b|c)"}`, `{"exact": "/ab"}}, "respond": {"status": 200}}, "more": {"match": {"path": {"exact": "/ac"}`},
		{`{"regex": "/(?i:a)"}`, `{"regex": "/a|/A"}`},
		{`{"regex": "(/x(/.*)?)"}`, `{"prefix": "/x"}`},
		{`{"exact": "/a/../b"}`, `{"exact": "/b"}`},
		{`{"prefix": "/%7Ea"}`, `{"prefix": "/~a/"}`},
	} {
		const all = `"routes": {"all": {"match": {"path": {"prefix": "/old"}},
			"redirect": {"path": {"prefix": "/items"}, "status": 301}}`
		for _, line := range lines(t, changed(t, all, route(same[0])), changed(t, all, route(same[1]))) {
			t.Errorf("%s and %s: %s", same[0], same[1], line)
		}
	}
}

// A route that is split by method treats requests as before, but for limits of its own. Pages may use the same methods: each
// route takes its own.
func TestSplitRoutes(t *testing.T) {
	whole := []string(nil)
	split := append([]string{`"items": {"match": {"path": {"prefix": "/items"}, "methods": ["GET", "POST"]},`,
		`"writes": {"match": {"path": {"prefix": "/items"}, "methods": ["POST"]},
			"rewrite": {"prefix": "/v1/items"}, "backends": {"one": {"weight": 90}, "two": {"weight": 10}},
			"timeout": "10s", "retry": {"attempts": 2, "on": ["503"]}},
		"items": {"match": {"path": {"prefix": "/items"}, "methods": ["GET"]},`}, whole...)
	if got := lines(t, changed(t, whole...), changed(t, split...)); len(got) > 0 {
		t.Errorf("%q", got)
	}
	apart := []string{`"by": "consumer"`, `"by": "route"`}
	got := lines(t, changed(t, append(whole, apart...)...), changed(t, append(split, apart...)...))
	want := "risky: requests that shared a rate limit count apart: POST api.test/items: shop/items -> shop/writes"
	if len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	got = lines(t, changed(t, append(split, apart...)...), changed(t, append(whole, apart...)...))
	if len(got) != 1 || !strings.HasPrefix(got[0], "breaking: requests that had rate limits of their own share one") {
		t.Errorf("%q", got)
	}
}

// Of several limits each is looked at by itself: that one is changed hides nothing of who shares another.
func TestLimitsThatArePartlyShared(t *testing.T) {
	const shop, own = `"rateLimit": {"perMinute": {"requests": 60, "per": "minute", "by": "consumer"}}`, `"respond": {"status": 204}`
	limits := func(requests int) string {
		return fmt.Sprintf(`"rateLimit": {"perMinute": {"requests": %d, "per": "minute", "by": "consumer"}, "perDay": {"requests": 900, "per": "day", "by": "ip"}}`, requests)
	}
	together := changed(t, shop, limits(60))
	for name, test := range map[string]struct {
		new  *schema.Gateway
		want []string
	}{
		"one route has its own":  {changed(t, shop, limits(60), own, own+", "+limits(60)), []string{"risky: requests that shared a rate limit count apart"}},
		"and one limit is lower": {changed(t, shop, limits(60), own, own+", "+limits(50)), []string{"breaking: rate limit lowered", "risky: requests that shared a rate limit count apart"}},
		"all have one":           {changed(t, shop+",", "", `"apis": {`, limits(60)+`, "apis": {`), []string{"breaking: rate limit added"}},
	} {
		var got []string
		for _, line := range lines(t, together, test.new) {
			class, rest, _ := strings.Cut(line, ": ")
			reason, _, _ := strings.Cut(rest, ": ")
			if said := class + ": " + reason; !slices.Contains(got, said) {
				got = append(got, said)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// Windows of one name and another definition were never one bucket, wherever they say that they count.
func TestLimitsThatWereNeverShared(t *testing.T) {
	const own = `"respond": {"status": 204}`
	limits := func(shop, scope string) []string {
		return []string{
			`"rateLimit": {"perMinute": {"requests": 60, "per": "minute", "by": "consumer"}},`, ``,
			`"status": {"match"`, `"status": {"rateLimit": {"w": {"requests": 60, "per": "minute", "scope": "` + scope + `"}}, "match"`,
			`"routes": {"all"`, `"routes": {"one": {"match": {"path": {"exact": "/one"}}, ` + own + `, "rateLimit": {"w": {"requests": ` + shop + `, "per": "minute", "scope": "` + scope + `"}}}, "all"`,
		}
	}
	if got := lines(t, changed(t, limits("30", "gateway")...), changed(t, limits("30", "api")...)); len(got) > 0 {
		t.Errorf("of two definitions: %q", got)
	}
	got := lines(t, changed(t, limits("60", "gateway")...), changed(t, limits("60", "api")...))
	if len(got) != 1 || !strings.HasPrefix(got[0], "risky: requests that shared a rate limit count apart") {
		t.Errorf("of one: %q", got)
	}
}

// Each of these is one edit, and one class.
func TestSingleEdits(t *testing.T) {
	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"method gone":   {[]string{`["GET", "POST"]`, `["GET"]`}, "breaking: no longer answered: POST api.test/items: shop/items -> none"},
		"path":          {[]string{`"exact": "/status"`, `"exact": "/state"`}, "breaking: no longer answered: GET api.test/status: shop/status -> none"},
		"auth gone":     {[]string{`"auth": {"apiKey": {"header": "apikey"}},`, ``}, "risky: auth removed: GET api.test/status: shop/status -> shop/status"},
		"limit lowered": {[]string{`"requests": 60`, `"requests": 30`}, "breaking: rate limit lowered: GET api.test/status: shop/status -> shop/status"},
		"timeout":       {[]string{`"10s"`, `"5s"`}, "breaking: timeout lowered: GET api.test/items: shop/items -> shop/items"},
		"rewrite":       {[]string{`"/v1/items"`, `"/v2/items"`}, "risky: the backend sees another path: GET api.test/items: shop/items -> shop/items"},
		"share":         {[]string{`"weight": 90`, `"weight": 80`}, "safe: weight shifted: GET api.test/items: shop/items -> shop/items"},
		"share gone":    {[]string{`{"weight": 90}`, `{"weight": 0}`}, "risky: backend goes out of use: GET api.test/items: shop/items -> shop/items"},
		"shares gone": {[]string{`{"weight": 90}, "two": {"weight": 10}`, `{"weight": 0}, "two": {"weight": 0}`},
			"breaking: no backend is in use any more: GET api.test/items: shop/items -> shop/items"},
		"endpoints gone": {[]string{`"host": "one.test", "port": 80, "weight": 1`, `"host": "one.test", "port": 80, "weight": 0`, `"two": {"weight": 10}`, `"two": {"weight": 0}`},
			"breaking: no backend is in use any more: GET api.test/items: shop/items -> shop/items"},
		"endpoint":                    {[]string{`"one.test"`, `"three.test"`}, "risky: traffic goes to another endpoint: GET api.test/items: shop/items -> shop/items"},
		"status":                      {[]string{`"status": 204`, `"status": 200`}, "breaking: another status: GET api.test/status: shop/status -> shop/status"},
		"redirect":                    {[]string{`"path": {"prefix": "/items"}, "status": 301`, `"path": {"prefix": "/things"}, "status": 301`}, "risky: the redirect leads elsewhere: GET api.test/old: old/all -> old/all"},
		"limit for all callers":       {[]string{`"by": "consumer"`, `"by": "route"`}, "breaking: all callers share the limit: GET api.test/status: shop/status -> shop/status"},
		"limit by address":            {[]string{`"by": "consumer"`, `"by": "ip"`}, "risky: requests are counted otherwise: GET api.test/status: shop/status -> shop/status"},
		"limit raised and renamed":    {[]string{`{"perMinute": {"requests": 60, "per": "minute"`, `{"perHour": {"requests": 9000, "per": "hour"`}, "risky: rate limit raised: GET api.test/status: shop/status -> shop/status"},
		"limit lowered and renamed":   {[]string{`{"perMinute": {"requests": 60, "per": "minute"`, `{"perHour": {"requests": 600, "per": "hour"`}, "breaking: rate limit lowered: GET api.test/status: shop/status -> shop/status"},
		"another limit by its name":   {[]string{`{"perMinute": {"requests": 60, "per": "minute", "by": "consumer"}`, `{"perHour": {"requests": 60, "per": "minute", "by": "consumer"}, "perMinute": {"requests": 9000, "per": "hour", "by": "consumer"}`}, "breaking: rate limit added: GET api.test/status: shop/status -> shop/status"},
		"listener for all the public": {[]string{`"listeners": {`, `"listeners": {"more": {"port": 9443, "tls": {"certificates": {"default": {"secret": "tls"}}}}, `}, "risky: new listener, with routes that are open to the public: all requests: none -> none"},
		"listener for known callers":  {[]string{`"listeners": {`, `"listeners": {"more": {"port": 9443, "hosts": ["api.test"], "tls": {"certificates": {"default": {"secret": "tls"}}}}, `, `"old": {"hosts": ["api.test"], `, `"old": {"listeners": ["https"], "hosts": ["api.test"], `, `"all": {"hosts": ["www.test"], `, `"all": {"listeners": ["https"], "hosts": ["www.test"], `}, "safe: listener added: all requests: none -> none"},
		"consumer's key":              {[]string{`"alice/key"`, `"alice/other"`}, "breaking: the old API key is refused: GET api.test/status: shop/status -> shop/status"},
		"port":                        {[]string{`8443`, `8444`}, "breaking: "},
		"certificate":                 {[]string{`"secret": "tls"`, `"secret": "other"`}, "risky: another certificate: all requests: none -> none"},
		"wider proxies":               {[]string{`"10.0.0.0/8"`, `"10.0.0.0/8", "11.0.0.0/9"`}, `risky: trusted proxy "11.0.0.0/9" added: all requests: none -> none`},
		"bare origin":                 {[]string{`"http://*.app.test:81"`, `"http://*.app.test:81", "http://app.test:81"`}, `risky: origin "http://app.test:81" added`},
		"other port":                  {[]string{`"http://*.app.test:81"`, `"http://*.app.test:81", "http://a.app.test"`}, `risky: origin "http://a.app.test" added`},
		"wider origins":               {[]string{`"https://app.test"`, `"https://*.test"`}, `risky: origin "https://*.test" added`},
		"all origins":                 {[]string{`"https://app.test"`, `"*"`}, `risky: any origin now`},
		"fewer origins":               {[]string{`"http://*.app.test:81"`, `"http://a.app.test:81"`}, `breaking: origin "http://*.app.test:81" removed`},
		"origin":                      {[]string{`"https://app.test"`, `"https://other.test"`}, `breaking: origin "https://app.test" removed, origin "https://other.test" added: GET api.test/status: shop/status -> shop/status`},
		"public route": {[]string{`"routes": {"all"`, `"routes": {"new": {"match": {"path": {"prefix": "/new"}}, "respond": {"status": 200}}, "all"`},
			"risky: answered now, open to the public: GET api.test/new: none -> old/new"},
		"request taken away": {[]string{`"routes": {"all"`, `"routes": {"new": {"match": {"path": {"exact": "/items/1"}, "methods": ["GET"]}, "respond": {"status": 404}}, "all"`},
			"breaking: CORS removed: GET api.test/items/1: shop/items -> old/new"},
	} {
		got := lines(t, changed(t), changed(t, test.pairs...))
		if len(got) == 0 || !strings.HasPrefix(got[0], test.want) {
			t.Errorf("%s:\n%s\nwant first: %s", name, strings.Join(got, "\n"), test.want)
		}
	}
}

// That clients have to look elsewhere hides nothing of what they meet there.
func TestListenersOfAnotherPort(t *testing.T) {
	got := lines(t, changed(t), changed(t, `8443`, `8444`, `"auth": {"apiKey": {"header": "apikey"}},`, ``))
	want := []string{"breaking: clients must connect to another port: all requests: none -> none", "risky: auth removed: GET api.test/status: shop/status -> shop/status"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Origins are judged by whom they let in, and shown as they are written.
func TestChangesOfOriginsAreShownWhole(t *testing.T) {
	r, err := behaviour.Compare(changed(t), changed(t, `"https://app.test"`, `"*"`))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, c := range r.Classes {
		for _, change := range c.Changes {
			if !strings.HasSuffix(string(change.Path), "cors.origins") {
				continue
			}
			if shown++; change.Kind != diff.Changed || !strings.Contains(change.Old, "https://app.test") || !strings.Contains(change.New, `"*"`) {
				t.Errorf("got %+v", change)
			}
		}
	}
	if shown == 0 {
		t.Error("no change of origins is shown")
	}
}

// What differs in an upstream is named by its place in the model.
func TestChangesOfUpstreams(t *testing.T) {
	r, err := behaviour.Compare(changed(t), changed(t, `"one.test"`, `"three.test"`))
	if err != nil {
		t.Fatal(err)
	}
	want := schema.NewPath("upstreams", "one", "endpoints", "main", "host")
	if len(r.Classes) != 1 || len(r.Classes[0].Changes) != 1 || r.Classes[0].Changes[0].Path != want {
		t.Errorf("got %+v, want one class with one change of %s", r.Classes, want)
	}
}

// A gateway-wide edit is one class, whatever the number of routes, and found in time that grows with it.
func BenchmarkCompare(b *testing.B) {
	many := func(timeout string) *schema.Gateway {
		g := changed(b, `"10s"`, timeout)
		for i := range 1000 {
			api := g.APIs["shop"]
			api.Routes = map[string]schema.Route{}
			for n := range 5 {
				r := g.APIs["shop"].Routes["items"]
				r.Match = &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/api%d/r%d", i, n)}}
				api.Routes[fmt.Sprint(n)] = r
			}
			g.APIs[fmt.Sprintf("api%d", i)] = api
		}
		all := g.APIs["old"]
		all.Routes = map[string]schema.Route{"all": {Match: &schema.Match{Path: &schema.PathMatch{Prefix: "/"}}, Respond: &schema.Respond{Status: 404}}}
		g.APIs["all"] = all
		return g
	}
	for name, timeout := range map[string]string{"unchanged": `"10s"`, "everything": `"20s"`} {
		b.Run(name, func(b *testing.B) {
			old, new := many(`"10s"`), many(timeout)
			for b.Loop() {
				r, err := behaviour.Compare(old, new)
				if err != nil || r.Reaches(diff.Breaking) {
					b.Fatal(err, r)
				}
			}
		})
	}
}
