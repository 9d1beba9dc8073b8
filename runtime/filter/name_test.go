package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

func TestNamesAreThoseOfTheModel(t *testing.T) {
	const filters = `"cors": {"origins": ["*"]}, "auth": {"apiKey": {}}, "rateLimit": {"w": {"requests": 1, "per": "second"}},
		"headers": {"request": {"remove": ["a"]}, "response": {"remove": ["a"]}}`
	g := newGateway(t, filter.Deps{}, `{"a": {"routes": {
		"backends": {`+filters+`, "backends": {"echo": {}}, "rewrite": {"full": "/"}},
		"redirect": {`+filters+`, "redirect": {"host": "example.com"}},
		"respond": {`+filters+`, "respond": {"status": 204}}}}}`)
	want := map[string][]schema.Path{
		"a/backends": {"headers.response", "cors", "auth", "rateLimit", "rewrite", "headers.request"},
		"a/redirect": {"headers.response", "cors", "auth", "rateLimit", "redirect", "headers.request"},
		"a/respond":  {"headers.response", "cors", "auth", "rateLimit", "respond", "headers.request"},
	}
	got := map[string][]schema.Path{}
	for route, chain := range g.chains {
		for _, f := range chain {
			got[route] = append(got[route], filter.Name(f))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
