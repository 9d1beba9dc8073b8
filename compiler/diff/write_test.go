package diff_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

// update says that goldens are to be rewritten.
var update = os.Getenv("GWC_UPDATE") != ""

// sample is a change of several kinds and classes; its second step is the filters of an API.
func sample(t *testing.T) *diff.Report {
	t.Helper()
	text := base
	for _, step := range [][2]string{
		{"apis.echo.routes.default.timeout", `"30s"`},
		{"apis.echo.cors", `{"origins": ["https://*.example.com"]}`},
		{"apis.echo.routes.default.match.methods", `["GET"]`},
		{"apis.echo.routes.health.respond.body", `"a | b\n<script>` + "`code`" + ` **bold** @team #1 \u001b[2J\u202e"`},
		{`apis.echo.routes.health.respond.headers.x-a`, `null`},
		{"apis.echo.owner", `"team-b"`},
		{"apis.users", `{"hosts": ["users.example.com"], "routes": {"all": {"respond": {}}}}`},
		{"upstreams.spare", `null`},
		{"apis.echo.version", `"` + strings.Repeat("long ", 50) + `"`},
	} {
		text = edited(t, text, step[0], step[1])
	}
	return diff.Compare(model(t, base), model(t, text))
}

func TestFormats(t *testing.T) {
	var text strings.Builder
	if err := diff.WriteText(&text, sample(t)); err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string]string{"sample.text": text.String(), "sample.markdown": diff.Tables(sample(t), 65_000)} {
		t.Run(file, func(t *testing.T) {
			file := filepath.Join("testdata", file)
			if update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestNothingIsWrittenWithoutChanges(t *testing.T) {
	var text strings.Builder
	if err := diff.WriteText(&text, &diff.Report{}); err != nil {
		t.Fatal(err)
	}
	if got := text.String() + diff.Tables(&diff.Report{}, 65_000); got != "" {
		t.Errorf("%q is written", got)
	}
}

// TestTablesFitTheirRoom holds that tables stay below the bound, close what they open and count the rest.
func TestTablesFitTheirRoom(t *testing.T) {
	old, new := &schema.Gateway{Upstreams: map[string]schema.Upstream{}}, &schema.Gateway{Upstreams: map[string]schema.Upstream{}}
	for i := range 5000 {
		u := schema.Upstream{Endpoints: map[string]schema.Endpoint{"a": {Host: strings.Repeat("|", 300), Port: i + 1, Weight: 1}}}
		old.Upstreams[fmt.Sprintf("gone%d", i)], new.Upstreams[fmt.Sprintf("new%d", i)] = u, u
	}
	old.Environment, new.Environment = "a", "b"
	out := diff.Tables(diff.Compare(old, new), 65_000)
	if len(out) >= 65_000 {
		t.Errorf("%d bytes", len(out))
	}
	if opened, closed := strings.Count(out, "<details"), strings.Count(out, "</details>"); opened != 2 || closed != 2 {
		t.Errorf("%d details are opened and %d closed, want 2", opened, closed)
	}
	shown := strings.Count(out, "\n| ") - strings.Count(out, "\n| | place")
	if want := fmt.Sprintf("\n**%d changes more: the text format shows all.**\n", 10_001-shown); !strings.HasSuffix(out, want) {
		t.Errorf("ends with %q, want %q", out[len(out)-100:], want)
	}
	if !strings.Contains(out, "the environment has another name") {
		t.Error("the risky change is not shown")
	}
}

func TestThresholds(t *testing.T) {
	for name, want := range map[string]diff.Class{"breaking": diff.Breaking, "risky": diff.Risky, "any": diff.Safe} {
		if got, err := diff.ParseThreshold(name); got != want || err != nil {
			t.Errorf("ParseThreshold(%q) = %v, %v, want %v", name, got, err, want)
		}
	}
	if _, err := diff.ParseThreshold("all"); err == nil {
		t.Error("threshold \"all\" is accepted")
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		routes := map[string]schema.Route{}
		for i := range n {
			routes[fmt.Sprint(i)] = schema.Route{
				Match:    &schema.Match{Path: &schema.PathMatch{Prefix: fmt.Sprintf("/%d", i)}, Methods: []string{"GET", "POST"}},
				Backends: map[string]schema.Backend{"echo": {Weight: 1}},
			}
		}
		old := &schema.Gateway{APIs: map[string]schema.API{"a": {Routes: routes}}}
		new := &schema.Gateway{APIs: map[string]schema.API{"a": {Routes: routes, Filters: schema.Filters{Timeout: 1}}}}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				diff.Compare(old, new)
			}
		})
	}
}
