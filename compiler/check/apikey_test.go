package check_test

import (
	"testing"

	"gwc.dev/schema"
)

func TestCheckAPIKeys(t *testing.T) {
	run(t, []test{
		{"neither secret nor digest", func(g *schema.Gateway) { g.Consumers["alice"].APIKeys["spare"] = schema.APIKey{} }, []string{
			`error api-key consumers.alice.apiKeys.spare: API key "spare" of consumer "alice" has not exactly one of secret and sha256`,
			`  help: refer to the key: secret: "alice/api-key", or give its digest: sha256: "..."`,
		}},
		{"secret and digest", func(g *schema.Gateway) {
			g.Consumers["alice"].APIKeys["spare"] = schema.APIKey{Secret: "alice/spare", SHA256: "00ff"}
		}, []string{
			`error api-key consumers.alice.apiKeys.spare: API key "spare" of consumer "alice" has not exactly one of secret and sha256`,
			`  help: refer to the key: secret: "alice/api-key", or give its digest: sha256: "..."`,
		}},
		{"two consumers with one secret", func(g *schema.Gateway) {
			g.Consumers["bob"] = schema.Consumer{APIKeys: map[string]schema.APIKey{"main": {Secret: "alice/api-key"}}}
		}, []string{
			`error api-key-shared consumers.bob.apiKeys.main: consumers "alice" and "bob" have the same API key, so that callers cannot be told apart`,
			"  help: give each consumer a key of its own",
			`  consumers.alice.apiKeys.primary: the key of consumer "alice"`,
		}},
		{"two consumers with one digest", func(g *schema.Gateway) {
			for _, name := range []string{"bob", "carol"} {
				g.Consumers[name] = schema.Consumer{APIKeys: map[string]schema.APIKey{"main": {SHA256: "00ff"}}}
			}
		}, []string{
			`error api-key-shared consumers.carol.apiKeys.main: consumers "bob" and "carol" have the same API key, so that callers cannot be told apart`,
			"  help: give each consumer a key of its own",
			`  consumers.bob.apiKeys.main: the key of consumer "bob"`,
		}},
		{"one consumer with a key twice is fine", func(g *schema.Gateway) {
			g.Consumers["alice"].APIKeys["spare"] = schema.APIKey{Secret: "alice/api-key"}
		}, nil},
	})
}
