package compiler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/nearest"
	"gwc.dev/schema"
)

// A walker visits every place of an evaluated environment beside the shape that the schema gives it. It
// records where places are written, and it finds what is wrong: each place on its own, so that one mistake
// hides no other.
type walker struct {
	pkg       *pkg
	def       *definition
	positions map[schema.Path]diag.Position
	faults    []fault
}

func (w *walker) add(f ...fault) { w.faults = append(w.faults, f...) }

// gateway visits the environment and then reports what CUE finds wrong anywhere else: in hidden fields and
// in definitions.
func (w *walker) gateway(v cue.Value) {
	w.positions[""] = w.pkg.start()
	w.visit(v, "", &member{shape: w.def.root}, nil)
	for _, e := range cueerrors.Errors(v.Validate()) {
		w.elsewhere(e)
	}
}

// visit looks at the place at path, which the user's fields have part in; above are those that have part in
// the nearest place above it.
func (w *walker) visit(v cue.Value, path schema.Path, s *member, fields []origin) {
	kind := v.IncompleteKind()
	iter, err := v.Fields(cue.Optional(true))
	switch {
	case kind == cue.StructKind, kind == cue.BottomKind && err == nil && s.isStruct() && !isOwnError(v):
		if s.isStruct() {
			w.visitStruct(v, iter, path, s, fields)
			return
		}
	case kind == cue.ListKind, kind == cue.BottomKind && err == nil && s.elem != nil && !isOwnError(v):
		w.visitList(v, path, s, fields)
		return
	}
	w.leaf(v, path, s, fields)
}

// isOwnError reports whether a value that is an error is one itself, and not because of what is below it.
func isOwnError(v cue.Value) bool {
	it, err := v.Fields(cue.All())
	return err != nil || !it.Next()
}

func (w *walker) visitStruct(v cue.Value, iter *cue.Iterator, path schema.Path, s *member, above []origin) {
	present := map[string]bool{}
	nameless := false
	for iter.Next() {
		sel := iter.Selector()
		if sel.LabelType() != cue.StringLabel {
			continue
		}
		name := sel.Unquoted()
		at := path.Join(name)
		switch iter.FieldType() & (cue.OptionalConstraint | cue.RequiredConstraint) {
		case cue.OptionalConstraint:
			continue
		case cue.RequiredConstraint:
			if s.fields[name] == nil || !s.fields[name].required {
				present[name] = true
				w.missing(at, s.field(name), above)
			}
			continue
		}
		present[name] = true
		fields := w.pkg.origins.of(iter.Value())
		if len(fields) > 0 {
			f, _ := best(fields)
			w.positions[at] = w.pkg.origins.position(f)
		}
		within := fields
		if len(within) == 0 {
			within = above
		}
		switch next := s.fields[name]; {
		case next != nil:
			w.visit(iter.Value(), at, next, within)
		case s.each != nil && !s.named(name):
			w.badName(at, name, s, fields)
		case s.each != nil && s.each.fields[name] != nil && w.isScalar(iter.Value()):
			if !nameless {
				w.nameless(path, name, fields)
			}
			nameless = true
		case s.each != nil:
			w.visit(iter.Value(), at, &member{shape: s.each}, within)
		case !s.open:
			if guess := w.unknown(at, name, s, fields); guess != "" {
				present[guess] = true // only misspelt
			}
		}
	}
	for _, name := range s.needs() {
		if !present[name] {
			w.missing(path.Join(name), s.fields[name].shape, above)
		}
	}
}

func (w *walker) visitList(v cue.Value, path schema.Path, s *member, above []origin) {
	i := 0
	visit := func(e cue.Value) {
		at := path.Index(i)
		if pos := w.pkg.module.position(e.Pos()); pos.File != "" {
			w.positions[at] = pos
		}
		elem := &member{shape: s.elem}
		if s.elem == nil {
			elem = s
		}
		w.visit(e, at, elem, above)
		i++
	}
	if it, err := v.List(); err == nil {
		for it.Next() {
			visit(it.Value())
		}
		return
	}
	it, err := v.Fields()
	if err != nil {
		return
	}
	for it.Next() {
		if it.Selector().LabelType() == cue.IndexLabel {
			visit(it.Value())
		}
	}
}

