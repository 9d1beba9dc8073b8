package formats_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/securego/gosec/v2/cwe" // keeps the module in go.mod that has the schema of SARIF

	"gwc.dev/compiler/diag"
)

// oasis returns the schema of SARIF 2.1.0 as OASIS publishes it, out of a module that tests itself with it.
func oasis(t *testing.T) node {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/securego/gosec/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "report", "sarif", "testdata", "sarif-schema-2.1.0.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	schema := parse(t, string(text)).(node)
	const id = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	if schema["id"] != id {
		t.Fatalf("the schema is %v, want %s", schema["id"], id)
	}
	delete(schema, "id") // so that its references stay in it
	return schema
}

func TestSARIFIsValid(t *testing.T) {
	schema := compile(t, oasis(t))
	vet := func(file string) string {
		dir := newGateway(t, map[string]string{"environments/dev/own.cue": file})
		return run(t, dir, 1, gwc, "vet", "--format", "sarif")
	}
	var many diag.List
	for i := range 25_001 {
		many = append(many, diag.Finding{Code: "many", Position: diag.Position{File: "a.cue", Line: i + 1}, Message: "m"})
	}
	for name, text := range map[string]string{
		"nothing":  write(t, "sarif", nil),
		"hostile":  write(t, "sarif", hostile()),
		"too many": write(t, "sarif", many),
		"broken":   vet("broken.cue"),
		"conflict": vet("conflict.cue"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(parse(t, text)); err != nil {
				t.Error(err)
			}
			var log sarifLog
			if err := json.Unmarshal([]byte(text), &log); err != nil {
				t.Fatal(err)
			}
			for _, problem := range log.refusedByCodeScanning() {
				t.Error(problem)
			}
		})
	}
}

// TestFingerprintsStayWhenLinesMove puts comments and blank lines above all that is wrong.
func TestFingerprintsStayWhenLinesMove(t *testing.T) {
	for _, file := range []string{"broken.cue", "conflict.cue"} {
		t.Run(file, func(t *testing.T) {
			dir := newGateway(t, map[string]string{"environments/dev/own.cue": file})
			before, linesBefore := results(t, dir)
			if len(before) < 3 {
				t.Fatalf("%d findings", len(before))
			}
			moveLines(t, dir)
			after, linesAfter := results(t, dir)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("findings by fingerprint (-before +after):\n%s", diff)
			}
			for key, line := range linesBefore {
				if linesAfter[key] <= line {
					t.Errorf("%s is in line %d, and was in %d", after[key], linesAfter[key], line)
				}
			}
		})
	}
}

// results returns the messages and the lines of what vet finds, by fingerprint.
func results(t *testing.T, dir string) (map[string]string, map[string]int) {
	t.Helper()
	var log sarifLog
	text := run(t, dir, 1, gwc, "vet", "environments/dev", "--format", "sarif")
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	messages, lines := map[string]string{}, map[string]int{}
	for _, r := range log.Runs[0].Results {
		key := r.PartialFingerprints["primaryLocationLineHash"]
		messages[key] = r.RuleID + ": " + r.Message.Text
		lines[key] = r.Locations[0].PhysicalLocation.Region.StartLine
	}
	return messages, lines
}

// moveLines puts lines behind the clause that names the package, in each file of a gateway's environments.
func moveLines(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "environments", "*", "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range append(files, filepath.Join(dir, "environments", "gateway.cue")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Repeat("\n// A comment.\n", i+1)
		moved := strings.Replace(string(text), "package gateway\n", lines+"\npackage gateway\n"+lines, 1)
		if err := os.WriteFile(file, []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
