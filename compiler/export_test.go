package compiler

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// Undescribed returns the regular expressions of the schema that have no words.
func Undescribed() ([]string, error) {
	d, err := newDefinition()
	if err != nil {
		return nil, err
	}
	var out []string
	for name, x := range d.exprs {
		if called(name) != "" {
			continue
		}
		ast.Walk(x, func(n ast.Node) bool {
			if u, ok := n.(*ast.UnaryExpr); ok && u.Op == token.MAT {
				if lit, ok := u.X.(*ast.BasicLit); ok && patterned(unquote(lit.Value)) == "" {
					out = append(out, lit.Value)
				}
			}
			return true
		}, nil)
	}
	return out, nil
}
