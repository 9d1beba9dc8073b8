package check

import (
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// checkAPIKeys: an API key is a secret or a digest, and belongs to one consumer.
func checkAPIKeys(p *pass) {
	type owner struct {
		consumer string
		path     schema.Path
	}
	owners := map[schema.APIKey]owner{}
	for consumer, c := range schema.Sorted(p.Consumers) {
		for name, key := range schema.Sorted(c.APIKeys) {
			at := schema.NewPath("consumers", consumer, "apiKeys", name)
			if (key.Secret == "") == (key.SHA256 == "") {
				p.report(diag.Finding{
					Code: "api-key", Severity: diag.Error, Path: at,
					Message: fmt.Sprintf("API key %q of consumer %q has not exactly one of secret and sha256", name, consumer),
					Hint:    fmt.Sprintf("refer to the key: secret: %q, or give its digest: sha256: \"...\"", consumer+"/api-key"),
				})
				continue
			}
			first, taken := owners[key]
			if !taken {
				owners[key] = owner{consumer, at}
				continue
			}
			if first.consumer != consumer {
				p.report(diag.Finding{
					Code: "api-key-shared", Severity: diag.Error, Path: at,
					Message: fmt.Sprintf("consumers %q and %q have the same API key, so that callers cannot be told apart",
						first.consumer, consumer),
					Hint:    "give each consumer a key of its own",
					Related: []diag.Related{{Path: first.path, Message: fmt.Sprintf("the key of consumer %q", first.consumer)}},
				})
			}
		}
	}
}
