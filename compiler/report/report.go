// Package report publishes the form of what gwc prints with --format json: a JSON Schema (draft 2020-12) for each
// command that does.
//
//	text, err := report.Schema("diff")
//
// The schemas allow no field that they do not name, and describe each with its unit. A module of its own,
// testscripts/formats, holds the commands to them.
package report

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

const suffix = ".schema.json"

//go:embed *.schema.json
var files embed.FS

// Names returns the commands whose output has a schema, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // what is embedded has a root
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), suffix))
	}
	return out
}

// Schema returns the schema of what a command prints, as JSON. The error names the commands that have one.
func Schema(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("%q has no JSON Schema: want one of %s", name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + suffix)
}