// isScalar reports whether the user writes a value and no struct at a place.
func (w *walker) isScalar(v cue.Value) bool {
	return slices.ContainsFunc(w.sides(v), func(s side) bool { return s.value.IncompleteKind()&cue.StructKind == 0 })
}

// unknown reports a field that the schema does not know, and returns the one that it probably means.
func (w *walker) unknown(at schema.Path, name string, s *member, fields []origin) (guess string) {
	f, ok := best(fields)
	if !ok {
		return ""
	}
	hint := "remove it; known here are " + list(sortedKeys(s.fields), "and")
	if guess = nearest.To(name, sortedKeys(s.fields)); guess != "" {
		hint = fmt.Sprintf("did you mean %q?", guess)
	} else if len(at.Names()) == 1 {
		hint += "; a field of your own begins with _ or stands in a let clause"
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeUnknownField, Severity: diag.Error, Path: at,
		Position: w.pkg.origins.position(f),
		Message:  fmt.Sprintf("unknown field %q", name),
		Hint:     hint,
	}, blame: nodes(fields)})
	return guess
}

// nameless reports a field that stands directly in a struct whose fields the user names.
func (w *walker) nameless(path schema.Path, name string, fields []origin) {
	f, ok := best(fields)
	if !ok {
		return
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeType, Severity: diag.Error, Path: path,
		Position: w.pkg.origins.position(f),
		Message:  fmt.Sprintf("%s: %q stands where a name of your choice must", last(path), name),
		Hint:     fmt.Sprintf("put a name around it: %s: NAME: {%s: ...}", label(last(path)), label(name)),
	}, blame: nodes(fields)})
}

// badName reports a name that the schema does not take where names are the user's to choose.
func (w *walker) badName(at schema.Path, name string, s *member, fields []origin) {
	f, ok := best(fields)
	if !ok {
		return
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeValue, Severity: diag.Error, Path: at,
		Position: w.pkg.origins.position(f),
		Message:  fmt.Sprintf("%q cannot be a name here", name),
		Hint:     "want " + s.names.want(),
	}, blame: nodes(fields)})
}

// missing reports a field that must be there and is not.
func (w *walker) missing(at schema.Path, s *shape, above []origin) {
	names := at.Names()
	name := names[len(names)-1]
	pos := w.positions[""]
	if f, ok := best(above); ok {
		pos = w.pkg.origins.position(f)
	}
	hint := ""
	switch {
	case at == "environment":
		hint = fmt.Sprintf("add environment: %q", w.pkg.module.name)
	case s != nil:
		hint = fmt.Sprintf("add %s: %s", name, s.want())
	}
	where := "the environment"
	if p := at.Parent(); p != "" {
		where = string(p)
	}
	w.add(fault{Finding: diag.Finding{
		Code: codeMissingField, Severity: diag.Error, Path: at, Position: pos,
		Message: fmt.Sprintf("%s needs the field %q", where, name),
		Hint:    hint,
	}})
}

// elsewhere reports an error of CUE's that no fault covers.
func (w *walker) elsewhere(e cueerrors.Error) {
	format, _ := e.Msg()
	if strings.HasPrefix(format, emptyDisjunction) {
		return
	}
	positions := cueerrors.Positions(e)
	path := modelPath(e.Path())
	for i := range w.faults {
		f := &w.faults[i]
		if related(f.Path, path) || slices.ContainsFunc(positions, f.blames) {
			return
		}
	}
	f := describe(e)
	if w.pkg.patched && strings.HasPrefix(f.Message, "_") {
		return // a consequence of the patch
	}
	slices.SortStableFunc(positions, w.pkg.module.nearer)
	f.Path, f.Position = path, w.pkg.module.userPosition(positions...)
	if f.Position.File == "" {
		f.Position = w.nearestPosition(e.Path())
	}
	if strings.HasPrefix(format, "conflicting values") {
		w.relate(&f, positions)
	}
	if format == notAllowed && len(e.Path()) > 0 {
		name := unquote(e.Path()[len(e.Path())-1])
		f.Code, f.Message = codeUnknownField, fmt.Sprintf("unknown field %q", name)
		if guess := nearest.To(name, w.def.allNames()); guess != "" && len(name) > 3 { // of so many names one is near to any short one
			f.Hint = fmt.Sprintf("did you mean %q?", guess)
		}
	}
	w.add(f)
}

