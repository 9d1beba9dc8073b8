package formats_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/tools/txtar"

	"gwc.dev/compiler/behaviour"
	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/diff"
	"gwc.dev/compiler/report"
	"gwc.dev/compiler/space"
	"gwc.dev/schema/bundle/keyless/authority"
)

// TestOutputsAreValid holds what commands print to their schemas, and that each field of a schema is printed by some.
func TestOutputsAreValid(t *testing.T) {
	outputs := map[string][]string{}
	collect := func(command string, texts ...string) { outputs[command] = append(outputs[command], texts...) }
	collect("vet", writtenFindings(t))
	collect("diff", writtenComparison(t))
	for _, printed := range []func(*testing.T) (string, []string){diffs, tests, explanations, bundles, verifications, listings} {
		command, texts := printed(t)
		collect(command, texts...)
	}
	for _, name := range report.Names() {
		t.Run(name, func(t *testing.T) {
			schema := published(t, name)
			validator := compile(t, schema)
			u := usage{schema, map[string]bool{}}
			for _, text := range outputs[name] {
				value := parse(t, text)
				if err := validator.Validate(value); err != nil {
					t.Errorf("%v in\n%s", err, text)
					continue
				}
				u.see("", schema, value)
			}
			for _, field := range u.fields() {
				// A finding has the same form everywhere, and vet finds all kinds.
				if !u.seen[field] && (name == "vet" || !strings.HasPrefix(field, "#finding.")) {
					t.Errorf("no output has %s", field)
				}
			}
		})
	}
}

var jsonScript = regexp.MustCompile(`gwc (\w+) .*--format json\ncmp stdout (?:\.\./)?(\S+)`)

// TestScriptsShowValidOutputs holds the outputs to their schemas that the tests of the commands compare with.
func TestScriptsShowValidOutputs(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(root, "testscripts", "testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]bool{}
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range jsonScript.FindAllStringSubmatch(string(archive.Comment), -1) {
			command, name := found[1], found[2]
			for _, f := range archive.Files {
				if f.Name != name {
					continue
				}
				commands[command] = true
				if err := compile(t, published(t, command)).Validate(parse(t, string(f.Data))); err != nil {
					t.Errorf("%s: %s: %v", script, name, err)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"diff": true, "explain": true, "test": true, "vet": true}, commands); diff != "" {
		t.Errorf("commands with an output in a script (-want +got):\n%s", diff)
	}
}

// TestEveryCommandWithJSONHasASchema reads the command reference.
func TestEveryCommandWithJSONHasASchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for section := range strings.SplitSeq(string(text), "\n## gwc ") {
		name, body, _ := strings.Cut(section, "\n")
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "| `--format` ") && strings.Contains(line, "json") {
				commands = append(commands, name)
			}
		}
	}
	if diff := cmp.Diff(report.Names(), commands); diff != "" {
		t.Errorf("commands (-with a schema +with --format json):\n%s", diff)
	}
}

// writtenFindings is a report of findings of which one has all that a finding can have.
func writtenFindings(t *testing.T) string {
	t.Helper()
	position := diag.Position{File: "a.cue", Line: 1, Column: 2}
	return write(t, "json", diag.List{
		{
			Code: "regex", Severity: diag.Error, Path: "apis.a", Position: position, Message: "m", Hint: "h",
			Related: []diag.Related{{Path: "apis.b", Position: position, Message: "r"}, {Message: "r"}},
			Request: &diag.Request{Method: "GET", URL: "https://a/", Headers: []diag.Field{{Name: "x", Value: "1"}}, Without: []string{"y"}},
		},
		{Code: "load", Severity: diag.Info, Position: diag.Position{File: "b.cue"}, Message: "m"},
		{Code: "unused", Severity: diag.Warning, Message: "m"},
	})
}

