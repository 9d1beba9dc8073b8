package formats_test

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

// A function is one of ours; receiver is the name of its type, if it is a method.
type function struct{ pkg, receiver, name string }

// encoders are the functions that print what a schema is of.
var encoders = map[string]function{
	"diff":    {"gwc.dev/compiler/behaviour", "", "writeJSON"},
	"explain": {"gwc.dev/compiler/explain", "Explanation", "Write"},
	"inspect": {"gwc.dev/cmd/gwc", "app", "printBundle"},
	"test":    {"gwc.dev/cmd/gwc", "app", "printTestsJSON"},
	"verify":  {"gwc.dev/cmd/gwc", "verification", "write"},
	"vet":     {"gwc.dev/compiler/diag", "", "writeJSON"},
}

// TestSchemasSayWhatTheTypesSay holds each schema to the Go type that is encoded: the same fields, of the same types,
// and required where they are never left out.
func TestSchemasSayWhatTheTypesSay(t *testing.T) {
	source := load(t)
	for name, encoder := range encoders {
		t.Run(name, func(t *testing.T) {
			schema := published(t, name)
			c := comparison{t, source, usage{schema: schema}, map[string]bool{}}
			c.compare("", schema, source.encoded(t, encoder))
		})
	}
}

// A source is our packages that print JSON, with their syntax.
type source []*packages.Package

func load(t *testing.T) source {
	t.Helper()
	config := packages.Config{Dir: root, Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
		packages.NeedImports | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedExportFile}
	pkgs, err := packages.Load(&config, "./cmd/gwc", "./compiler/behaviour", "./compiler/diag", "./compiler/explain")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		for _, err := range p.Errors {
			t.Fatalf("%s: %v", p.PkgPath, err)
		}
	}
	return pkgs
}

// encoded returns the type of what a function passes to an encoder of JSON.
func (s source) encoded(t *testing.T, by function) types.Type {
	t.Helper()
	for _, p := range s {
		for _, file := range p.Syntax {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || by != (function{p.PkgPath, receiverOf(f), f.Name.Name}) {
					continue
				}
				if value := encodedIn(f); value != nil {
					return p.TypesInfo.TypeOf(value)
				}
			}
		}
	}
	t.Fatalf("%v encodes nothing as JSON", by)
	return nil
}

// encodedIn returns what a function passes to an encoder of JSON.
func encodedIn(f *ast.FuncDecl) (value ast.Expr) {
	encoders := []string{"Encode", "EncodeJSON", "Marshal"}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 && slices.Contains(encoders, callee(call)) {
			value = call.Args[len(call.Args)-1]
		}
		return true
	})
	return value
}

func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	return strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")
}

func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// A comparison walks a schema and a type together.
type comparison struct {
	*testing.T
	source source
	usage  usage
	done   map[string]bool
}

func (c comparison) compare(place string, s node, of types.Type) {
	place, s = c.usage.follow(place, s)
	if p, ok := of.(*types.Pointer); ok {
		of = p.Elem()
	}
	key := place + " " + of.String()
	if strings.HasPrefix(place, "#") && c.done[key] {
		return
	}
	c.done[key] = true
	if named, ok := of.(*types.Named); ok {
		switch {
		case named.String() == "time.Time":
			c.kind(place, s, "string", of)
			return
		case has(named, "MarshalJSON"):
			c.compare(place, s, c.source.encoded(c.T, function{named.Obj().Pkg().Path(), named.Obj().Name(), "MarshalJSON"}))
			return
		case has(named, "MarshalText"):
			c.kind(place, s, "string", of)
			return
		}
	}
	switch under := of.Underlying().(type) {
	case *types.Struct:
		c.object(place, s, fieldsOf(under))
	case *types.Slice:
		c.kind(place, s, "array", of)
		c.compare(place+"[]", object(s["items"]), under.Elem())
	case *types.Basic:
		switch info := under.Info(); {
		case info&types.IsString != 0:
			c.kind(place, s, "string", of)
		case info&types.IsInteger != 0:
			c.kind(place, s, "integer", of)
		case info&types.IsFloat != 0:
			c.kind(place, s, "number", of)
		case info&types.IsBoolean != 0:
			c.kind(place, s, "boolean", of)
		}
	default:
		c.Errorf("%s is of type %s", place, of)
	}
}

func has(named *types.Named, method string) bool {
	found, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), method)
	_, ok := found.(*types.Func)
	return ok
}

// kind checks the JSON type that a schema allows; an enumeration is of strings.
func (c comparison) kind(place string, s node, want string, of types.Type) {
	got := fmt.Sprint(s["type"])
	if _, ok := s["enum"]; ok {
		got = "string"
	}
	if got != want && got != "["+want+" null]" {
		c.Errorf("%s is %s in the schema, and a %s", place, got, of)
	}
}

// A field is one of an object; optional: it may be left out.
type field struct {
	of       types.Type
	optional bool
}

func (c comparison) object(place string, s node, fields map[string]field) {
	properties := object(s["properties"])
	if diff := cmp.Diff(slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(properties))); diff != "" {
		c.Errorf("%s: fields (-of the type +of the schema):\n%s", place, diff)
		return
	}
	var always, required []string
	for name, f := range fields {
		if !f.optional {
			always = append(always, name)
		}
		c.compare(place+"."+name, object(properties[name]), f.of)
	}
	for _, name := range s["required"].([]any) {
		required = append(required, name.(string))
	}
	slices.Sort(always)
	slices.Sort(required)
	if diff := cmp.Diff(always, required); diff != "" {
		c.Errorf("%s: required (-by the type +by the schema):\n%s", place, diff)
	}
}

// fieldsOf returns the fields that encoding/json writes of a struct, of which those of an embedded one are hidden by
// its own.
func fieldsOf(s *types.Struct) map[string]field {
	out := map[string]field{}
	for _, embedded := range []bool{true, false} {
		for i := range s.NumFields() {
			f := s.Field(i)
			name, options, _ := strings.Cut(reflect.StructTag(s.Tag(i)).Get("json"), ",")
			switch {
			case f.Embedded() != embedded || name == "-" || !f.Embedded() && !f.Exported():
			case embedded:
				of := f.Type()
				if p, ok := of.(*types.Pointer); ok {
					of = p.Elem()
				}
				maps.Copy(out, fieldsOf(of.Underlying().(*types.Struct)))
			default:
				out[name] = field{f.Type(), strings.HasPrefix(options, "omit")}
			}
		}
	}
	return out
}
