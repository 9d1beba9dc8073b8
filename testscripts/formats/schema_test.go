package formats_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gwc.dev/compiler/report"
)

// A node is a JSON Schema, or a part of one, as it is written.
type node = map[string]any

func parse(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// published returns a schema of ours as it is written.
func published(t *testing.T, name string) node {
	t.Helper()
	text, err := report.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text)).(node)
}

// compile returns what validates against a schema.
func compile(t *testing.T, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:schema", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:schema")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A usage says which fields of a schema have been seen.
type usage struct {
	schema node
	seen   map[string]bool // by the field's place in the schema
}

// fields returns the places of all fields.
func (u usage) fields() []string {
	var out []string
	u.each("", u.schema, func(place string) { out = append(out, place) })
	slices.Sort(out)
	return out
}

func (u usage) each(place string, s node, visit func(place string)) {
	for _, name := range slices.Sorted(maps.Keys(object(s["properties"]))) {
		visit(place + "." + name)
		u.each(place+"."+name, object(object(s["properties"])[name]), visit)
	}
	for _, name := range slices.Sorted(maps.Keys(object(s["$defs"]))) {
		u.each("#"+name, object(object(s["$defs"])[name]), visit)
	}
	if items, ok := s["items"]; ok {
		u.each(place+"[]", object(items), visit)
	}
}

// see notes the fields of a value that is valid.
func (u usage) see(place string, s node, value any) {
	place, s = u.follow(place, s)
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			u.see(place+"[]", object(s["items"]), v)
		}
	case map[string]any:
		for name, v := range value {
			u.seen[place+"."+name] = true
			u.see(place+"."+name, object(object(s["properties"])[name]), v)
		}
	}
}

// follow returns what a schema refers to.
func (u usage) follow(place string, s node) (string, node) {
	for {
		ref, ok := s["$ref"].(string)
		if !ok {
			return place, s
		}
		name := strings.TrimPrefix(ref, "#/$defs/")
		place, s = "#"+name, object(object(u.schema["$defs"])[name])
	}
}

func object(v any) node {
	o, _ := v.(node)
	return o
}
