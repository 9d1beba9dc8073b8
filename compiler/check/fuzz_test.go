package check_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/check"
	"gwc.dev/schema"
)

// FuzzRun holds that no model makes a check fail, and that equal models have equal findings in equal order.
func FuzzRun(f *testing.F) {
	for _, g := range []*schema.Gateway{sound(), spread(20), crowded(5), expressed(5)} {
		data, err := g.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"apis": {"a": {"listeners": ["x"], "hosts": ["*", ""], "routes": {"r": {"match": {"path": {}, "query": {"": {}}},
		"auth": {"jwt": {"jwks": {"inline": {"keys": [{"kty": "RSA"}, null]}}}, "allow": {"groups": [""]}}}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := schema.Decode(data)
		if err != nil {
			return
		}
		g = g.Resolve()
		if diff := cmp.Diff(check.Run(g), check.Run(g)); diff != "" {
			t.Errorf("two runs (-first +second):\n%s", diff)
		}
		for _, finding := range check.Run(g) {
			if finding.Code == "" || finding.Message == "" || finding.Hint == "" || finding.Path == "" {
				t.Errorf("finding %+v lacks something", finding)
			}
		}
	})
}
