package compiler

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// A side is what one expression of the user's says about a place.
type side struct {
	value cue.Value
	node  ast.Node
	dir   string
}

// sides returns what the user's expressions say about v, each on its own.
func (w *walker) sides(v cue.Value) []side {
	all := []cue.Value{v}
	if op, operands := v.Expr(); op == cue.AndOp {
		all = operands
	}
	var out []side
	for _, value := range all {
		node := value.Source()
		if f, ok := node.(*ast.Field); ok {
			node = f.Value
		}
		if node == nil {
			continue
		}
		if name, ok := w.pkg.module.relative(node.Pos().Filename()); ok {
			out = append(out, side{value, node, path.Dir(name)})
		}
	}
	return out
}

// refines reports whether b is in a file that is shared between a's directory and others.
func (a side) refines(b side) bool { return a.dir != b.dir && isBelow(a.dir, b.dir) }

func isBelow(dir, above string) bool {
	return dir == above || above == "." || strings.HasPrefix(dir, above+"/")
}

// before reports whether a is the one of two conflicting sides to begin with: the more specific, that of the
// environment rather than of a package it imports, and of equals the last.
func (w *walker) before(a, b side) bool {
	own := func(s side) bool { return isBelow(w.pkg.module.dir, s.dir) }
	switch {
	case own(a) != own(b):
		return own(a)
	case a.refines(b) || b.refines(a):
		return a.refines(b)
	default:
		return a.node.Pos().Compare(b.node.Pos()) > 0
	}
}

// conflicting returns two sides that cannot both hold, the more specific first.
func (w *walker) conflicting(sides []side, conflict func(a, b cue.Value) bool) (a, b side, ok bool) {
	for i, a := range sides {
		for _, b := range sides[i+1:] {
			if a.node.Pos() == b.node.Pos() || !conflict(a.value, b.value) {
				continue
			}
			if w.before(b, a) {
				a, b = b, a
			}
			return a, b, true
		}
	}
	return a, b, false
}

// conflict reports two places of the user's that say different things.
func (w *walker) conflict(path schema.Path, s *member, a, b side) {
	f := fault{Finding: diag.Finding{
		Code: codeConflict, Severity: diag.Error, Path: path,
		Position: w.pkg.module.position(a.node.Pos()),
		Message:  fmt.Sprintf("%s: conflicting values %s and %s", last(path), text(a), text(b)),
		Hint:     "CUE does not override: leave one of the two out",
		Related: []diag.Related{{
			Position: w.pkg.module.position(b.node.Pos()),
			Message:  text(b) + " is written here",
		}},
	}, blame: []ast.Node{a.node, b.node}}
	if s.sensitive() {
		f.Message, f.Related[0].Message = last(path)+": conflicting values", "the other value is written here"
	} else if _, open := b.value.Default(); open && a.refines(b) && !b.value.IsConcrete() {
		f.Hint = fmt.Sprintf("the shared file allows %s here: write such a value, or let it allow more", text(b))
	} else if a.refines(b) {
		typ, value := typeOf(b.value), text(b)
		if names := path.Names(); names[len(names)-1] != last(path) { // an element of a list
			typ, value = "[..."+typ+"]", "[…]"
		}
		f.Hint = fmt.Sprintf("CUE does not override: the shared file must give a default for an environment to refine, %s: *%s | %s",
			label(last(path)), value, typ)
	}
	w.add(f)
}

// last returns the name of the field that path is at, or in whose list.
func last(path schema.Path) string {
	names := path.Names()
	for len(names) > 1 {
		if _, err := strconv.Atoi(names[len(names)-1]); err != nil {
			break
		}
		names = names[:len(names)-1]
	}
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// label returns a name as a field's label is written.
func label(name string) string {
	if ast.StringLabelNeedsQuoting(name) {
		return fmt.Sprintf("%q", name)
	}
	return name
}

// typeOf names the type that a default stands for.
func typeOf(v cue.Value) string {
	switch v.IncompleteKind() {
	case cue.ListKind:
		return "[...]"
	case cue.StructKind:
		return "{...}"
	case cue.FloatKind:
		return "number"
	default:
		return v.IncompleteKind().String()
	}
}

// marks are the attributes that origins are found by: they are gwc's, and no part of what the user wrote.
var marks = regexp.MustCompile(`@` + originAttr + `\([0-9]+\)`)

// text returns what a side says as it is to be read: its value where it has one, else its source.
func text(s side) string {
	out := ""
	if str, err := s.value.String(); err == nil {
		out = strconv.Quote(str)
	} else {
		node := s.node
		if s.value.IsConcrete() {
			node = s.value.Syntax(cue.Final())
		}
		b, err := format.Node(node)
		if err != nil {
			return "the value"
		}
		out = strings.Join(strings.Fields(marks.ReplaceAllString(string(b), "")), " ")
	}
	const most = 60
	if r := []rune(out); len(r) > most {
		out = string(r[:most]) + "…"
	}
	return out
}
