package behaviour_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// A field that the gateway writes about the client is in an example what it can be at the listener, and said to be no client's.
func TestExamplesOfWhatTheGatewayWrites(t *testing.T) {
	const plain, secure = `"listeners": {"web": {"port": 80}}`, `"listeners": {"web": {"port": 443, "tls": {"certificates": {"default": {"secret": "tls"}}}}}`
	read := func(listeners, match string, status int) *schema.Gateway {
		var g schema.Gateway
		text := fmt.Sprintf(`{"environment": "test", %s, "apis": {"a": {"routes": {"r": {"match": {"headers": {%s}}, "respond": {"status": %d}}}}}}`, listeners, match, status)
		if err := json.Unmarshal([]byte(text), &g); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return &g
	}
	const trusting = `"trustedProxies": ["10.0.0.0/8"], `
	for name, test := range map[string]struct{ listeners, match, want string }{
		"the scheme":                     {plain, `"X-Forwarded-Proto": {"exact": "http"}`, "GET example.com/ at listener web"},
		"another scheme":                 {plain, `"X-Forwarded-Proto": {"exact": "https"}`, ""},
		"the scheme over TLS":            {secure, `"X-Forwarded-Proto": {"regex": "https?"}`, "GET example.com/ at listener web"},
		"another scheme, of a proxy":     {trusting + plain, `"X-Forwarded-Proto": {"exact": "https"}`, "GET example.com/ with x-forwarded-proto: https at listener web, where x-forwarded-proto is the gateway's word about the client"},
		"no scheme, of a proxy":          {trusting + plain, `"X-Forwarded-Proto": {"exact": "gopher"}`, ""},
		"an address":                     {plain, `"X-Forwarded-For": {"exact": "192.0.2.1"}`, "GET example.com/ with x-forwarded-for: 192.0.2.1 at listener web, where x-forwarded-for is the gateway's word about the client"},
		"several addresses":              {plain, `"X-Forwarded-For": {"exact": "192.0.2.1, 192.0.2.2"}`, ""},
		"several addresses, of a proxy":  {trusting + plain, `"X-Forwarded-For": {"exact": "192.0.2.1, 192.0.2.2"}`, `GET example.com/ with x-forwarded-for: "192.0.2.1, 192.0.2.2" at listener web, where x-forwarded-for is the gateway's word about the client`},
		"no address":                     {plain, `"X-Forwarded-For": {"present": false}`, ""},
		"what nobody is believed":        {plain, `"X-Forwarded-User": {"present": true}`, ""},
		"what proxies are believed":      {trusting + plain, `"X-Forwarded-User": {"exact": "ann"}`, "GET example.com/ with x-forwarded-user: ann at listener web, where x-forwarded-user is the gateway's word about the client"},
		"a field of the client's beside": {plain, `"X-Forwarded-Proto": {"exact": "http"}, "X-V": {"exact": "1"}`, "GET example.com/ with x-v: 1 at listener web"},
	} {
		report, err := behaviour.Compare(read(test.listeners, test.match, 200), read(test.listeners, test.match, 204))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range report.Classes {
			got = append(got, c.Example())
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// What the gateway writes differs from listener to listener, and so do the requests that a route takes.
func TestListenersThatAreToldOtherwise(t *testing.T) {
	read := func(route string) *schema.Gateway {
		return decoded(t, `{"environment": "test", "listeners": {
			"plain": {"port": 80}, "secure": {"port": 443, "tls": {"certificates": {"default": {"secret": "tls"}}}}, "too": {"port": 8443, "tls": {"certificates": {"default": {"secret": "tls"}}}}},
			"apis": {"a": {"routes": {"r": {`+route+`}, "all": {"respond": {}}}}}}`)
	}
	const secure = `"match": {"headers": {"X-Forwarded-Proto": {"exact": "https"}}}, `
	for name, test := range map[string]struct{ old, new, want string }{
		"a route of one scheme": {secure + `"respond": {"status": 204}`, secure + `"respond": {"status": 200, "body": "."}`, "GET example.com/ at listeners secure, too"},
		"a route of both": {`"match": {"headers": {"X-V": {"exact": "1"}, "X-Forwarded-Proto": {"regex": "https?"}}}, "respond": {}`,
			`"match": {"headers": {"X-V": {"exact": "1"}, "X-Forwarded-Proto": {"regex": "https?"}}}, "respond": {"body": "."}`, "GET example.com/ with x-v: 1 at listeners plain, secure, too"},
		"a redirect to the scheme that requests have": {`"match": {"path": {"exact": "/r"}}, "redirect": {"host": "b.test"}`,
			`"match": {"path": {"exact": "/r"}}, "redirect": {"host": "b.test", "scheme": "https"}`, "GET example.com/r at listener plain"},
		"a redirect elsewhere": {`"match": {"path": {"exact": "/r"}}, "redirect": {"host": "b.test"}`,
			`"match": {"path": {"exact": "/r"}}, "redirect": {"host": "c.test"}`, "GET example.com/r at listeners plain, secure, too"},
	} {
		report, err := behaviour.Compare(read(test.old), read(test.new))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range report.Classes {
			got = append(got, c.Example())
			for _, other := range c.Alike {
				got = append(got, other.Example())
			}
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
