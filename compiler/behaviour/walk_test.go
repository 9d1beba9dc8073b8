package behaviour_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/schema"
)

// rich has every field of the schema that there is, with no value that would be so without being written.
const rich = `{
	"environment": "test",
	"listeners": {
		"https": {"port": 8443, "hosts": ["api.test", "www.test"],
			"tls": {"certificates": {"default": {"secret": "tls"}, "other": {"secret": "tls-2"}}, "minVersion": "1.3",
				"clientCertificates": {"ca": "ca/ca.crt", "optional": true, "forward": true}},
			"limits": {"headerBytes": 60000, "headerFields": 90, "uriBytes": 8000, "connections": 10000, "connectionsPerAddress": 100, "streams": 100,
				"headerTimeout": "10s", "bodyTimeout": "30s", "idleTimeout": "1m"}},
		"http": {"port": 8080, "redirect": {"listener": "https", "port": 8443, "status": 301}},
		"inside": {"port": 9000}, "admin": {"port": 9001}
	},
	"trustedProxies": ["10.0.0.0/8", "192.0.2.1"],
	"upstreams": {
		"one": {"endpoints": {"a": {"host": "a.one.test", "port": 80, "weight": 2}, "b": {"host": "b.one.test", "port": 80, "weight": 3}},
			"connectTimeout": "1s", "protocol": "http2", "tls": {"serverName": "one.test", "ca": "ca/one.crt"}},
		"two": {"endpoints": {"a": {"host": "a.two.test", "port": 80, "weight": 2}, "b": {"host": "b.two.test", "port": 80, "weight": 3}}}
	},
	"consumers": {
		"alice": {"groups": ["free"], "apiKeys": {"first": {"secret": "alice/key"}, "second": {"sha256": "0000000000000000000000000000000000000000000000000000000000000001"}}},
		"bob": {"groups": ["gold"], "apiKeys": {"first": {"secret": "bob/key"}}}
	},
	"auth": {"disabled": false, "apiKey": {"header": "x-gateway-key", "query": "key", "forward": true},
				"jwt": {"issuer": "https://id.test", "audiences": ["shop", "web"], "jwks": {"url": "https://id.test/keys"}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read", "level": 2}, "forwardClaims": {"X-User": "sub"}, "forward": true, "consumerClaim": "client_id", "groupsClaim": "groups", "clockSkew": "10s"},
				"allow": {"consumers": ["carol"], "groups": ["gold"]}},
			"rateLimit": {"disabled": false, "perMinute": {"requests": 11, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 10}},
			"cors": {"disabled": false, "origins": ["https://app.test", "https://www11.test"], "methods": ["GET", "POST"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-B"], "credentials": true, "maxAge": "1h"},
			"headers": {"disabled": false, "request": {"set": {"X-Set": "11"}, "add": {"X-Add": "1"}, "remove": ["X-Remove"]}, "response": {"set": {"X-Set": "1"}, "add": {"X-Add": "1"}, "remove": ["Server"]}},
			"timeout": "11s", "maxBodyBytes": 11000,
			"retry": {"disabled": false, "attempts": 2, "on": ["503", "reset"], "perTryTimeout": "2s", "methods": ["GET", "PUT"], "backoff": "11ms"},
	"apis": {
		"shop": {
			"owner": "team", "description": "A shop.", "version": "v1", "hosts": ["api.test", "www.test"], "listeners": ["https", "inside"],
			"slo": {"availability": 99.9, "latency": {"quantile": 0.95, "below": "500ms"}},
			"auth": {"disabled": false, "apiKey": {"header": "x-shop-key", "query": "key", "forward": true},
				"jwt": {"issuer": "https://id.test", "audiences": ["shop", "web"], "jwks": {"url": "https://id.test/keys"}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read", "level": 2}, "forwardClaims": {"X-User": "sub"}, "forward": true, "consumerClaim": "client_id", "groupsClaim": "groups", "clockSkew": "10s"},
				"allow": {"consumers": ["bob"], "groups": ["free"]}},
			"rateLimit": {"disabled": false, "perMinute": {"requests": 12, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 10, "scope": "api"}},
			"cors": {"disabled": false, "origins": ["https://app.test", "https://www12.test"], "methods": ["GET", "POST"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-B"], "credentials": true, "maxAge": "1h"},
			"headers": {"disabled": false, "request": {"set": {"X-Set": "12"}, "add": {"X-Add": "1"}, "remove": ["X-Remove"]}, "response": {"set": {"X-Set": "1"}, "add": {"X-Add": "1"}, "remove": ["Server"]}},
			"timeout": "12s", "maxBodyBytes": 12000,
			"retry": {"disabled": false, "attempts": 2, "on": ["503", "reset"], "perTryTimeout": "2s", "methods": ["GET", "PUT"], "backoff": "12ms"},
			"routes": {
				"items": {"description": "Items.",
					"match": {"path": {"prefix": "/items"}, "methods": ["GET", "POST"], "headers": {"X-U": {"present": true}, "X-V": {"exact": "1"}, "X-W": {"regex": "a.*"}},
						"query": {"p": {"exact": "1"}, "q": {"present": true}, "r": {"regex": "a.*"}}},
					"rewrite": {"prefix": "/v1", "host": "items.test"}, "backends": {"one": {"weight": 90}, "two": {"weight": 10}}},
				"exact": {"match": {"path": {"exact": "/exact"}}, "rewrite": {"full": "/v1"}, "backends": {"one": {"weight": 3}, "two": {"weight": 2}}},
				"own": {"match": {"path": {"regex": "/own/[0-9]+"}}, "backends": {"two": {"weight": 2}, "one": {"weight": 3}},
			"auth": {"disabled": false, "apiKey": {"header": "x-own-key", "query": "key", "forward": true},
				"jwt": {"issuer": "https://id.test", "audiences": ["shop", "web"], "jwks": {"inline": {"keys": []}}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read", "level": 2}, "forwardClaims": {"X-User": "sub"}, "forward": true, "consumerClaim": "client_id", "groupsClaim": "groups", "clockSkew": "10s"},
				"allow": {"consumers": ["bob"], "groups": ["free"]}},
			"rateLimit": {"disabled": false, "perMinute": {"requests": 13, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 10}},
			"cors": {"disabled": false, "origins": ["https://app.test", "https://www13.test"], "methods": ["GET", "POST"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-B"], "credentials": true, "maxAge": "1h"},
			"headers": {"disabled": false, "request": {"set": {"X-Set": "13"}, "add": {"X-Add": "1"}, "remove": ["X-Remove"]}, "response": {"set": {"X-Set": "1"}, "add": {"X-Add": "1"}, "remove": ["Server"]}},
			"timeout": "13s", "maxBodyBytes": 13000,
			"retry": {"disabled": false, "attempts": 2, "on": ["503", "reset"], "perTryTimeout": "2s", "methods": ["GET", "PUT"], "backoff": "13ms"}},
				"off": {"match": {"path": {"exact": "/off"}}, "backends": {"two": {"weight": 2}, "one": {"weight": 3}},
			"auth": {"disabled": true, "apiKey": {"header": "x-off-key", "query": "key", "forward": true},
				"jwt": {"issuer": "https://id.test", "audiences": ["shop", "web"], "jwks": {"url": "https://id.test/keys"}, "algorithms": ["RS256", "ES256"], "header": "X-Token",
					"requiredClaims": {"scope": "read", "level": 2}, "forwardClaims": {"X-User": "sub"}, "forward": true, "consumerClaim": "client_id", "groupsClaim": "groups", "clockSkew": "10s"},
				"allow": {"consumers": ["bob"], "groups": ["free"]}},
			"rateLimit": {"disabled": true, "perMinute": {"requests": 14, "per": "minute", "by": "header", "header": "X-Tenant", "burst": 10}},
			"cors": {"disabled": true, "origins": ["https://app.test", "https://www14.test"], "methods": ["GET", "POST"], "allowHeaders": ["X-A"], "exposeHeaders": ["X-B"], "credentials": true, "maxAge": "1h"},
			"headers": {"disabled": true, "request": {"set": {"X-Set": "14"}, "add": {"X-Add": "1"}, "remove": ["X-Remove"]}, "response": {"set": {"X-Set": "1"}, "add": {"X-Add": "1"}, "remove": ["Server"]}},
			"timeout": "14s", "maxBodyBytes": 14000,
			"retry": {"disabled": true, "attempts": 2, "on": ["503", "reset"], "perTryTimeout": "2s", "methods": ["GET", "PUT"], "backoff": "14ms"}},
				"moved": {"match": {"path": {"prefix": "/old"}}, "redirect": {"scheme": "https", "host": "new.test", "port": 444, "path": {"prefix": "/new"}, "status": 301}},
				"gone": {"match": {"path": {"exact": "/gone"}}, "redirect": {"path": {"full": "/new"}, "status": 301}},
				"status": {"match": {"path": {"exact": "/status"}}, "respond": {"status": 201, "headers": {"X-A": "1"}, "body": "up"}}
			}
		},
		"site": {"routes": {"all": {"match": {"path": {"prefix": "/site"}}, "backends": {"one": {"weight": 3}, "two": {"weight": 2}}}}}
	},
	"waivers": {"one": {"code": "auth-missing", "path": "apis.site", "reason": "public", "expires": "2027-01-01"}},
	"tests": {"one": {"description": "a test", "request": {"url": "http://api.test/"}, "want": {"route": "shop/items"}}},
	"targets": {"kube": {"namespace": "a"}}
}`

