package formats_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rhysd/actionlint"
)

// using is a workflow that uses our action with each of its inputs.
const using = `on: pull_request
permissions: {contents: read, pull-requests: write}
jobs:
  gateway:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0, persist-credentials: false}
      - uses: ./.github/actions/gwc
        with: {version: latest, environments: environments/dev, fail-on: risky, approvals: approvals.yaml, comment: "false"}
`

// TestWorkflowsAreSound has actionlint read the workflow that gwc init writes, the action, and our own workflows: it knows
// keys, expressions and inputs, and values of strangers that would get into a script.
func TestWorkflowsAreSound(t *testing.T) {
	repo := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(repo, ".github", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	write("actions/gwc/action.yaml", read(filepath.Join(root, ".github/actions/gwc/action.yaml")))
	files := []string{
		write("workflows/gateway.yaml", read(filepath.Join(newGateway(t, nil), ".github/workflows/gateway.yaml"))),
		write("workflows/action.yaml", []byte(using)),
		write("workflows/ci.yaml", read(filepath.Join(root, ".github/workflows/ci.yaml"))),
	}
	run(t, repo, 0, "git", "init", "-q") // what an action is looked for in
	if found := lint(t, repo, files); len(found) > 0 {
		t.Errorf("actionlint finds %v", found)
	}
	wrong := write("workflows/wrong.yaml", []byte(`on: pull_request
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: ./.github/actions/gwc
        with: {environment: dev}
      - run: echo "${{ github.event.pull_request.title }}"
`))
	if found := lint(t, repo, []string{wrong}); len(found) != 2 {
		t.Errorf("actionlint finds %v, want an unknown input and an injection", found)
	}
}

func lint(t *testing.T, repo string, files []string) []*actionlint.Error {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{WorkingDir: repo})
	if err != nil {
		t.Fatal(err)
	}
	project, err := actionlint.NewProject(repo)
	if err != nil {
		t.Fatal(err)
	}
	found, err := linter.LintFiles(files, project)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
