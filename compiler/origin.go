package compiler

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"gwc.dev/compiler/diag"
)

// origins know which fields of the user's files have part in a value.
//
// CUE's API tells where a value comes from only where it has one source: of a value that a shared file, a
// template and an environment make together, the position it gives may be any of theirs or the schema's. But
// it hands through, and keeps apart, the attributes of every field that has part in a value, through
// references, templates and comprehensions alike. So each field of the user's gets an attribute with a
// number, and the numbers that a value carries lead back to the fields. Attributes mean nothing to
// evaluation, and they are added to the syntax tree only.
type origins struct {
	module *module
	fields []origin
}

// An origin is one field in a file of the user's.
type origin struct {
	field *ast.Field
	// dir is how deep the file's directory is. The deeper, the more specific: an environment refines what
	// the files above it say, and all of them refine what they import.
	dir int
	// general is how many places the field may stand for: it and all above it are named, one of them has a
	// computed name or a condition, or one of them is a pattern.
	general generality
}

type generality int

const (
	named generality = iota
	computed
	pattern
)

const originAttr = "gwc_origin"

func newOrigins(m *module, own *build.Instance, insts []*build.Instance) *origins {
	o := &origins{module: m}
	for _, inst := range insts {
		for _, file := range inst.Files {
			dir := -1
			if inst == own {
				dir = strings.Count(file.Filename, string(filepath.Separator))
			}
			o.mark(file, dir)
		}
	}
	return o
}

func (o *origins) mark(file *ast.File, dir int) {
	var inside [pattern + 1]int // how many nodes of each generality are open
	ast.Walk(file, func(n ast.Node) bool {
		inside[generalityOf(n)]++
		if f, ok := n.(*ast.Field); ok {
			general := pattern
			for general > named && inside[general] == 0 {
				general--
			}
			f.Attrs = append(f.Attrs, &ast.Attribute{Text: "@" + originAttr + "(" + strconv.Itoa(len(o.fields)) + ")"})
			o.fields = append(o.fields, origin{field: f, dir: dir, general: general})
		}
		return true
	}, func(n ast.Node) { inside[generalityOf(n)]-- })
}

func generalityOf(n ast.Node) generality {
	switch n := n.(type) {
	case *ast.Comprehension:
		return computed
	case *ast.Field:
		if _, ok := n.Label.(*ast.ListLit); ok {
			return pattern
		}
		if _, _, err := ast.LabelName(n.Label); err != nil {
			return computed
		}
	}
	return named
}

// of returns the fields that have part in v.
func (o *origins) of(v cue.Value) []origin {
	var out []origin
	for _, a := range v.Attributes(cue.FieldAttr) {
		if a.Name() != originAttr {
			continue
		}
		if i, err := a.Int(0); err == nil && i >= 0 && i < int64(len(o.fields)) {
			out = append(out, o.fields[i])
		}
	}
	return out
}

// position returns where the field's name stands.
func (o *origins) position(f origin) diag.Position { return o.module.position(f.field.Label.Pos()) }

// best returns the most specific of some fields: the one in the deepest directory, there the one that stands
// for the fewest places, and of those the first.
func best(fields []origin) (origin, bool) {
	if len(fields) == 0 {
		return origin{}, false
	}
	return slices.MinFunc(fields, func(a, b origin) int {
		return cmp.Or(cmp.Compare(b.dir, a.dir), cmp.Compare(a.general, b.general), a.field.Label.Pos().Compare(b.field.Label.Pos()))
	}), true
}
