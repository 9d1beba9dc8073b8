package diag_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

func TestMergedReportsALineOnce(t *testing.T) {
	at := func(line int) diag.Position { return diag.Position{File: "a.cue", Line: line, Column: 1} }
	tooLong := func(route string) diag.Finding {
		return diag.Finding{
			Code: "timeout-too-long", Severity: diag.Warning, Position: at(3),
			Path: schema.NewPath("apis", "a", "routes", route, "timeout"), Message: route + " has a timeout of 2m", Hint: "less",
		}
	}
	unknown := diag.Finding{Code: "timeout-too-long", Severity: diag.Warning, Message: "nobody knows where", Hint: "less"}
	elsewhere := tooLong("f")
	elsewhere.Position = at(4)
	conflict := func(other string) diag.Finding {
		return diag.Finding{
			Code: "route-conflict", Severity: diag.Error, Position: at(9), Path: schema.NewPath("apis", "a"), Hint: "remove one",
			Message: "conflicts with " + other, Related: []diag.Related{{Path: schema.NewPath("apis", other), Message: "the other"}},
		}
	}
	first := tooLong("a")
	first.Related = []diag.Related{{
		Position: at(3), Message: "the same at apis.a.routes.b.timeout, apis.a.routes.c.timeout, apis.a.routes.d.timeout and 1 more",
	}}

	got := diag.List{tooLong("e"), tooLong("d"), tooLong("c"), unknown, unknown, tooLong("b"), tooLong("a"), elsewhere, conflict("x"), conflict("y")}.Merged()
	want := diag.List{unknown, first, elsewhere, conflict("x"), conflict("y")}
	if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)); diff != "" {
		t.Errorf("merged findings (-want +got):\n%s", diff)
	}
}
