package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gwc.dev/policy"
)

// TestExamples takes every example from its definition to served requests.
func TestExamples(t *testing.T) {
	engine, err := policy.New(t.Context(), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range environments(t) {
		t.Run(filepath.ToSlash(dir), func(t *testing.T) {
			model := compile(t, dir, engine)
			acceptedByCUE(t, dir)
			rendered(t, dir, model)
			steps := readSteps(t, filepath.Join(dir, "requests.txt"))
			g := serve(t, model)
			for _, s := range steps {
				g.run(t, s)
			}
		})
	}
}

func TestReadmeListsEveryExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range environments(t) {
		top, _, _ := strings.Cut(filepath.ToSlash(dir), "/")
		if row := "| [" + top + "](" + top + ") |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
}

// environments returns the directories of all environments: each directory here, or those in it where it holds
// several.
func environments(t *testing.T) []string {
	var dirs []string
	for _, top := range subdirectories(t, ".") {
		if top == "testdata" {
			continue
		}
		if parts := subdirectories(t, top); len(parts) > 0 {
			dirs = append(dirs, parts...)
		} else {
			dirs = append(dirs, top)
		}
	}
	if len(dirs) == 0 {
		t.Fatal("there are no examples")
	}
	return dirs
}

func subdirectories(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, entry := range entries {
		if entry.IsDir() {
			dirs = append(dirs, filepath.Join(dir, entry.Name()))
		}
	}
	return dirs
}