// unseen are edits that no request shows, by where they are and what they are ("" for any), with why.
var unseen = map[string]string{
	"environment":                      "a name",
	"apis.*.owner":                     "for people",
	"apis.*.description":               "for people",
	"apis.*.version":                   "for people",
	"apis.*.slo":                       "for alerts",
	"apis.*.routes.*.description":      "for people",
	"waivers":                          "for gwc vet",
	"tests":                            "for gwc test",
	"targets":                          "for gwc render",
	"consumers.*.groups added":         "no route lets that group in",
	"apis.*.rateLimit.*.scope removed": "set by gwc: it says where the window is written",
	// Filters that are turned off.
	"apis.*.routes.*.auth off":      "the filter is turned off",
	"apis.*.routes.*.rateLimit off": "the filter is turned off",
	"apis.*.routes.*.cors off":      "the filter is turned off",
	"apis.*.routes.*.headers off":   "the filter is turned off",
	"apis.*.routes.*.retry off":     "the filter is turned off",
}

// A mutation is one edit of a model.
type mutation struct {
	pattern string // where, with a star for each name
	place   string
	kind    string // changed, removed, added
	model   string // JSON
}

// A mutator makes all single edits of a model: each value another one, each element gone, each list longer.
type mutator struct {
	top  any
	seen map[string]bool // patterns
	out  []mutation
}

