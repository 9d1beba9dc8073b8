package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"gwc.dev/schema"
	v1 "gwc.dev/schema/v1"
)

// definition returns #Gateway of the embedded files.
func definition(t *testing.T) cue.Value {
	t.Helper()
	entries, err := v1.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	inst := build.NewContext().NewInstance("", nil)
	for _, e := range entries {
		data, err := v1.Files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(e.Name(), data)
		if err != nil {
			t.Fatal(err)
		}
		if err := inst.AddSyntax(file); err != nil {
			t.Fatal(err)
		}
	}
	v := cuecontext.New().BuildInstance(inst).LookupPath(cue.MakePath(cue.Def("#Gateway")))
	if err := v.Err(); err != nil {
		t.Fatal(err)
	}
	return v
}

// members returns the fields of a CUE struct by name, and what it takes under any other name.
func members(t *testing.T, v cue.Value) (fields map[string]cue.Value, rest *cue.Value) {
	t.Helper()
	fields = map[string]cue.Value{}
	it, err := v.Fields(cue.Optional(true), cue.Patterns(true))
	if err != nil {
		t.Fatal(err)
	}
	for it.Next() {
		value := it.Value()
		if it.FieldType()&cue.PatternConstraint != 0 {
			rest = &value
			continue
		}
		fields[it.Selector().Unquoted()] = value
	}
	return fields, rest
}

// goFields returns the fields of a Go struct by their names in JSON, those of embedded structs among them.
func goFields(typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range typ.Fields() {
		if f.Anonymous {
			maps.Copy(out, goFields(f.Type))
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[name] = f.Type
	}
	return out
}

// Every field of the definitions is one of the types', of the same kind, and the other way round.
func TestDefinitionsAndTypesAgree(t *testing.T) {
	agree(t, "", definition(t), reflect.TypeFor[schema.Gateway]())
}

func agree(t *testing.T, path schema.Path, v cue.Value, typ reflect.Type) {
	t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := cue.BottomKind
	switch typ {
	case reflect.TypeFor[schema.Duration]():
		want = cue.StringKind
	case reflect.TypeFor[schema.JSON]():
		return // any value
	case reflect.TypeFor[schema.RateLimit]():
		fields, windows := members(t, v)
		if len(fields) != 1 || fields["disabled"].IncompleteKind() != cue.BoolKind || windows == nil {
			t.Errorf("%s: a rate limit is %v and windows", path, slices.Sorted(maps.Keys(fields)))
			return
		}
		agree(t, path.Join("*"), *windows, reflect.TypeFor[schema.RateLimitWindow]())
		return
	}
	if want == cue.BottomKind {
		switch typ.Kind() {
		case reflect.String:
			want = cue.StringKind
		case reflect.Bool:
			want = cue.BoolKind
		case reflect.Int:
			want = cue.IntKind
		case reflect.Float64:
			want = cue.NumberKind
		case reflect.Slice:
			want = cue.ListKind
		case reflect.Map, reflect.Struct:
			want = cue.StructKind
		}
	}
	if got := v.IncompleteKind(); got != want {
		t.Errorf("%s: the definition takes %v, the type %v", path, got, typ)
		return
	}
	switch typ.Kind() {
	case reflect.Slice:
		agree(t, path.Join("*"), v.LookupPath(cue.MakePath(cue.AnyIndex)), typ.Elem())
	case reflect.Map:
		fields, rest := members(t, v)
		if len(fields) > 0 || rest == nil {
			t.Errorf("%s: a map in Go, but the definition has the fields %v", path, slices.Sorted(maps.Keys(fields)))
			return
		}
		agree(t, path.Join("*"), *rest, typ.Elem())
	case reflect.Struct:
		fields, rest := members(t, v)
		if rest != nil {
			t.Errorf("%s: the definition takes any field, the type %v does not", path, typ)
		}
		types := goFields(typ)
		for name, field := range fields {
			if types[name] == nil {
				t.Errorf("%s: the definition has the field, the type %v has not", path.Join(name), typ)
				continue
			}
			agree(t, path.Join(name), field, types[name])
		}
		for name := range types {
			if !fields[name].Exists() {
				t.Errorf("%s: the type %v has the field, the definition has not", path.Join(name), typ)
			}
		}
	}
}

// What Resolve fills in is what the definitions state, and nothing else.
func TestDefaultsAreThoseThatTheDefinitionsState(t *testing.T) {
	def := definition(t)
	skeleton, err := json.Marshal(empty(t, def))
	if err != nil {
		t.Fatal(err)
	}
	g, err := schema.Decode(skeleton)
	if err != nil {
		t.Fatal(err)
	}
	data, err := g.Resolve().Encode()
	if err != nil {
		t.Fatal(err)
	}
	var resolved any
	if err := json.Unmarshal(data, &resolved); err != nil {
		t.Fatal(err)
	}
	stated := 0
	filters := goFields(reflect.TypeFor[schema.Filters]())
	var compare func(path schema.Path, v cue.Value, got any)
	compare = func(path schema.Path, v cue.Value, got any) {
		fields, rest := members(t, v)
		if rest != nil {
			fields["x"] = *rest
		}
		have, _ := got.(map[string]any)
		for name, field := range fields {
			at := path.Join(name)
			if names := at.Names(); filters[name] != nil && (len(names) == 1 || len(names) == 3 && names[0] == "apis") {
				continue // handed down to the routes
			}
			if at == "tests" {
				continue // left out
			}
			if field.IncompleteKind() == cue.StructKind {
				compare(at, field, have[name])
				continue
			}
			want := ""
			if a := field.Attribute("gwc"); a.Err() == nil {
				text, found, err := a.Lookup(0, "default")
				if err != nil || !found {
					t.Errorf("%s: the attribute states no default", at)
				}
				want = text
				stated++
			}
			if got := spelled(have[name]); got != strings.ReplaceAll(want, " ", "") && !(name == "scope" && got == "route") {
				t.Errorf("%s: Resolve fills in %s, the definition states %q", at, got, want)
			}
		}
	}
	compare("", def, resolved)
	if stated < 20 {
		t.Errorf("only %d defaults were compared", stated)
	}
}

// empty returns a value of v with every struct there, every map holding one entry, and nothing else.
func empty(t *testing.T, v cue.Value) map[string]any {
	out := map[string]any{}
	fields, rest := members(t, v)
	if rest != nil {
		fields["x"] = *rest
	}
	for name, field := range fields {
		if field.IncompleteKind() == cue.StructKind {
			out[name] = empty(t, field)
		}
	}
	return out
}

// spelled returns a JSON value as an attribute spells it, and "" for what is not set.
func spelled(v any) string {
	switch v := v.(type) {
	case nil, bool:
		return ""
	case string:
		if v == "0s" {
			return ""
		}
		return v
	case float64:
		if v == 0 {
			return ""
		}
		return fmt.Sprint(v)
	default:
		data, _ := json.Marshal(v)
		return string(data)
	}
}
