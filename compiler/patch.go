package compiler

import (
	"slices"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// patch changes the package so that it compiles in spite of errors, once they are reported, and the rest can
// be looked at: "_", any value, takes the place of references that lead nowhere, and names that nothing
// refers to are taken away.
func (p *pkg) patch(err error) {
	bad := map[token.Pos]bool{}
	for _, e := range cueerrors.Errors(err) {
		bad[e.Position()] = true
	}
	p.patched = true
	for _, inst := range p.instances() {
		inst.Err, inst.ResolutionErr = nil, nil
		for _, file := range inst.Files {
			file.Decls = withoutLets(file.Decls, bad)
			ast.Walk(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.StructLit:
					n.Elts = withoutLets(n.Elts, bad)
				case *ast.Field:
					if alias, ok := n.Label.(*ast.Alias); ok && bad[alias.Pos()] {
						if label, ok := alias.Expr.(ast.Label); ok {
							n.Label = label
						}
					}
				case *ast.Ident:
					if bad[n.Pos()] {
						n.Name, n.Node, n.Scope = "_", nil, nil
					}
				}
				return true
			}, nil)
		}
	}
}

func withoutLets(decls []ast.Decl, bad map[token.Pos]bool) []ast.Decl {
	return slices.DeleteFunc(decls, func(d ast.Decl) bool {
		let, ok := d.(*ast.LetClause)
		return ok && bad[let.Pos()]
	})
}
