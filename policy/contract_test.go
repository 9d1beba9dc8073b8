package policy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/diag"
	"gwc.dev/policy"
)

const (
	meta = "# METADATA\n# title: T\n# custom:\n#   code: my-rule\n#   severity: warning\n"
	deny = "\ndeny contains {\"path\": [\"apis\", a], \"message\": \"m\"} if some a, _ in input.apis\n"
)

func TestNewReportsWhatIsWrongWithAUsersRego(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"syntax", map[string]string{"a.rego": "package gwc.user.a\n\ndeny contains {\n"},
			[]string{"a.rego:4:1 rego-parse-error unexpected eof token: expected rule key term"}},
		{"empty", map[string]string{"a.rego": "# nothing\n"},
			[]string{"a.rego rego-parse-error empty module"}},
		{"OPA v0", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny[msg] { msg := 1 }\n"},
			[]string{"a.rego:8:1 rego-parse-error `contains` keyword is required", "a.rego:8:1 rego-parse-error `if` keyword is required"}},
		{"unsafe variable", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny contains {\"path\": [x], \"message\": \"m\"} if true\n"},
			[]string{"a.rego:8:25 rego-unsafe-var-error var x is unsafe"}},
		{"type", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny contains {\"path\": [], \"message\": \"m\"} if count(1) == 1\n"},
			[]string{"a.rego:8:47 rego-type-error count: invalid argument"}},
		{"network", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny contains {\"path\": [], \"message\": \"m\"} if http.send({})\n"},
			[]string{"a.rego:8:47 rego-type-error undefined function http.send (policies are deterministic, offline and bounded: work from input alone)"}},
		{"clock", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny contains {\"path\": [], \"message\": \"m\"} if time.now_ns() > 0\n"},
			[]string{"a.rego:8:47 rego-type-error undefined function time.now_ns (policies are"}},
		{"huge shift", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny contains {\"path\": [], \"message\": \"m\"} if bits.lsh(1, 1e18) > 0\n"},
			[]string{"a.rego:8:47 rego-type-error undefined function bits.lsh"}},
		{"several files at once", map[string]string{
			"a.rego":     "package gwc.user.a\n\nx := \n",
			"sub/b.rego": "package gwc.user.b\n" + deny,
		}, []string{"a.rego:4:1 rego-parse-error", "sub/b.rego:3:1 policy-metadata"}},
		{"no metadata", map[string]string{"a.rego": "package gwc.user.a\n" + deny},
			[]string{"a.rego:3:1 policy-metadata package gwc.user.a has no METADATA with a code (put comments above the package"}},
		{"no code", map[string]string{"a.rego": "# METADATA\n# title: T\npackage gwc.user.a\n" + deny},
			[]string{"a.rego:5:1 policy-metadata package gwc.user.a has no METADATA with a code"}},
		{"code form", map[string]string{"a.rego": strings.Replace(meta, "my-rule", "My Rule", 1) + "package gwc.user.a\n" + deny},
			[]string{`a.rego:1:1 policy-metadata custom.code "My Rule" is no code`}},
		{"code is a number", map[string]string{"a.rego": strings.Replace(meta, "my-rule", "7", 1) + "package gwc.user.a\n" + deny},
			[]string{"a.rego:1:1 policy-metadata custom.code 7 is no code"}},
		{"code of gwc", map[string]string{"a.rego": strings.Replace(meta, "my-rule", "waiver-mine", 1) + "package gwc.user.a\n" + deny},
			[]string{`a.rego:1:1 policy-metadata custom.code "waiver-mine": codes that begin with "policy-" or "waiver-" are gwc's own`}},
		{"no severity", map[string]string{"a.rego": strings.Replace(meta, "severity", "sevrity", 1) + "package gwc.user.a\n" + deny},
			[]string{`a.rego:1:1 policy-metadata rule "my-rule" has no custom.severity`}},
		{"unknown severity", map[string]string{"a.rego": strings.Replace(meta, "warning", "fatal", 1) + "package gwc.user.a\n" + deny},
			[]string{`a.rego:1:1 policy-metadata custom.severity "fatal" of rule "my-rule" is unknown (write error, warning or info)`}},
		{"help is no text", map[string]string{"a.rego": meta + "#   help: [a]\npackage gwc.user.a\n" + deny},
			[]string{`a.rego:1:1 policy-metadata custom.help ["a"] of rule "my-rule" is no text`}},
		{"metadata that is no YAML", map[string]string{"a.rego": "# METADATA\n# title: [\npackage gwc.user.a\n" + deny},
			[]string{"a.rego:2:"}},
		{"two rules in a package", map[string]string{"a.rego": "package gwc.user.a\n\n" + meta + deny[1:] + "\n" + strings.Replace(meta, "my-rule", "other", 1) + deny[1:]},
			[]string{"a.rego:10:1 policy-metadata package gwc.user.a has a second METADATA with a code (a package is one rule"}},
		{"code of another rule", map[string]string{
			"a.rego": meta + "package gwc.user.a\n" + deny,
			"b.rego": meta + "package gwc.user.b\n" + deny,
		}, []string{`b.rego:8:1 policy-code-duplicate code "my-rule" is taken by package gwc.user.a`}},
		{"code of the library", map[string]string{"a.rego": strings.Replace(meta, "my-rule", "missing-owner", 1) + "package gwc.aaa.a\n" + deny},
			[]string{`a.rego:8:1 policy-code-duplicate code "missing-owner" is taken by package gwc.policy.missing_owner`}},
		{"package of the library", map[string]string{"a.rego": "package gwc.model\n\nproduction := true\n"},
			[]string{"a.rego:1:1 policy-package package gwc.model is gwc's own"}},
		{"package elsewhere", map[string]string{"a.rego": meta + "package mine\n" + deny},
			[]string{"a.rego:8:1 policy-package deny in package mine is never evaluated"}},
		{"package that is gwc itself", map[string]string{"a.rego": meta + "package gwc\n" + deny},
			[]string{"a.rego:8:1 policy-package deny in package gwc is never evaluated"}},
		{"no deny", map[string]string{"a.rego": meta + "package gwc.user.a\n\nviolation contains 1 if true\n"},
			[]string{"a.rego:1:1 policy-shape package gwc.user.a has METADATA with a code but no deny rule"}},
		{"deny is a value", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny := {1} if input.x\n"},
			[]string{"a.rego:8:1 policy-shape deny is not a partial set"}},
		{"deny is a function", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny(x) := x\n"},
			[]string{"a.rego:8:1 policy-shape deny is not a partial set"}},
		{"deny is deeper", map[string]string{"a.rego": meta + "package gwc.user.a\n\ndeny.x contains 1 if true\n"},
			[]string{"a.rego:8:1 policy-shape deny is not a partial set"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				write(t, dir, name, text)
			}
			_, err := policy.New(t.Context(), policy.Options{Dirs: []string{dir}, Base: dir})
			broken, ok := errors.AsType[*policy.CompileError](err)
			if !ok {
				t.Fatalf("got error %v, want a CompileError", err)
			}
			var got []string
			for _, f := range broken.Findings {
				line := f.Position.String() + " " + f.Code + " " + f.Message
				if f.Hint != "" {
					line += " (" + f.Hint + ")"
				}
				got = append(got, line)
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %d findings, want %d:\n%s", len(got), len(test.want), strings.Join(got, "\n"))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got  %s\nwant %s", got[i], want)
				}
			}
			if !strings.Contains(err.Error(), broken.Findings[0].Message) {
				t.Errorf("the error does not say what is wrong: %v", err)
			}
		})
	}
}

