package compiler

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
)

// A reference is a field that an expression refers to.
type reference struct {
	inst *build.Instance
	path string
}

// circle follows what a value refers to, field by field, and returns the path of the first field that refers
// to itself that way. To CUE such fields are not in error: any value satisfies them.
func circle(v cue.Value) (path string, ok bool) {
	const on, done = 1, 2
	state := map[reference]int{}
	var follow func(v cue.Value) (string, bool)
	follow = func(v cue.Value) (string, bool) {
		if op, operands := v.Expr(); op == cue.AndOp {
			for _, x := range operands {
				if path, ok := follow(x); ok {
					return path, true
				}
			}
			return "", false
		}
		root, to := v.ReferencePath()
		ref := reference{root.BuildInstance(), to.String()}
		if ref.path == "" || state[ref] != 0 {
			return ref.path, state[ref] == on
		}
		state[ref] = on
		path, ok := follow(root.LookupPath(to))
		state[ref] = done
		return path, ok
	}
	return follow(v)
}
