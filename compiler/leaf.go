package compiler

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"

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
	} else if at, ok := whereNotAllowed(err); ok {
		if slices.Contains(at, path) {
			w.closed(path, fields)
		}
		return // what another place does not let in is reported there
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

// whereNotAllowed returns the fields that CUE refuses because something that their structs are made of is closed.
func whereNotAllowed(err error) (at []schema.Path, ok bool) {
	for _, e := range cueerrors.Errors(err) {
		if format, _ := e.Msg(); format == notAllowed {
			at = append(at, modelPath(e.Path()))
		}
	}
	return at, len(at) > 0
}

// closed reports a field that the schema knows and that a definition of the user's does not let in.
func (w *walker) closed(path schema.Path, fields []origin) {
	f, ok := best(fields)
	if !ok {
		return
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeUnknownField, Severity: diag.Error, Path: path,
		Position: w.pkg.origins.position(f),
		Message:  fmt.Sprintf("field %q is not in a definition of yours that this is made of", last(path)),
		Hint:     "a definition (#name) lets no other fields in: add the field to it, end it with ..., or embed the schema's",
	}, blame: nodes(fields)})
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
			f.Hint = s.takes()
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
	for _, side := range sides {
		if d, ok := side.value.Default(); ok && d.IsConcrete() { // the default is what the schema does not take
			side.value = d
			w.refused(path, s, side)
			return
		}
	}
	for _, side := range sides {
		if field, ok := circle(side.value); ok {
			w.add(fault{Finding: diag.Finding{
				Code: codeCycle, Severity: diag.Error, Path: path,
				Position: w.pkg.origins.position(f),
				Message:  fmt.Sprintf("the value depends on %s, which depends on itself", field),
				Hint:     "give one of the fields on the way a value of its own",
			}, blame: nodes(fields)})
			return
		}
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
		switch {
		case w.pkg.patched && (f.Code == codeIncomplete || strings.HasPrefix(f.Message, "_")):
			return // a consequence of the patch
		case f.Code != codeIncomplete && f.Code != codeCycle && isOwn(e.Path()):
			return // the mistake is in a hidden field or a definition, and is reported there
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

// isOwn reports whether a path of CUE's leads into a hidden field or a definition of the user's.
func isOwn(path []string) bool {
	return len(path) > 0 && (strings.HasPrefix(path[0], "_") || strings.HasPrefix(path[0], "#"))
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