// relate makes a conflict of one that has several positions of the user's, and shows them.
func (w *walker) relate(f *fault, positions []token.Pos) {
	for _, p := range positions {
		at := w.pkg.module.position(p)
		if at.File == "" || at == f.Position {
			continue
		}
		f.Code = codeConflict
		f.Related = append(f.Related, diag.Related{Position: at, Message: "the other value is written here"})
	}
}

// nearestPosition returns where the nearest place at or above a path of CUE's is written.
func (w *walker) nearestPosition(names []string) diag.Position {
	for n := len(names); n > 0; n-- {
		for _, file := range w.pkg.inst.Files {
			if f := fieldAt(file.Decls, names[:n]); f != nil {
				return w.pkg.module.position(f.Label.Pos())
			}
		}
	}
	return w.positions[""]
}

func fieldAt(decls []ast.Decl, names []string) *ast.Field {
	for _, d := range decls {
		f, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		if name, _, err := ast.LabelName(f.Label); err != nil || name != unquote(names[0]) {
			continue
		}
		if len(names) == 1 {
			return f
		}
		if s, ok := f.Value.(*ast.StructLit); ok {
			if g := fieldAt(s.Elts, names[1:]); g != nil {
				return g
			}
		}
	}
	return nil
}

// modelPath turns a path of CUE's, whose names may be quoted, into one of the model's.
func modelPath(names []string) schema.Path {
	var p schema.Path
	for _, n := range names {
		p = p.Join(unquote(n))
	}
	return p
}

// related reports whether one path is the other or above it.
func related(a, b schema.Path) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a != "" && (a == b || strings.HasPrefix(string(b), string(a)+"."))
}

func nodes(fields []origin) []ast.Node {
	var out []ast.Node
	for _, f := range fields {
		out = append(out, f.field)
	}
	return out
}

// findings returns the faults, each mistake once: a line that makes the same mistake at many places, as a
// template's does, is reported at the first of them.
func (w *walker) findings() diag.List {
	slices.SortStableFunc(w.faults, func(a, b fault) int { return strings.Compare(string(a.Path), string(b.Path)) })
	type key struct {
		code string
		pos  diag.Position
		name string
	}
	first := map[key]int{}
	var out diag.List
	more := map[int]int{}
	for _, f := range w.faults {
		k := key{f.Code, f.Position, f.Message}
		if f.Code == codeMissingField {
			names := f.Path.Names()
			k.name = names[len(names)-1]
		}
		if i, ok := first[k]; ok && f.Position.File != "" {
			if out[i].Path != f.Path {
				more[i]++
			}
			continue
		}
		first[k] = len(out)
		out = append(out, f.Finding)
	}
	for i, n := range more {
		places := "1 more place"
		if n > 1 {
			places = strconv.Itoa(n) + " more places"
		}
		out[i].Related = append(out[i].Related, diag.Related{Position: out[i].Position, Message: "it does the same at " + places})
	}
	return out
}

// start is where the environment's own files begin.
func (p *pkg) start() diag.Position {
	var at token.Pos
	for _, file := range p.inst.Files {
		if at.IsValid() && len(file.Filename) <= len(at.Filename()) && strings.Count(file.Filename, "/") <= strings.Count(at.Filename(), "/") {
			continue
		}
		at = file.Pos()
		for _, d := range file.Decls {
			if pk, ok := d.(*ast.Package); ok {
				at = pk.Pos()
			}
		}
	}
	return p.module.position(at)
}
