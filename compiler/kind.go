package compiler

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// kinds are the kinds of value that the place takes.
func (s *shape) kinds() cue.Kind {
	var k cue.Kind
	if s.isStruct() {
		k |= cue.StructKind
	}
	if s.elem != nil {
		k |= cue.ListKind
	}
	if s.scalar {
		k |= s.def.scalarKinds(s.expr)
	}
	return k
}

func (d *definition) scalarKinds(x ast.Expr) cue.Kind {
	var kinds cue.Kind
	for _, alt := range d.alternatives(x) {
		k := cue.NullKind | cue.BoolKind | cue.StringKind | cue.NumberKind
		for _, c := range conjuncts(alt) {
			k &= d.scalarKind(c)
		}
		kinds |= k
	}
	return kinds
}

func (d *definition) scalarKind(x ast.Expr) cue.Kind {
	switch x := x.(type) {
	case *ast.Ident:
		switch x.Name {
		case "string":
			return cue.StringKind
		case "int":
			return cue.IntKind
		case "number":
			return cue.NumberKind
		case "bool":
			return cue.BoolKind
		}
		if def := d.exprs[x.Name]; def != nil {
			return d.scalarKinds(def)
		}
	case *ast.BasicLit:
		switch x.Kind {
		case token.STRING:
			return cue.StringKind
		case token.INT:
			return cue.IntKind
		case token.FLOAT:
			return cue.FloatKind
		case token.TRUE, token.FALSE:
			return cue.BoolKind
		}
	case *ast.UnaryExpr:
		switch k := d.scalarKind(x.X); {
		case x.Op == token.MAT:
			return cue.StringKind
		case k&cue.NumberKind != 0: // a bound, which says nothing about integers
			return cue.NumberKind
		default:
			return k
		}
	case *ast.CallExpr:
		return cue.StringKind
	}
	return cue.NullKind | cue.BoolKind | cue.StringKind | cue.NumberKind
}
