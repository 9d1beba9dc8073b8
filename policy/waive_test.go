package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
	"gwc.dev/schema"
)

func TestWaive(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	list := diag.List{
		{Code: "write-without-auth", Severity: diag.Error, Path: "apis.echo.routes.default", Message: "m"},
		{Code: "write-without-auth", Severity: diag.Error, Path: "apis.echo.routes.default-2", Message: "m"},
		{Code: "literal-secret", Severity: diag.Error, Path: `apis.echo.routes.default.headers.request.set."x.y"`, Message: "m"},
		{Code: "route-conflict", Severity: diag.Error, Path: "apis.echo.routes.default", Message: "m"},
	}
	const (
		first  = "write-without-auth apis.echo.routes.default m"
		second = "write-without-auth apis.echo.routes.default-2 m"
		secret = `literal-secret apis.echo.routes.default.headers.request.set."x.y" m`
		check  = "route-conflict apis.echo.routes.default m"
	)
	for _, test := range []struct {
		name   string
		waiver schema.Waiver
		want   []string
	}{
		{"exact path", schema.Waiver{Code: "write-without-auth", Path: "apis.echo.routes.default", Expires: "2026-04-01"},
			[]string{secret, check, second}},
		{"below", schema.Waiver{Code: "write-without-auth", Path: "apis.echo", Expires: "2026-04-01"},
			[]string{secret, check}},
		{"quoted name", schema.Waiver{Code: "literal-secret", Path: `apis.echo.routes.default.headers.request.set."x.y"`, Expires: "2026-04-01"},
			[]string{check, first, second}},
		{"quoted without need", schema.Waiver{Code: "write-without-auth", Path: `apis."echo".routes.default`, Expires: "2026-04-01"},
			[]string{secret, check, second}},
		{"last day", schema.Waiver{Code: "write-without-auth", Path: "apis.echo", Expires: "2026-03-01"},
			[]string{secret, check}},
		{"day after", schema.Waiver{Code: "write-without-auth", Path: "apis.echo", Expires: "2026-02-28"},
			[]string{secret, check, "waiver-expired waivers.w waiver \"w\" of write-without-auth at apis.echo expired on 2026-02-28", first, second}},
		{"expired and unused", schema.Waiver{Code: "write-without-auth", Path: "apis.none", Expires: "2020-01-01"},
			[]string{secret, check, "waiver-expired waivers.w waiver \"w\" of write-without-auth at apis.none expired on 2020-01-01", first, second}},
		{"no day", schema.Waiver{Code: "write-without-auth", Path: "apis.echo", Expires: "2026-02-31"},
			[]string{secret, check, "waiver-date waivers.w waiver \"w\" expires on \"2026-02-31\", which is no day", first, second}},
		{"unused", schema.Waiver{Code: "write-without-auth", Path: "apis.echo.routes.def", Expires: "2026-04-01"},
			[]string{secret, check, first, second, "waiver-unused waivers.w waiver \"w\" silences nothing: there is no finding write-without-auth at apis.echo.routes.def"}},
		{"no path", schema.Waiver{Code: "write-without-auth", Path: "", Expires: "2026-04-01"},
			[]string{secret, check, first, second, "waiver-unused waivers.w waiver \"w\" silences nothing: there is no finding write-without-auth at "}},
		{"misspelled code", schema.Waiver{Code: "write-without-auht", Path: "apis.echo", Expires: "2026-04-01"},
			[]string{secret, check, "waiver-unknown-code waivers.w waiver \"w\" names code \"write-without-auht\", which no policy has (did you mean \"write-without-auth\"?)", first, second}},
		{"code of a check", schema.Waiver{Code: "route-conflict", Path: "apis.echo.routes.default", Expires: "2026-04-01"},
			[]string{secret, check, "waiver-unknown-code waivers.w waiver \"w\" names code \"route-conflict\", which no policy has (name a policy's code, as findings show it in brackets)", first, second}},
		{"far", schema.Waiver{Code: "write-without-auth", Path: "apis.echo", Expires: "2027-06-01"},
			[]string{secret, check, "waiver-far waivers.w waiver \"w\" holds until 2027-06-01, more than a year ahead"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			engine := newEngine(t, policy.Options{})
			var got []string
			for _, f := range engine.Waive(list, map[string]schema.Waiver{"w": test.waiver}, now) {
				line := f.Code + " " + string(f.Path) + " " + f.Message
				if f.Code == "waiver-unknown-code" {
					line += " (" + f.Hint + ")"
				}
				got = append(got, line)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestWaiveSeverities(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	list := diag.List{{Code: "missing-owner", Severity: diag.Warning, Path: "apis.echo", Message: "m"}}
	waivers := map[string]schema.Waiver{
		"expired": {Code: "missing-owner", Path: "apis.echo", Expires: "2026-02-01"},
		"far":     {Code: "missing-owner", Path: "apis.echo", Expires: "2030-01-01"},
		"unknown": {Code: "x", Path: "apis.echo", Expires: "2026-04-01"},
		"unused":  {Code: "missing-owner", Path: "apis.users", Expires: "2026-04-01"},
	}
	got := map[string]diag.Severity{}
	for _, f := range newEngine(t, policy.Options{}).Waive(list, waivers, now) {
		got[f.Code] = f.Severity
	}
	want := map[string]diag.Severity{
		"waiver-expired": diag.Error, "waiver-unknown-code": diag.Error, "waiver-unused": diag.Warning, "waiver-far": diag.Info,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("severities (-want +got):\n%s", d)
	}
}
