package compiler

import (
	"cmp"
	"math"

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

// Whole makes Load evaluate environments at once, however large they are.
func Whole(o Options) Options {
	o.partition.from = math.MaxInt
	return o
}

// InParts makes Load evaluate environments in parts that are as small as they can be.
func InParts(o Options) Options {
	o.partition = partition{from: 1, size: 1}
	return o
}

// Parts returns how many parts Load evaluates an environment in; 0 says at once.
func Parts(dir string, o Options) (int, error) {
	m, err := openModule(dir, o.Base)
	if err != nil {
		return 0, err
	}
	p, faults, err := m.load()
	if err != nil || len(faults) > 0 || p.partitioned(o.partition) == nil {
		return 0, err
	}
	c, _ := p.cut()
	return len(c.parts(cmp.Or(o.partition.size, partitionSize))), nil
}