// write prints findings in a format.
func write(t *testing.T, format string, l diag.List) string {
	t.Helper()
	var b strings.Builder
	if err := diag.Write(&b, format, l, diag.Options{Version: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// writtenComparison is of classes of which one has all that a class can have.
func writtenComparison(t *testing.T) string {
	t.Helper()
	route := &behaviour.Route{API: "a", Name: "r", Path: "apis.a.routes.r"}
	change := diff.Change{
		Path: "timeout", Kind: diff.Changed, Class: diff.Risky, Reason: "timeout raised", Old: "1s", New: "2s",
	}
	class := func(alike ...*behaviour.Class) *behaviour.Class {
		return &behaviour.Class{
			Severity: diff.Risky, Reason: "timeout raised", Listeners: []string{"http"}, Scheme: "http", Port: 8080,
			Request: &space.Request{
				Host: "example.com", Method: "GET", Path: "/", Header: []space.Field{{Name: "a", Value: "b"}},
				Query: []space.Field{{Name: "q", Value: "1"}}, Without: []string{"c"},
			},
			Old: route, New: route, Changes: []diff.Change{change}, Alike: alike, Undecided: true,
			Approved: "until 2030-01-01: known",
		}
	}
	var b strings.Builder
	if err := behaviour.Write(&b, "json", []behaviour.Comparison{
		{
			Environment: "environments/dev",
			Behaviour:   &behaviour.Report{Classes: []*behaviour.Class{class(class())}},
			Places:      &diff.Report{Changes: []diff.Change{change}},
		},
		{Environment: "environments/production", Behaviour: &behaviour.Report{}, Places: &diff.Report{}},
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func committed(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := newGateway(t, files)
	run(t, dir, 0, "git", "init", "-q", "-b", "main")
	run(t, dir, 0, "git", "add", "-A")
	run(t, dir, 0, "git", "commit", "-q", "-m", "start")
	return dir
}

func diffs(t *testing.T) (string, []string) {
	dir := committed(t, nil)
	same := run(t, dir, 0, gwc, "diff", "environments/dev", "--base", "HEAD", "--format", "json")
	routes, err := os.ReadFile(filepath.Join("testdata", "routes.cue"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "environments", "dev", "routes.cue"), routes, 0o600); err != nil {
		t.Fatal(err)
	}
	return "diff", []string{same, run(t, dir, 0, gwc, "diff", "--base", "HEAD", "--format", "json")}
}

func tests(t *testing.T) (string, []string) {
	dir := newGateway(t, map[string]string{
		"environments/dev/routes.cue": "routes.cue",
		"environments/dev/tests.cue":  "tests.cue",
		"policies/output_test.rego":   "output_test.rego",
	})
	broken := newGateway(t, map[string]string{"environments/dev/conflict.cue": "conflict.cue"})
	return "test", []string{
		run(t, dir, 1, gwc, "test", "--coverage", "--format", "json"),
		run(t, broken, 1, gwc, "test", "--format", "json"),
		run(t, newGateway(t, nil), 0, gwc, "test", "--format", "json"),
	}
}

func explanations(t *testing.T) (string, []string) {
	dir := newGateway(t, map[string]string{"environments/dev/routes.cue": "routes.cue"})
	explain := func(status int, args ...string) string {
		t.Helper()
		return run(t, dir, status, gwc, append([]string{"explain", "--format", "json"}, args...)...)
	}
	return "explain", []string{
		explain(0, "environments/dev", "GET", "http://example.com/hello", "-H", "x-version: v2"),
		explain(0, "environments/dev", "OPTIONS", "http://example.com/hello",
			"-H", "Origin: https://app.example.com", "-H", "Access-Control-Request-Method: GET"),
		explain(0, "environments/dev", "GET", "http://example.com/fixed"),
		explain(1, "environments/dev", "GET", "http://example.com/"),
		explain(0, "environments/production", "GET", "http://api.example.com/"),
	}
}

func bundles(t *testing.T) (string, []string) {
	dir := committed(t, nil)
	run(t, dir, 0, gwc, "keygen", "-o", "one")
	run(t, dir, 0, gwc, "build", "environments/dev", "-o", "../signed.bundle", "--key", "one.key")
	outside := newGateway(t, nil)
	run(t, outside, 0, gwc, "build", "environments/dev", "-o", "unsigned.bundle", "--serial", "1", "--unsigned")
	return "inspect", []string{
		run(t, dir, 0, gwc, "inspect", "../signed.bundle", "--format", "json"),
		run(t, outside, 0, gwc, "inspect", "unsigned.bundle", "--format", "json"),
	}
}

// newRegistry serves a registry and returns an address in it.
func newRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return "oci://" + strings.TrimPrefix(server.URL, "http://") + "/gateway"
}

// verifications are of what a key signed and of what an identity did, in a file and in a registry.
func verifications(t *testing.T) (string, []string) {
	dir, repository, ci := committed(t, nil), newRegistry(t), authority.Start(t)
	run(t, dir, 0, "git", "remote", "add", "origin", "git@git.example.com:team/gateway.git")
	outside := t.TempDir()
	at := func(name string) string { return filepath.Join(outside, name) }
	for name, text := range map[string]string{
		"token":  authority.Token("https://ci.example.com", "https://ci.example.com/team/gateway@main"),
		"ca.pem": authority.PEM(ci.Root), "tsa.pem": authority.PEM(ci.TimeRoot),
		"trust.yaml": `keys: [{file: one.pub, expires: 2099-01-31}]
identities: [{issuer: https://ci.example.com, subject: https://ci.example.com/team/gateway@main}]
authorities: [{file: ca.pem}]
timeAuthorities: [{file: tsa.pem}]
`,
	} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(status int, ref, trust string) string {
		t.Helper()
		return run(t, dir, status, gwc, "verify", ref, "--trust", at(trust), "--format", "json")
	}
	run(t, outside, 0, gwc, "keygen", "-o", "one")
	run(t, outside, 0, gwc, "keygen", "-o", "other")
	run(t, dir, 0, gwc, "build", "environments/dev", "-o", at("signed.bundle"), "--key", at("one.key"))
	run(t, dir, 0, gwc, "push", "environments/dev", repository, "--key", at("one.key"))
	run(t, dir, 0, gwc, "push", "environments/dev", repository+"-ci", "--trust", at("trust.yaml"),
		"--identity-token", at("token"), "--fulcio-url", ci.URL, "--timestamp-url", ci.URL+"/timestamp")
	texts := []string{
		verify(0, at("signed.bundle"), "trust.yaml"),
		verify(1, at("signed.bundle"), "other.pub"),
		verify(0, repository+":dev", "trust.yaml"),
		verify(1, repository+":dev", "other.pub"),
		verify(0, repository+"-ci:dev", "trust.yaml"),
	}
	pushedTwice(t, dir, repository+"-back", at("one.key"))
	return "verify", append(texts, verify(0, repository+"-back:dev", "trust.yaml"))
}

// pushedTwice pushes two states of an environment, and then the first again.
func pushedTwice(t *testing.T, dir, repository, key string) {
	t.Helper()
	for _, serial := range []string{"1", "2"} {
		run(t, dir, 0, gwc, "push", "environments/dev", repository, "--key", key, "--serial", serial)
	}
	run(t, dir, 0, gwc, "rollback", "environments/dev", repository, "--key", key)
}

func listings(t *testing.T) (string, []string) {
	dir, repository := committed(t, nil), newRegistry(t)
	outside := t.TempDir()
	run(t, outside, 0, gwc, "keygen", "-o", "one")
	run(t, outside, 0, gwc, "keygen", "-o", "other")
	at := func(name string) string { return filepath.Join(outside, name) }
	pushedTwice(t, dir, repository, at("one.key"))
	list := func(status int, args ...string) string {
		t.Helper()
		return run(t, dir, status, gwc, append([]string{"list", "environments/dev", repository, "--format", "json"}, args...)...)
	}
	return "list", []string{
		list(0),
		list(0, "--most", "1"),
		list(0, "--trust", at("one.pub")),
		list(1, "--trust", at("other.pub")),
	}
}
