package compiler

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	v1 "gwc.dev/schema/v1"
)

// A definition is the schema as a tree of shapes, read from its files: which fields a place takes and, in
// words, what it wants. Evaluation decides whether a value fits; a definition explains why it does not.
type definition struct {
	exprs  map[string]ast.Expr // "#Gateway" and its like
	shapes map[ast.Expr]*shape
	root   *shape
}

// A shape is what the schema says of one place.
type shape struct {
	// fields are the names that the place takes.
	fields map[string]*member
	// each is what the place takes under other names, which names constrains; nil where it takes none.
	each  *shape
	names *shape
	// named reports whether a name satisfies names.
	named func(string) bool
	// open says that any further field is taken.
	open bool
	// elem is what the elements of a list are; nil where the place takes no list.
	elem *shape
	// scalar says that the place takes a value that is neither struct nor list.
	scalar bool
	expr   ast.Expr
	def    *definition
}

// A member is a field of a shape.
type member struct {
	*shape
	required bool
}

func newDefinition() (*definition, error) {
	d := &definition{exprs: map[string]ast.Expr{}, shapes: map[ast.Expr]*shape{}}
	var errs []error
	err := eachSchemaFile(func(name string, data []byte) {
		file, err := parser.ParseFile(path.Join(v1.ImportPath, name), data)
		if err != nil {
			errs = append(errs, err)
			return
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.Field); ok {
				if name, _, err := ast.LabelName(f.Label); err == nil {
					d.exprs[name] = f.Value
				}
			}
		}
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	gateway := d.exprs["#Gateway"]
	if gateway == nil {
		return nil, errors.New("reading the schema: no #Gateway")
	}
	d.root = d.shape(gateway)
	return d, nil
}

// shape returns what x says; the same expression has the same shape, so that recursive definitions end.
func (d *definition) shape(x ast.Expr) *shape {
	if s := d.shapes[x]; s != nil {
		return s
	}
	s := &shape{expr: x, def: d, fields: map[string]*member{}}
	d.shapes[x] = s
	d.extend(s, x)
	return s
}

func (d *definition) extend(s *shape, x ast.Expr) {
	switch x := x.(type) {
	case *ast.ParenExpr:
		d.extend(s, x.X)
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			d.extend(s, x.X)
			return
		}
		s.scalar = true
	case *ast.BinaryExpr:
		d.extend(s, x.X)
		d.extend(s, x.Y)
	case *ast.Ident:
		if def := d.exprs[x.Name]; def != nil {
			d.extend(s, def)
			return
		}
		s.scalar = true
	case *ast.ListLit:
		for _, e := range x.Elts {
			if rest, ok := e.(*ast.Ellipsis); ok && rest.Type != nil {
				s.elem = d.shape(rest.Type)
			} else if !ok && s.elem == nil {
				s.elem = d.shape(e)
			}
		}
	case *ast.StructLit:
		d.extendStruct(s, x)
	default:
		s.scalar = true
	}
}

func (d *definition) extendStruct(s *shape, x *ast.StructLit) {
	for _, decl := range x.Elts {
		switch decl := decl.(type) {
		case *ast.Ellipsis:
			s.open = true
		case *ast.EmbedDecl:
			d.extend(s, decl.Expr)
		case *ast.Field:
			if pattern, ok := decl.Label.(*ast.ListLit); ok && len(pattern.Elts) == 1 {
				s.names, s.each = d.shape(pattern.Elts[0]), d.shape(decl.Value)
				s.named = d.predicate(pattern.Elts[0])
				continue
			}
			if name, _, err := ast.LabelName(decl.Label); err == nil {
				s.fields[name] = &member{shape: d.shape(decl.Value), required: decl.Constraint == token.NOT}
			}
		}
	}
}

// field returns what the place takes under a name, and nil where it does not take it.
func (s *shape) field(name string) *shape {
	if m := s.fields[name]; m != nil {
		return m.shape
	}
	return s.each
}

// isStruct reports whether the place takes a struct.
func (s *shape) isStruct() bool { return len(s.fields) > 0 || s.each != nil || s.open }

// needs returns the names of the fields that must be there.
func (s *shape) needs() []string {
	var names []string
	for _, name := range sortedKeys(s.fields) {
		if s.fields[name].required {
			names = append(names, name)
		}
	}
	return names
}

// literals returns the values of a disjunction that can be spelled out, as they are written.
func (s *shape) literals() []string {
	var out []string
	for _, x := range s.def.alternatives(s.expr) {
		if lit, ok := x.(*ast.BasicLit); ok {
			out = append(out, lit.Value)
		}
	}
	return out
}

// alternatives flattens a disjunction, through references and without marks of defaults.
func (d *definition) alternatives(x ast.Expr) []ast.Expr {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return d.alternatives(x.X)
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			return d.alternatives(x.X)
		}
	case *ast.Ident:
		if def := d.exprs[x.Name]; def != nil {
			if alts := d.alternatives(def); len(alts) > 1 {
				return alts
			}
		}
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			return append(d.alternatives(x.X), d.alternatives(x.Y)...)
		}
	}
	return []ast.Expr{x}
}

func unquote(lit string) string {
	if s, err := strconv.Unquote(lit); err == nil {
		return s
	}
	return lit
}

// predicate returns whether a string satisfies a constraint on names: a conjunction of patterns and of values
// that it must not be.
func (d *definition) predicate(x ast.Expr) func(string) bool {
	var all []func(string) bool
	for _, c := range conjuncts(x) {
		switch c := c.(type) {
		case *ast.Ident:
			if def := d.exprs[c.Name]; def != nil {
				all = append(all, d.predicate(def))
			}
		case *ast.UnaryExpr:
			lit, ok := c.X.(*ast.BasicLit)
			if !ok {
				continue
			}
			want := unquote(lit.Value)
			switch c.Op {
			case token.NEQ:
				all = append(all, func(s string) bool { return s != want })
			case token.MAT:
				if re, err := regexp.Compile(want); err == nil {
					all = append(all, re.MatchString)
				}
			}
		}
	}
	return func(s string) bool {
		for _, ok := range all {
			if !ok(s) {
				return false
			}
		}
		return true
	}
}

// allNames returns the names of all fields of the schema.
func (d *definition) allNames() []string {
	names := map[string]bool{}
	for _, s := range d.shapes {
		for name := range s.fields {
			names[name] = true
		}
	}
	return sortedKeys(names)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