var jsonType = reflect.TypeFor[schema.JSON]()

// walk edits v, which is of type t in the model and which put replaces.
func (m *mutator) walk(t reflect.Type, pattern, place string, v any, put func(any)) {
	m.seen[pattern] = true
	edit := func(kind string, to any) {
		put(to)
		data, err := json.Marshal(m.top)
		if err != nil {
			panic(err)
		}
		m.out = append(m.out, mutation{pattern, place, kind, string(data)})
		put(v)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case string:
		edit("changed", otherText(place, v))
	case float64:
		edit("changed", v+1)
	case bool:
		edit("changed", !v)
	case []any:
		if t == jsonType {
			return
		}
		for i := range v {
			edit("removed", slices.Delete(slices.Clone(v), i, i+1))
		}
		if text, ok := v[0].(string); ok {
			edit("added", append(slices.Clone(v), otherText(place, text)))
		}
	case map[string]any:
		if t == jsonType {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			of, below := inside(t, pattern, name)
			at := strings.TrimPrefix(place+"."+name, ".")
			was := v[name]
			delete(v, name)
			if data, err := json.Marshal(m.top); err != nil {
				panic(err)
			} else if place != "" {
				m.out = append(m.out, mutation{below, at, "removed", string(data)})
			}
			v[name] = was
			m.walk(of, below, at, was, func(to any) { v[name] = to })
		}
	}
}

// inside returns the type and the pattern of what a name stands for in a value of type t.
func inside(t reflect.Type, pattern, name string) (reflect.Type, string) {
	join := func(name string) string { return strings.TrimPrefix(pattern+"."+name, ".") }
	switch {
	case t == reflect.TypeFor[schema.RateLimit]() && name != "disabled":
		return reflect.TypeFor[schema.RateLimitWindow](), join("*")
	case t == reflect.TypeFor[schema.RateLimit]():
		return reflect.TypeFor[bool](), join(name)
	case t.Kind() == reflect.Map:
		return t.Elem(), join("*")
	}
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return f.Type, join(name)
		}
	}
	panic(fmt.Sprintf("%s has no %s", t, name))
}

