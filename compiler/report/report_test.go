package report_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/report"
)

func TestNames(t *testing.T) {
	if diff := cmp.Diff([]string{"diff", "explain", "inspect", "list", "test", "verify", "vet"}, report.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestSchemaRefusesUnknownNames(t *testing.T) {
	for _, name := range []string{"", "build", "../report", "vet.schema.json"} {
		if _, err := report.Schema(name); err == nil {
			t.Errorf("%q has a schema", name)
		}
	}
	_, err := report.Schema("vett")
	want := `"vett" has no JSON Schema: want one of diff, explain, inspect, list, test, verify, vet`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// A schema is what of one is looked at here.
type schema struct {
	Schema      string             `json:"$schema"`
	ID          string             `json:"$id"`
	Ref         string             `json:"$ref"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Type        any                `json:"type"`
	Additional  *bool              `json:"additionalProperties"`
	Required    []string           `json:"required"`
	Properties  map[string]*schema `json:"properties"`
	Items       *schema            `json:"items"`
	Defs        map[string]*schema `json:"$defs"`
}

func read(t *testing.T, name string) *schema {
	t.Helper()
	text, err := report.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &s
}

func TestSchemasSayWhatTheyAreOf(t *testing.T) {
	for _, name := range report.Names() {
		s := read(t, name)
		got := []string{s.Schema, s.ID, s.Title}
		want := []string{
			"https://json-schema.org/draft/2020-12/schema",
			"https://gwc.dev/schema/report/" + name + ".json",
			"gwc " + name + " --format json",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if s.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
}

// TestSchemasAreClosed holds that every object says all its fields, and every field what it means.
func TestSchemasAreClosed(t *testing.T) {
	for _, name := range report.Names() {
		closed(t, name, read(t, name))
	}
}

func closed(t *testing.T, at string, s *schema) {
	t.Helper()
	if s == nil {
		return
	}
	if s.Type == "object" && (s.Additional == nil || *s.Additional) {
		t.Errorf("%s allows fields that it does not name", at)
	}
	for _, field := range s.Required {
		if s.Properties[field] == nil {
			t.Errorf("%s requires %s, which it does not describe", at, field)
		}
	}
	for field, p := range s.Properties {
		if p.Description == "" {
			t.Errorf("%s.%s has no description", at, field)
		}
		closed(t, at+"."+field, p)
	}
	for field, p := range s.Defs {
		closed(t, at+"#"+field, p)
	}
	closed(t, at+"[]", s.Items)
}

// TestSharedDefinitionsAgree holds that a finding of a test has the form of a finding of vet.
func TestSharedDefinitionsAgree(t *testing.T) {
	vet, test := read(t, "vet"), read(t, "test")
	for _, name := range []string{"finding", "position"} {
		if diff := cmp.Diff(vet.Defs[name], test.Defs[name]); diff != "" || vet.Defs[name] == nil {
			t.Errorf("%s (-vet +test):\n%s", name, diff)
		}
	}
}