// TestNewIsBounded holds that a rule which OPA compiles for long is refused in time.
func TestNewIsBounded(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.rego", "package gwc.user.a\n\nx if 1 == 2 "+strings.Repeat("else if 1 == 2\n", 2000))
	_, err := policy.New(t.Context(), policy.Options{Dirs: []string{dir}, Timeout: 20 * time.Millisecond})
	if broken, ok := errors.AsType[*policy.CompileError](err); !ok || broken.Findings[0].Code != "policy-timeout" {
		t.Errorf("got error %v, want a finding policy-timeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := policy.New(ctx, policy.Options{Dirs: []string{dir}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want the context's", err)
	}
}

func TestNewSaysWhichDirectoryItCannotRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.rego", "package gwc.user.a\n")
	write(t, dir, "big/a.rego", "package gwc.user.b\n"+strings.Repeat("#\n", 1<<20))
	for _, test := range []struct{ dir, want string }{
		{filepath.Join(dir, "none"), "does not exist"},
		{filepath.Join(dir, "a.rego"), "is a file: name the directory that holds it"},
		{filepath.Join(dir, "big"), "a.rego is larger than 1048576 bytes"},
	} {
		_, err := policy.New(t.Context(), policy.Options{Dirs: []string{test.dir}})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.dir) {
			t.Errorf("%s: got error %v, want %q", test.dir, err, test.want)
		}
	}
}

