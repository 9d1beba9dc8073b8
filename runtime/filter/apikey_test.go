package filter_test

import (
	stdcmp "cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/filter"
	"gwc.dev/runtime/secret"
	"gwc.dev/schema"
)

// secrets is a source of secrets by reference.
type secrets map[string]string

func (s secrets) Resolve(ref string) ([]byte, error) {
	value, ok := s[ref]
	if !ok {
		return nil, errors.New("no secret " + ref)
	}
	return []byte(value), nil
}

// staged returns the secrets of a table.
func (s secrets) staged() *secret.Set { return secret.New(secret.Options{Source: s}).Stage() }

func sha256Of(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

var annsKeys = filter.Deps{Secrets: secrets{"ann/key": "first key"}.staged()}

func TestAPIKey(t *testing.T) {
	tests := []struct {
		name, config string
		header       []string
		query        string
		status       int
		reason       string
		consumer     string
		left         []string // what the backend gets of the key
		leftQuery    string
	}{
		{name: "by secret", header: []string{"APIKEY", "first key"}, status: 200, consumer: "ann"},
		{name: "by digest", header: []string{"apikey", "second key"}, status: 200, consumer: "ann"},
		{name: "of another consumer", header: []string{"apikey", "bob's key"}, status: 200, consumer: "bob"},
		{name: "another header", config: `"header": "X-Key"`, header: []string{"x-key", "first key", "apikey", "mine"}, status: 200, consumer: "ann", left: []string{"apikey: mine"}},
		{name: "passed on", config: `"forward": true`, header: []string{"apikey", "first key"}, status: 200, consumer: "ann", left: []string{"apikey: first key"}},
		{name: "in the query", config: `"query": "key"`, query: "a=1&k%65y=first+key&b=2", status: 200, consumer: "ann", leftQuery: "a=1&b=2"},
		{name: "in both", config: `"query": "key"`, header: []string{"apikey", "first key"}, query: "key=wrong&key=x", status: 200, consumer: "ann"},
		{name: "query passed on", config: `"query": "key", "forward": true`, query: "key=first+key", status: 200, consumer: "ann", leftQuery: "key=first+key"},
		{name: "query not asked for", query: "key=first+key", status: 401, reason: "auth-missing"},
		{name: "none", status: 401, reason: "auth-missing"},
		{name: "empty", header: []string{"apikey", ""}, status: 401, reason: "auth-missing"},
		{name: "unknown", header: []string{"apikey", "wrong"}, status: 401, reason: "key-unknown"},
		{name: "the digest is no key", header: []string{"apikey", sha256Of("bob's key")}, status: 401, reason: "key-unknown"},
		{name: "two", header: []string{"apikey", "first key", "apikey", "first key"}, status: 401, reason: "key-malformed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var counted events
			deps := annsKeys
			deps.Count = counted.count
			g := one(t, deps, `{"backends": {"echo": {}}, "auth": {"apiKey": {`+test.config+`}}}`)
			x := get(test.header...)
			x.Request.Query = test.query
			g.serve("a/r", x)
			if x.Response.Status != test.status || x.Reason != test.reason || x.Caller.Consumer != test.consumer {
				t.Errorf("status %d, reason %q, consumer %q, want %d, %q, %q", x.Response.Status, x.Reason, x.Caller.Consumer, test.status, test.reason, test.consumer)
			}
			if test.status != 200 {
				if got := x.Response.Header.Get("WWW-Authenticate"); got != `ApiKey realm="a"` {
					t.Errorf("WWW-Authenticate %q", got)
				}
				if diff := cmp.Diff(events{schema.MetricAuthFailures + " a/r " + test.reason}, counted); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(test.left, lines(x.Request.Header, "apikey:", "x-key:")); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if x.Request.Query != test.leftQuery {
				t.Errorf("query %q, want %q", x.Request.Query, test.leftQuery)
			}
		})
	}
}

func TestAllowNarrowsTheCallers(t *testing.T) {
	tests := []struct {
		allow, key string
		status     int
	}{
		{`{"consumers": ["ann"]}`, "first key", 200},
		{`{"consumers": ["ann"]}`, "bob's key", 403},
		{`{"groups": ["gold", "silver"]}`, "first key", 200},
		{`{"groups": ["gold", "silver"]}`, "bob's key", 403},
		{`{"groups": ["gold"], "consumers": ["bob"]}`, "bob's key", 200},
		{`{"groups": [], "consumers": []}`, "bob's key", 200},
		{`{"consumers": ["ann"]}`, "wrong", 401},
	}
	for _, test := range tests {
		g := one(t, annsKeys, `{"backends": {"echo": {}}, "auth": {"apiKey": {}, "allow": `+test.allow+`}}`)
		x := get("apikey", test.key)
		g.serve("a/r", x)
		if x.Response.Status != test.status || test.status == 403 && x.Reason != "not-allowed" {
			t.Errorf("allow %s, key %q: status %d, reason %q, want %d", test.allow, test.key, x.Response.Status, x.Reason, test.status)
		}
		if test.status == 403 && x.Response.Header.Count("WWW-Authenticate") > 0 {
			t.Error("a caller who is known is asked who it is")
		}
	}
}

func TestKeysThatCannotBeResolvedAreReportedOnce(t *testing.T) {
	const two = `{"a": {"auth": {"apiKey": {}}, "routes": {"r": {"respond": {}}, "s": {"respond": {}}}}}`
	_, problems := compile(t, filter.Deps{Secrets: secrets{}.staged()}, two)
	if diff := cmp.Diff([]string{"consumers.ann.apiKeys.one.secret secret"}, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, problems = compile(t, filter.Deps{Secrets: secrets{"ann/key": ""}.staged()}, two)
	if diff := cmp.Diff([]string{"consumers.ann.apiKeys.one.secret secret"}, codes(problems)); diff != "" {
		t.Errorf("an empty secret (-want +got):\n%s", diff)
	}
	_, problems = compile(t, filter.Deps{Secrets: secrets{"ann/key": "bob's key"}.staged()}, two)
	if diff := cmp.Diff([]string{"consumers.bob.apiKeys.one api-key-shared"}, codes(problems)); diff != "" {
		t.Errorf("a shared key (-want +got):\n%s", diff)
	}
}

// "gwc vet" has no secrets: references are taken to resolve.
func TestWithoutSecretsNothingIsRead(t *testing.T) {
	g := one(t, filter.Deps{}, `{"backends": {"echo": {}}, "auth": {"apiKey": {}}}`)
	x := get("apikey", "")
	if g.serve("a/r", x) {
		t.Error("somebody passed")
	}
	if x = get("apikey", "second key"); !g.serve("a/r", x) || x.Caller.Consumer != "ann" {
		t.Errorf("consumer %q by digest", x.Caller.Consumer)
	}
}

func TestConsumersThatAreRefused(t *testing.T) {
	g := &schema.Gateway{
		Consumers: map[string]schema.Consumer{"c": {APIKeys: map[string]schema.APIKey{
			"none": {}, "both": {Secret: "a/b", SHA256: sha256Of("x")}, "short": {SHA256: "00"}, "text": {SHA256: sha256Of("x")[:63] + "g"},
		}}},
	}
	route := &schema.Route{Filters: schema.Filters{Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "a b"}}}}
	_, problems := filter.NewBuilder(g, filter.Deps{}).Build(filter.Place{API: "a", Name: "r", Route: route})
	want := []string{
		"apis.a.routes.r.auth.apiKey.header header-name",
		"consumers.c.apiKeys.both api-key", "consumers.c.apiKeys.none api-key",
		"consumers.c.apiKeys.short.sha256 api-key", "consumers.c.apiKeys.text.sha256 api-key",
	}
	if diff := cmp.Diff(want, codes(problems)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, problems = filter.NewBuilder(g, filter.Deps{}).Build(filter.Place{API: "a", Name: "r",
		Route: &schema.Route{Filters: schema.Filters{Auth: &schema.Auth{Allow: &schema.Allow{Groups: []string{"g"}}}}}})
	if diff := cmp.Diff([]string{"apis.a.routes.r.auth auth-empty"}, codes(problems)); diff != "" {
		t.Errorf("auth without a scheme (-want +got):\n%s", diff)
	}
}

// Two secrets that have become the same key are told apart as before, until they are two again.
func TestARotatedKeyIsNeverAnotherConsumers(t *testing.T) {
	values := secrets{"ann/key": "ann's", "bob/key": "bob's"}
	store := secret.New(secret.Options{Source: values})
	set := store.Stage()
	g := &schema.Gateway{Consumers: map[string]schema.Consumer{
		"ann": {APIKeys: map[string]schema.APIKey{"one": {Secret: "ann/key"}}},
		"bob": {APIKeys: map[string]schema.APIKey{"one": {Secret: "bob/key"}, "two": {SHA256: sha256Of("fixed")}}},
	}}
	route := &schema.Route{Filters: schema.Filters{Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}}}
	chain, problems := filter.NewBuilder(g, filter.Deps{Secrets: set}).Build(filter.Place{API: "a", Name: "r", Route: route})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	store.Use(set)
	tests := []struct {
		name     string
		ann, bob string
		want     string // who each of the keys is, in the order below
		faults   int
	}{
		{"as it was", "ann's", "bob's", "ann bob - -", 0},
		{"one is the other's", "bob's", "bob's", "ann bob - -", 1},
		{"both become the same", "new", "new", "ann bob - -", 2},
		{"one is a key of the model", "fixed", "bob's", "ann bob - -", 1},
		{"one is rotated while the other cannot be", "fixed", "new", "ann - bob -", 1},
		{"they change places", "new", "ann's", "bob - ann -", 0},
		{"both are rotated", "newer", "new", "- - bob ann", 0},
	}
	for _, test := range tests {
		values["ann/key"], values["bob/key"] = test.ann, test.bob
		store.Refresh()
		got := ""
		for _, key := range []string{"ann's", "bob's", "new", "newer"} {
			x := get("apikey", key)
			chain.Request(x)
			got += stdcmp.Or(x.Caller.Consumer, "-") + " "
		}
		x := get("apikey", "fixed")
		if chain.Request(x); x.Caller.Consumer != "bob" {
			t.Errorf("%s: the key of the model is %q's", test.name, x.Caller.Consumer)
		}
		if got = strings.TrimSpace(got); got != test.want || len(store.Faults()) != test.faults {
			t.Errorf("%s: the keys are of %s, want %s; faults %v, want %d", test.name, got, test.want, store.Faults(), test.faults)
		}
	}
}
