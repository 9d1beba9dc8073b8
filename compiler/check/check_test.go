package check_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/check"
	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// sound is a model that no check has anything to say about.
func sound() *schema.Gateway {
	return &schema.Gateway{
		Environment: "test",
		Listeners:   map[string]schema.Listener{"http": {Port: 8080}},
		Upstreams: map[string]schema.Upstream{
			"echo": {
				Endpoints:      map[string]schema.Endpoint{"main": {Host: "echo.default.svc", Port: 80, Weight: 1}},
				ConnectTimeout: second(5),
			},
		},
		Consumers: map[string]schema.Consumer{
			"alice": {Groups: []string{"free"}, APIKeys: map[string]schema.APIKey{"primary": {Secret: "alice/api-key"}}},
		},
		APIs: map[string]schema.API{
			"echo": {
				Hosts: []string{"api.example.com"},
				Routes: map[string]schema.Route{
					"default": {
						Match:    prefix("/echo"),
						Backends: map[string]schema.Backend{"echo": {Weight: 1}},
						Filters:  schema.Filters{Auth: &schema.Auth{APIKey: &schema.APIKeyAuth{Header: "apikey"}}},
					},
				},
			},
		},
	}
}

func TestSoundModelHasNoFindings(t *testing.T) {
	if got := check.Run(sound().Resolve()); len(got) > 0 {
		t.Errorf("findings: %v", lines(got))
	}
}

func TestEmptyModelHasNoFindings(t *testing.T) {
	if got := check.Run((&schema.Gateway{}).Resolve()); len(got) > 0 {
		t.Errorf("findings: %v", lines(got))
	}
}

// A test edits the sound model and wants these findings, each "severity code path: message" and more lines for
// the hint and related places.
type test struct {
	title string
	edit  func(g *schema.Gateway)
	want  []string
}

func run(t *testing.T, tests []test) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.title, func(t *testing.T) {
			t.Helper()
			g := sound()
			tt.edit(g)
			if diff := cmp.Diff(tt.want, lines(check.Run(g.Resolve()))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(l diag.List) []string {
	var out []string
	for _, f := range l {
		out = append(out, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Code, f.Path, f.Message), "  help: "+f.Hint)
		for _, r := range f.Related {
			out = append(out, fmt.Sprintf("  %s: %s", r.Path, r.Message))
		}
	}
	return out
}

// change edits a map's entry, or adds it.
func change[V any](m map[string]V, key string, f func(*V)) {
	v := m[key]
	f(&v)
	m[key] = v
}

// api edits the API "echo".
func api(f func(*schema.API)) func(*schema.Gateway) {
	return func(g *schema.Gateway) { change(g.APIs, "echo", f) }
}

// only edits the route "default" of the API "echo".
func only(f func(*schema.Route)) func(*schema.Gateway) {
	return api(func(a *schema.API) { change(a.Routes, "default", f) })
}

func prefix(p string) *schema.Match { return &schema.Match{Path: &schema.PathMatch{Prefix: p}} }
func ptr[V any](v V) *V             { return &v }
func second(n int) schema.Duration  { return schema.Duration(n) * schema.Duration(time.Second) }
func to(upstream string) map[string]schema.Backend {
	return map[string]schema.Backend{upstream: {Weight: 1}}
}

func TestInheritedFilterIsReportedOnce(t *testing.T) {
	g := sound()
	change(g.APIs, "echo", func(a *schema.API) {
		a.Auth = &schema.Auth{}
		a.Routes = map[string]schema.Route{
			"a": {Match: prefix("/a"), Backends: to("echo")},
			"b": {Match: prefix("/b"), Backends: to("echo")},
		}
	})
	n := 0
	for _, f := range check.Run(g.Resolve()) {
		if f.Code == "auth-empty" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("auth-empty is reported %d times, want once", n)
	}
}

// TestPackageDocNamesEveryCode holds the list in the package doc against the code and against the tests.
func TestPackageDocNamesEveryCode(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var source, tests string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name(), "_test.go") {
			tests += string(text)
		} else {
			source += string(text)
		}
	}
	reported, err := os.ReadFile("../../schema/bundle/trust/target.go") // what checkTrust reports
	if err != nil {
		t.Fatal(err)
	}
	source += string(reported)
	doc, _, _ := strings.Cut(source[strings.Index(source, "// Package check"):], "\npackage check")
	find := func(expr, text string) []string {
		var found []string
		for _, m := range regexp.MustCompile(expr).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	documented := find(`(?m)^//\t([a-z-]+)  `, doc)
	if diff := cmp.Diff(documented, find(`(?:[cC]ode: +|Code, .*= |s\.(?:key|report)\()"([a-z]+(?:-[a-z]+)*)"`, source)); diff != "" {
		t.Errorf("codes (-documented +used):\n%s", diff)
	}
	if diff := cmp.Diff(documented, find("[\"`](?:error|warning|info) ([a-z-]+) [a-zA-Z]", tests)); diff != "" {
		t.Errorf("codes (-documented +tested):\n%s", diff)
	}
}
