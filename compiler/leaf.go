package compiler

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/nearest"
	"gwc.dev/schema"
)

// leaf looks at a place that has nothing below it, or should not have.
func (w *walker) leaf(v cue.Value, path schema.Path, s *member, fields []origin) {
	sides := func() []side { return w.sides(v) }
	if err := v.Err(); err == nil {
		if d, _ := v.Default(); !d.IsConcrete() {
			w.incomplete(sides(), path, s, fields)
		}
		return
	}
	all := sides()
	for _, side := range all {
		if side.value.Err() != nil {
			w.broken(side.value, path, s, fields)
			return
		}
	}
	if a, b, ok := w.conflicting(all, func(a, b cue.Value) bool { return a.Unify(b).Err() != nil }); ok {
		w.conflict(path, s, a, b)
		return
	}
	for _, side := range all {
		if side.value.IsConcrete() {
			w.refused(path, s, side)
			return
		}
	}
	w.broken(v, path, s, fields)
}

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

// refused reports a value that the schema does not take.
func (w *walker) refused(path schema.Path, s *member, side side) {
	f := fault{Finding: diag.Finding{
		Code: codeValue, Severity: diag.Error, Path: path,
		Position: w.pkg.module.position(side.node.Pos()),
	}, blame: []ast.Node{side.node}}
	kind, want, got := side.value.IncompleteKind(), s.want(), text(side)
	switch {
	case kind&s.kinds() == 0:
		f.Code = codeType
		got = withType(kind, got)
		if s.isStruct() {
			want = "a struct"
		}
		if kind == cue.StringKind && s.elem != nil {
			f.Hint = "write a list: [" + text(side) + "]"
		}
	case kind&cue.NumberKind != 0 && len(s.literals()) < 2:
		f.Code = codeBound
	case kind == cue.StringKind:
		var known []string
		for _, lit := range s.literals() {
			known = append(known, unquote(lit))
		}
		str, _ := side.value.String()
		if guess := nearest.To(str, known); guess != "" {
			f.Hint = fmt.Sprintf("did you mean %q?", guess)
		}
	}
	f.Message = fmt.Sprintf("%s: want %s, not %s", last(path), want, got)
	if s.sensitive() {
		f.Message = fmt.Sprintf("%s: want %s", last(path), want)
	}
	w.add(f)
}

func withType(k cue.Kind, text string) string {
	switch k {
	case cue.NullKind:
		return "null"
	case cue.StringKind:
		return "the string " + text
	case cue.IntKind, cue.FloatKind:
		return "the number " + text
	case cue.ListKind:
		return "a list"
	case cue.StructKind:
		return "a struct"
	default:
		return text
	}
}

// incomplete reports a place that has no concrete value.
func (w *walker) incomplete(sides []side, path schema.Path, s *member, fields []origin) {
	f, ok := best(fields)
	if !ok || w.pkg.patched {
		return
	}
	if a, b, ok := w.conflicting(sides, differentDefaults); ok {
		w.conflict(path, s, a, b)
		f := &w.faults[len(w.faults)-1]
		f.Message = last(path) + ": two defaults, and so none"
		f.Hint = "leave the mark * to one of the two; what refines a default is written without it"
		f.Related[0].Message = "the other default is written here"
		return
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeIncomplete, Severity: diag.Error, Path: path,
		Position: w.pkg.origins.position(f),
		Message:  last(path) + " has no value",
		Hint:     "set it to " + s.want(),
	}, blame: nodes(fields)})
}

func differentDefaults(a, b cue.Value) bool {
	x, ok1 := a.Default()
	y, ok2 := b.Default()
	return ok1 && ok2 && x.IsConcrete() && y.IsConcrete() && !x.Equals(y)
}

// broken reports an expression that is an error in itself.
func (w *walker) broken(v cue.Value, path schema.Path, s *member, fields []origin) {
	for _, e := range cueerrors.Errors(v.Err()) {
		format, _ := e.Msg()
		if format == notAllowed || strings.HasPrefix(format, emptyDisjunction) {
			continue
		}
		f := describe(e)
		if f.Code == codeIncomplete && w.pkg.patched {
			return
		}
		f.Path, f.blame = path, nodes(fields)
		positions := cueerrors.Positions(e)
		f.Position = w.pkg.module.userPosition(positions...)
		if o, ok := best(fields); ok && (f.Position.File == "" || !slices.ContainsFunc(positions, f.blames)) {
			f.Position = w.pkg.origins.position(o)
		}
		if f.Hint == "" {
			f.Hint = "want " + s.want()
		}
		if s.sensitive() {
			f.Message = "the value cannot be evaluated"
		}
		w.add(f)
		return
	}
}

// How CUE begins the messages that need a treatment of their own. They are all that its errors give away of
// their sort.
const (
	emptyDisjunction = "%d errors in empty disjunction"
	notAllowed       = "field not allowed"
)

// describe says in a fault what an error of CUE's says.
func describe(e cueerrors.Error) fault {
	format, args := e.Msg()
	msg := fmt.Sprintf(format, args...)
	if cause := cueerrors.Unwrap(e); cause != nil {
		msg += ": " + cause.Error()
	}
	f := fault{Finding: diag.Finding{Code: codeValue, Severity: diag.Error, Message: clean(msg)}}
	begins := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(format, p) })
	}
	arg := func(i int) string {
		if i >= len(args) {
			return ""
		}
		name, _, _ := strings.Cut(fmt.Sprint(args[i]), "(") // CUE puts the package behind a name
		return name
	}
	switch {
	case begins("conflicting values %s and %s (mismatched types"), begins("cannot use", "invalid operands"):
		f.Code = codeType
	case begins("conflicting values"):
		f.Code = codeConflict
		f.Hint = "CUE does not override: leave one of the two out"
	case begins("reference"):
		f.Code = codeReference
	case begins("undefined field"):
		f.Code = codeReference
		f.Message = fmt.Sprintf("there is no field %q to refer to", arg(0))
	case begins("structural cycle"):
		f.Code = codeCycle
		f.Message = "the value contains itself"
		f.Hint = "make the field that closes the circle optional"
	case begins("cycle", "cyclic"):
		f.Code = codeCycle
		f.Message = fmt.Sprintf("the value depends on %s, which depends on the value", arg(0))
		f.Hint = "give one of the two a value of its own"
	case begins("cannot call non-function"):
		f.Code = codeReference
		f.Message = arg(0) + " is no function"
	case begins("invalid interpolation"):
		f.Code = codeIncomplete
		f.Message = "the text takes in a value that is not set"
	case begins("incomplete", "non-concrete", "field is required", "unresolved disjunction"), strings.Contains(format, "non-concrete"):
		f.Code = codeIncomplete
	case begins("explicit error"):
		f.Message = "the definition itself says that this is an error (_|_)"
		f.Hint = "look at the conditions that lead here"
	}
	return f
}

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
		out = strings.Join(strings.Fields(string(b)), " ")
	}
	const most = 60
	if r := []rune(out); len(r) > most {
		out = string(r[:most]) + "…"
	}
	return out
}

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