func TestNewTakesUsersRules(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "on_package.rego", strings.Replace(meta, "my-rule", "on-package", 1)+"package gwc.user.on_package\n"+deny)
	write(t, dir, "sub/on_rule.rego", "package gwc.on_rule\n\nimport data.company\n\n"+strings.Replace(meta, "my-rule", "on-rule", 1)+
		"#   help: ask somebody\ndeny contains {\"path\": sprintf(\"apis.%s\", [a]), \"message\": company.message} if some a, _ in input.apis\n")
	write(t, dir, "library.rego", "package company\n\nmessage := \"said by a library\"\n")
	write(t, dir, ".hidden/broken.rego", "what is this")
	write(t, dir, "broken_test.rego", "what is this")
	write(t, dir, "notes.txt", "what is this")
	// A directory that is named twice, or lies in another one, counts once.
	engine := newEngine(t, policy.Options{Dirs: []string{dir, filepath.Join(dir, "sub")}, Base: dir})
	var got diag.List
	got = append(got, evaluate(t, engine, strict())...)
	want := diag.List{
		{Code: "on-package", Severity: diag.Warning, Path: "apis.echo", Message: "m"},
		{Code: "on-rule", Severity: diag.Warning, Path: "apis.echo", Message: "said by a library", Hint: "ask somebody"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	positions := map[string]string{}
	for _, r := range engine.Rules() {
		if r.Position.File != "" {
			positions[r.Code] = r.Position.String()
		}
	}
	if d := cmp.Diff(map[string]string{"on-package": "on_package.rego:8:1", "on-rule": "sub/on_rule.rego:11:1"}, positions); d != "" {
		t.Errorf("positions of the user's rules (-want +got):\n%s", d)
	}
}

func TestNewFollowsALinkToADirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "real/a.rego", meta+"package gwc.user.a\n"+deny)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if findings := evaluate(t, newEngine(t, policy.Options{Dirs: []string{link}}), strict()); len(findings) != 1 {
		t.Errorf("got findings %v, want the one of the linked directory", findings)
	}
}

func TestElementsOfDenyKeepTheContract(t *testing.T) {
	for _, test := range []struct{ element, want string }{
		{`{"path": ["apis", "echo"], "message": " m "}`, "warning my-rule apis.echo m"},
		{`{"path": "apis.echo", "message": "m"}`, "warning my-rule apis.echo m"},
		{`{"path": ["apis", "a.b"], "message": "m"}`, `warning my-rule apis."a.b" m`},
		{`{"path": "apis.\"a.b\".routes", "message": "m"}`, `warning my-rule apis."a.b".routes m`},
		{`{"path": ["apis", "echo", "hosts", 0], "message": "m"}`, "warning my-rule apis.echo.hosts.0 m"},
		{`{"path": [], "message": "m"}`, "warning my-rule  m"},
		{`"text"`, `returned "text": it is no object`},
		{`{"path": ["apis"]}`, `returned {"path":["apis"]}: it has no message`},
		{`{"path": ["apis"], "message": " "}`, "it has no message"},
		{`{"path": ["apis"], "message": 1}`, "it has no message"},
		{`{"message": "m"}`, "it has no path"},
		{`{"path": {"apis"}, "message": "m", "msg": "n"}`, `it has a member "msg", which means nothing`},
		{`{"path": {"a": "apis"}, "message": "m"}`, "its path is no array of names"},
		{`{"path": 1, "message": "m"}`, "its path is no array of names"},
		{`{"path": ["apis", ["echo"]], "message": "m"}`, `["echo"] in its path is neither a name nor an index`},
		{`{"path": ["apis", null], "message": "m"}`, "null in its path is neither a name nor an index"},
		{`{"path": ["apis", -1], "message": "m"}`, "-1 in its path is no index"},
		{`{"path": ["apis", 1.5], "message": "m"}`, "1.5 in its path is no index"},
		{`{"path": ["apis", 1e400], "message": "m"}`, "in its path is no index"},
	} {
		t.Run(test.element, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.rego", meta+"package gwc.user.a\n\ndeny contains "+test.element+" if true\n")
			findings := evaluate(t, newEngine(t, policy.Options{Dirs: []string{dir}, Base: dir}), strict())
			if len(findings) != 1 {
				t.Fatalf("got %d findings, want 1: %v", len(findings), findings)
			}
			f := findings[0]
			got := f.Severity.String() + " " + f.Code + " " + string(f.Path) + " " + f.Message
			if f.Code == "policy-result" {
				if f.Severity != diag.Error || f.Position.String() != "a.rego:8:1" || !strings.HasPrefix(f.Message, `rule "my-rule" (package gwc.user.a) returned `) {
					t.Errorf("got %v", f)
				}
				if !strings.HasSuffix(f.Message, test.want) {
					t.Errorf("got %s, want it to end in %s", f.Message, test.want)
				}
			} else if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
