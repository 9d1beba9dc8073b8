package behaviour_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diff"
	"gwc.dev/schema"
)

func TestWriteRefusesUnknownFormats(t *testing.T) {
	err := behaviour.Write(io.Discard, "yaml", nil)
	if want := `format "yaml": want one of text, markdown, json`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestMarkdownFitsIntoAComment holds that a comment about any number of environments stays below the bound, closes what it
// opens and says what it leaves out.
func TestMarkdownFitsIntoAComment(t *testing.T) {
	for _, environments := range []int{1, 3, 5000} {
		t.Run(fmt.Sprint(environments), func(t *testing.T) {
			text := comment(t, environments, 2000)
			if len(text) > 65_000 {
				t.Errorf("%d bytes", len(text))
			}
			if opened, closed := strings.Count(text, "<details"), strings.Count(text, "</details>"); opened == 0 || opened != closed {
				t.Errorf("%d details are opened and %d closed", opened, closed)
			}
			if !strings.Contains(text, "the text format shows all") {
				t.Error("it does not say that something is left out")
			}
			if n := strings.Count(text, "**gwc: "); n < min(environments, 3) {
				t.Errorf("%d environments are shown", n)
			}
		})
	}
}

// comment is what is printed about environments in which a listener and so many routes are new.
func comment(t *testing.T, environments, routes int) string {
	t.Helper()
	api := schema.API{Hosts: []string{"a.example.com"}, Routes: map[string]schema.Route{}}
	for i := range routes {
		api.Routes[fmt.Sprintf("r%d", i)] = schema.Route{
			Match:   &schema.Match{Path: &schema.PathMatch{Exact: fmt.Sprintf("/%s/%d", strings.Repeat("long", 20), i)}},
			Respond: &schema.Respond{Status: 200, Body: fmt.Sprint(i)},
		}
	}
	listeners := map[string]schema.Listener{"http": {Port: 8080}}
	old := (&schema.Gateway{Environment: "a", Listeners: listeners}).Resolve()
	new := (&schema.Gateway{Environment: "a", Listeners: listeners, APIs: map[string]schema.API{"a": api}}).Resolve()
	report, err := behaviour.Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	places := diff.Compare(old, new)
	var all []behaviour.Comparison
	for i := range environments {
		all = append(all, behaviour.Comparison{Environment: fmt.Sprintf("environments/e%d", i), Behaviour: report, Places: places})
	}
	var b strings.Builder
	if err := behaviour.Write(&b, "markdown", all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