// patterns adds the patterns of all fields of a type.
func patterns(t reflect.Type, at string, out map[string]bool) {
	join := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	switch {
	case t == jsonType:
	case t.Kind() == reflect.Pointer:
		patterns(t.Elem(), at, out)
	case t == reflect.TypeFor[schema.RateLimit]():
		out[join("disabled")] = true
		patterns(reflect.TypeFor[schema.RateLimitWindow](), join("*"), out)
	case t.Kind() == reflect.Map:
		patterns(t.Elem(), join("*"), out)
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			out[join(name)] = true
			patterns(f.Type, join(name), out)
		}
	}
}

var aDuration = regexp.MustCompile(`^[0-9]+(ms|s|m|h)$`)

// otherText returns another text that may stand at a place of the model.
func otherText(place, text string) string {
	others := map[string]string{
		"1.2": "1.3", "http2": "http1", "minute": "hour", "ip": "route", "header": "ip", "GET": "DELETE", "POST": "PATCH", "PUT": "TRACE",
		"RS256": "PS256", "ES256": "PS384", "503": "504", "reset": "timeout", "https": "admin", "inside": "http", "api": "route",
	}
	switch {
	case aDuration.MatchString(text):
		return "7s"
	case strings.HasSuffix(place, "scheme"):
		return "http"
	case others[text] != "":
		return others[text]
	}
	return text + "x"
}

// Every single edit of every field of the schema is a behavioural change, but for those that are known to be none. A field
// that is new has to be in the model that is edited.
func TestEverySingleEditAppears(t *testing.T) {
	m := &mutator{seen: map[string]bool{}}
	if err := json.Unmarshal([]byte(rich), &m.top); err != nil {
		t.Fatal(err)
	}
	m.walk(reflect.TypeFor[schema.Gateway](), "", "", m.top, func(any) {})
	seen := map[string]bool{}
	for pattern := range m.seen {
		seen[anywhere(pattern)] = true
	}
	all := map[string]bool{}
	patterns(reflect.TypeFor[schema.Gateway](), "", all)
	for _, pattern := range slices.Sorted(maps.Keys(all)) {
		if !seen[anywhere(pattern)] && whyUnseen(mutation{pattern: pattern}) == "" {
			t.Errorf("the model has no %s, so that no edit of it is tried", pattern)
		}
	}
	base, err := schema.Decode([]byte(rich))
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range m.out {
		model, err := schema.Decode([]byte(edit.model))
		if err != nil {
			t.Fatalf("%s %s: %v", edit.place, edit.kind, err)
		}
		r, err := behaviour.Compare(base, model)
		if err != nil {
			if edit.kind != "removed" { // of a match that has nothing else
				t.Errorf("%s %s: %v", edit.place, edit.kind, err)
			}
			continue
		}
		why := whyUnseen(edit)
		switch {
		case len(r.Classes) == 0 && why == "":
			t.Errorf("%s %s: no behavioural change", edit.place, edit.kind)
		case len(r.Classes) > 0 && why != "":
			t.Errorf("%s %s: %s, which is said not to be: %s", edit.place, edit.kind, r.Classes[0].Reason, why)
		}
	}
	t.Logf("%d edits of %d fields", len(m.out), len(all))
}

// anywhere returns the pattern of a filter's field without where the filter stands.
func anywhere(pattern string) string {
	for _, at := range []string{"apis.*.routes.*.", "apis.*."} {
		if rest, ok := strings.CutPrefix(pattern, at); ok {
			name, _, _ := strings.Cut(rest, ".")
			for _, f := range reflect.VisibleFields(reflect.TypeFor[schema.Filters]()) {
				if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
					return rest
				}
			}
		}
	}
	return pattern
}

// whyUnseen says why no request shows an edit; "": one does.
func whyUnseen(edit mutation) string {
	on := !strings.HasPrefix(edit.place, "apis.shop.routes.off.")
	if strings.HasSuffix(edit.pattern, ".disabled") && edit.kind == "removed" && on {
		return "false is what it is without"
	}
	for of, why := range unseen {
		of, what, _ := strings.Cut(of, " ")
		if edit.pattern != of && !strings.HasPrefix(edit.pattern, of+".") {
			continue
		}
		off := !on && edit.pattern != of && !strings.HasSuffix(edit.pattern, ".disabled")
		if what == "" || what == edit.kind || what == "off" && off {
			return why
		}
	}
	return ""
}
