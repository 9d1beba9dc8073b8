package compiler

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/nearest"
)

// The codes of the compiler's findings.
const (
	codeSyntax       = "cue-syntax"       // not CUE
	codePackage      = "cue-package"      // files of several packages in one directory
	codeImport       = "cue-import"       // an import that is not there, or is not used
	codeReference    = "cue-reference"    // a reference that leads nowhere
	codeConflict     = "cue-conflict"     // two places of the user's that say different things
	codeType         = "cue-type"         // a value of the wrong type
	codeBound        = "cue-bound"        // a number out of bounds
	codeValue        = "cue-value"        // a value that the schema does not take
	codeIncomplete   = "cue-incomplete"   // a place without a concrete value
	codeCycle        = "cue-cycle"        // a value that contains itself
	codeUnknownField = "unknown-field"    // a field that the schema does not know
	codeMissingField = "missing-field"    // a field that must be there and is not
	codeEnvironment  = "environment-name" // an environment that is not named as its directory
	codeSchema       = "schema-outdated"  // a module's copy of the schema that is not gwc's (warning)
)

// A fault is a finding and the syntax that is to blame for it, so that what CUE says of the same syntax in
// other words is not repeated.
type fault struct {
	diag.Finding
	blame []ast.Node
}

// clean makes a message of CUE's fit to stand in a finding: one line, without absolute paths and without
// CUE's advice about its own command.
func clean(msg string) string {
	msg, _, _ = strings.Cut(msg, "\n")
	msg = absolute.ReplaceAllString(msg, "")
	return strings.TrimSpace(strings.TrimPrefix(msg, "import failed: "))
}

var absolute = regexp.MustCompile(`/[^\s:"]+\.cue:[0-9]+:[0-9]+: `)

const hintUnclosed = "a bracket that was opened is not closed"

// syntaxFault describes what is not CUE.
func syntaxFault(msg string, pos diag.Position) fault {
	f := fault{Finding: diag.Finding{Code: codeSyntax, Severity: diag.Error, Position: pos, Message: msg}}
	switch {
	case strings.Contains(msg, "not terminated"):
		f.Hint = "close the quotes on the same line, or write a multi-line string between triple quotes"
	case strings.Contains(msg, "found 'EOF'"):
		f.Hint = hintUnclosed
	case strings.Contains(msg, "illegal UTF-8"):
		f.Hint = "save the file as UTF-8"
	case strings.Contains(msg, "missing ','"):
		f.Hint = "separate what stands on one line by commas"
	}
	return f
}

// consequences drops what the parser says only because of an earlier error: a second one on the same line, and
// a bracket that it misses at the end of the file.
func consequences(faults []fault) []fault {
	line := map[string]int{}
	return slices.DeleteFunc(faults, func(f fault) bool {
		if f.Code != codeSyntax {
			return false
		}
		before, again := line[f.Position.File]
		line[f.Position.File] = f.Position.Line
		return again && (f.Position.Line == before || f.Hint == hintUnclosed)
	})
}

// importCause returns the error in an imported file that keeps it from being imported; nil where the import
// itself is at fault.
func importCause(e cueerrors.Error) cueerrors.Error {
	var cause cueerrors.Error
	for err := cueerrors.Unwrap(e); err != nil; err = cueerrors.Unwrap(err) {
		for _, inner := range cueerrors.Errors(err) {
			if p := inner.Position(); p.IsValid() && p != e.Position() {
				cause = inner
			}
		}
	}
	return cause
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// importFault describes an import that cannot be loaded.
func (p *pkg) importFault(e cueerrors.Error, pos diag.Position) fault {
	msg := clean(e.Error())
	name := quoted.FindString(msg)
	if name == "" {
		name = strconv.Quote(msg)
	}
	hint := "nothing is fetched: vendor the package below cue.mod/pkg, or remove the import"
	if path := unquote(name); !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		hint = "CUE's own packages have no dot in their first element: look up the name, or remove the import"
	}
	return fault{Finding: diag.Finding{
		Code: codeImport, Severity: diag.Error, Position: pos,
		Message: fmt.Sprintf("import %s is not there", name),
		Hint:    hint,
	}}
}

// compileFaults describe what CUE refused before it evaluated anything.
func (p *pkg) compileFaults(err error) []fault {
	var faults []fault
	const hintUnused = "remove it, or refer to it"
	misspelt := false
	for _, e := range cueerrors.Errors(err) {
		format, args := e.Msg()
		f := fault{Finding: diag.Finding{
			Code: codeSyntax, Severity: diag.Error,
			Position: p.module.userPosition(cueerrors.Positions(e)...),
			Message:  clean(e.Error()),
		}}
		switch {
		case strings.HasPrefix(format, "reference %q not found"):
			name := fmt.Sprint(args[0])
			misspelt = true
			f.Code = codeReference
			f.Message = fmt.Sprintf("reference %q leads nowhere", name)
			f.Hint = "define it, or put quotes around it if it is meant as text"
			if standard[name] {
				f.Hint = fmt.Sprintf("import %q", name)
			} else if guess := nearest.To(name, p.names()); guess != "" {
				f.Hint = fmt.Sprintf("did you mean %s? Text stands in quotes", guess)
			}
		case strings.HasPrefix(format, "unreferenced alias or let clause"):
			f.Code, f.Message, f.Hint = codeReference, fmt.Sprintf("nothing refers to %q", args[0]), hintUnused
		case strings.Contains(format, "redeclared"):
			f.Hint = "give one of the two another name"
		case strings.HasPrefix(format, "imported and not used"):
			f.Code, f.Hint = codeImport, "remove the import"
		case strings.HasPrefix(format, "@"):
			f.Code = codeImport
		case strings.HasPrefix(format, "builtin package"), strings.HasPrefix(format, "package %q imported but not defined"):
			f = p.importFault(e, f.Position)
		}
		faults = append(faults, f)
	}
	if misspelt {
		// What nothing refers to is probably what a misspelt reference meant.
		faults = slices.DeleteFunc(faults, func(f fault) bool { return f.Hint == hintUnused })
	}
	return faults
}

// standard are those of CUE's own packages that are imported by one word.
var standard = map[string]bool{
	"list": true, "math": true, "net": true, "path": true, "regexp": true, "strconv": true, "strings": true,
	"struct": true, "time": true, "uuid": true,
}

// names returns what a reference may lead to: fields at the top of the package's files, lets, and imports.
func (p *pkg) names() []string {
	names := map[string]bool{"string": true, "int": true, "bool": true, "number": true, "true": true, "false": true, "null": true}
	for _, file := range p.inst.Files {
		ast.Walk(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.LetClause:
				names[n.Ident.Name] = true
			case *ast.ImportSpec:
				if n.Name != nil {
					names[n.Name.Name] = true
				}
			case *ast.Alias:
				names[n.Ident.Name] = true
			}
			return true
		}, nil)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.Field); ok {
				if name, isIdent, err := ast.LabelName(f.Label); err == nil && isIdent {
					names[name] = true
				}
			}
		}
	}
	return sortedKeys(names)
}

// blames reports whether a position lies in syntax that a fault already blames.
func (f *fault) blames(p token.Pos) bool {
	for _, n := range f.blame {
		from, to := n.Pos(), n.End()
		if field, ok := n.(*ast.Field); ok {
			to = field.Value.End() // a field ends with its attributes, and ours are nowhere
		}
		if p.Filename() == from.Filename() && from.Offset() <= p.Offset() && p.Offset() <= to.Offset() {
			return true
		}
	}
	return false
}
