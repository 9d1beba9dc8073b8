package filter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"gwc.dev/runtime/filter"
	"gwc.dev/schema"
)

func TestRewrite(t *testing.T) {
	tests := []struct{ match, rewrite, path, want string }{
		{"/echo", `{"prefix": "/"}`, "/echo", "/"},
		{"/echo", `{"prefix": "/"}`, "/echo/", "/"},
		{"/echo", `{"prefix": "/"}`, "/echo/a", "/a"},
		{"/echo/", `{"prefix": "/"}`, "/echo/a/", "/a/"},
		{"/echo", `{"prefix": "/v2"}`, "/echo", "/v2"},
		{"/echo", `{"prefix": "/v2/"}`, "/echo", "/v2"},
		{"/echo", `{"prefix": "/v2/"}`, "/echo/", "/v2/"},
		{"/echo", `{"prefix": "/v2/"}`, "/echo/a%2Fb", "/v2/a%2Fb"},
		{"/%65cho", `{"prefix": "/x y"}`, "", ""},
		{"//echo/./", `{"prefix": "//v2/../v3"}`, "/echo/a", "/v3/a"},
		{"/", `{"prefix": "/v2"}`, "/", "/v2/"},
		{"/", `{"prefix": "/v2"}`, "/a", "/v2/a"},
		{"/", `{"prefix": "/"}`, "/a", "/a"},
		{"/echo", `{"full": "/fixed"}`, "/echo/a/b", "/fixed"},
		{"/echo", `{"host": "Other.test"}`, "/echo/a", "/echo/a"},
	}
	for _, test := range tests {
		route := `{"match": {"path": {"prefix": "` + test.match + `"}}, "backends": {"echo": {}}, "rewrite": ` + test.rewrite + `}`
		if test.want == "" {
			if _, problems := compile(t, filter.Deps{}, `{"a": {"routes": {"r": `+route+`}}}`); len(problems) != 1 || problems[0].Code != "path" {
				t.Errorf("%s: problems %v, want one of the path", test.rewrite, problems)
			}
			continue
		}
		g := one(t, filter.Deps{}, route)
		x := get()
		x.Request.Path, x.Request.Query = test.path, "q=/a"
		g.serve("a/r", x)
		if x.Request.Path != test.want || x.Request.Query != "q=/a" {
			t.Errorf("prefix %s, rewrite %s: %s becomes %s?%s, want %s", test.match, test.rewrite, test.path, x.Request.Path, x.Request.Query, test.want)
		}
		if strings.Contains(test.rewrite, "host") && (x.Request.Host != "other.test" || x.Request.Authority != "other.test") {
			t.Errorf("host %q, authority %q", x.Request.Host, x.Request.Authority)
		}
	}
}

// FuzzRewrite holds that a rewritten path is in normal form again.
func FuzzRewrite(f *testing.F) {
	f.Add("/echo", "/", "/echo//a")
	f.Add("/a/b/", "/../x", "/a/b")
	f.Fuzz(func(t *testing.T, prefix, put, path string) {
		path, ok := schema.NormalizePath(path)
		matched, fine := schema.NormalizePath(prefix)
		matched = strings.TrimSuffix(matched, "/")
		if !ok || !fine || path != matched && !strings.HasPrefix(path, matched+"/") || !utf8.ValidString(prefix) {
			return
		}
		apis, err := json.Marshal(map[string]any{"a": map[string]any{"routes": map[string]any{"r": schema.Route{
			Match:    &schema.Match{Path: &schema.PathMatch{Prefix: prefix}},
			Rewrite:  &schema.Rewrite{Prefix: put},
			Backends: map[string]schema.Backend{"echo": {Weight: 1}},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		g, problems := compile(t, filter.Deps{}, string(apis))
		if len(problems) > 0 || put == "" {
			return
		}
		x := get()
		x.Request.Path = path
		g.serve("a/r", x)
		if again, ok := schema.NormalizePath(x.Request.Path); !ok || again != x.Request.Path {
			t.Fatalf("%q with %q for %q becomes %q, whose normal form is %q, %v", path, put, prefix, x.Request.Path, again, ok)
		}
	})
}
