package compiler

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/modfile"
	cuemodule "cuelang.org/go/mod/module"

	"gwc.dev/compiler/diag"
	v1 "gwc.dev/schema/v1"
)

// A pkg is an environment's package instance, loaded and parsed.
type pkg struct {
	module  *module
	inst    *build.Instance
	schema  *build.Instance
	origins *origins
	inputs  *inputs
	// patched says that references that lead nowhere were replaced by any value, so that the rest could be
	// looked at: what is incomplete may be so because of that.
	patched bool
}

// load reads and parses the environment's package and what it imports.
func (m *module) load() (*pkg, []fault, error) {
	overlay, err := m.overlay()
	if err != nil {
		return nil, nil, fmt.Errorf("overlaying the schema: %w", err)
	}
	read := &inputs{module: m, files: map[string]Input{}}
	insts := load.Instances([]string{"./" + m.dir, v1.ImportPath}, &load.Config{
		Dir:        m.root,
		ModuleRoot: m.root,
		Overlay:    overlay,
		ParseFile:  read.parseFile,
		Registry:   offline{},
		Env:        []string{},
	})
	p := &pkg{module: m, inputs: read}
	for _, inst := range insts {
		if inst.Err != nil {
			faults, err := p.loadFaults(inst.Err)
			return nil, faults, err
		}
	}
	if len(insts) != 2 {
		return nil, nil, fmt.Errorf("loading gave %d packages in place of the environment and the schema", len(insts))
	}
	p.inst, p.schema = insts[0], insts[1]
	p.origins = newOrigins(m, p.inst, p.instances())
	return p, nil, nil
}

// alone warns of an environment that takes in nothing of the directory above it because that is of another package,
// which is mostly a misspelt name.
func (p *pkg) alone() diag.List {
	above := path.Dir(p.module.dir)
	files, err := filepath.Glob(filepath.Join(p.module.abs(above), "*.cue"))
	if err != nil || len(files) == 0 || above == p.module.dir {
		return nil
	}
	other := ""
	for _, name := range files {
		file, err := parser.ParseFile(name, nil, parser.PackageClauseOnly)
		switch {
		case err != nil:
			return nil
		case file.PackageName() == p.inst.PkgName:
			return nil
		case other == "":
			other = file.PackageName()
		}
	}
	if other == "" {
		return nil
	}
	return diag.List{{
		Code: codePackage, Severity: diag.Warning, Position: p.start(),
		Message: fmt.Sprintf("the environment takes in nothing of %s, which is package %s and not %s", p.module.display(above), other, p.inst.PkgName),
		Hint:    "write package " + other + " to share its files",
	}}
}

// instances returns the environment's package and those it imports that are the user's.
func (p *pkg) instances() []*build.Instance {
	var all []*build.Instance
	var visit func(inst *build.Instance)
	visit = func(inst *build.Instance) {
		if slices.Contains(all, inst) || p.ofSchema(inst) {
			return
		}
		all = append(all, inst)
		for _, dep := range inst.Imports {
			visit(dep)
		}
	}
	visit(p.inst)
	return all
}

func (p *pkg) ofSchema(inst *build.Instance) bool {
	return strings.HasPrefix(inst.ImportPath, v1.ImportPath)
}

// build compiles the package against the schema; false says that it does not compile. Where references lead
// nowhere it reports them and goes on as if any value stood there.
func (p *pkg) build() (v cue.Value, faults []fault, ok bool) {
	ctx := cuecontext.New()
	v = ctx.BuildInstance(p.inst)
	for passes := 0; p.inst.Err != nil; passes++ {
		if passes == 2 { // what a patch brings to light, the next one mends
			return cue.Value{}, faults, false
		}
		if found := p.compileFaults(p.inst.Err); !p.patched {
			faults = append(faults, found...)
		}
		p.patch(p.inst.Err)
		ctx = cuecontext.New()
		v = ctx.BuildInstance(p.inst)
	}
	if !p.embedsGateway() {
		v = v.Unify(ctx.BuildInstance(p.schema).LookupPath(cue.MakePath(cue.Def("#Gateway"))))
	}
	return v, faults, true
}

// embedsGateway reports whether the package itself embeds the schema's #Gateway, as it should: the value
// then has everything that the schema says, and references within it see the defaults.
func (p *pkg) embedsGateway() bool {
	for _, file := range p.inst.Files {
		for _, decl := range file.Decls {
			if isGateway(file, decl) {
				return true
			}
		}
	}
	return false
}

// isGateway reports whether a declaration of a file embeds the schema's #Gateway.
func isGateway(file *ast.File, decl ast.Decl) bool {
	embed, ok := decl.(*ast.EmbedDecl)
	if !ok {
		return false
	}
	sel, ok := embed.Expr.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	name, _, err := ast.LabelName(sel.Sel)
	x, ok := sel.X.(*ast.Ident)
	return ok && err == nil && name == "#Gateway" && importsSchema(file, x.Name)
}

func importsSchema(file *ast.File, name string) bool {
	for spec := range file.ImportSpecs() {
		p := strings.Trim(spec.Path.Value, `"`)
		if !strings.HasPrefix(p, v1.ImportPath) {
			continue
		}
		as := path.Base(v1.ImportPath)
		if spec.Name != nil {
			as = spec.Name.Name
		}
		if as == name {
			return true
		}
	}
	return false
}

// loadFaults turns what loading reported into faults; what has no position in a file of the user's, and no
// other place to stand, is an error.
func (p *pkg) loadFaults(err error) ([]fault, error) {
	var faults []fault
	for _, e := range cueerrors.Errors(err) {
		var several *load.MultiplePackageError
		var none *load.NoFilesError
		pos := p.module.userPosition(cueerrors.Positions(e)...)
		msg := clean(e.Error())
		switch {
		case errors.As(e, &several):
			dir := p.module.dir
			faults = append(faults, fault{Finding: diag.Finding{
				Code: codePackage, Severity: diag.Error,
				Position: diag.Position{File: p.module.display(path.Join(dir, several.Files[1])), Line: 1, Column: 1},
				Message:  fmt.Sprintf("package %s in a directory of package %s (%s)", several.Packages[1], several.Packages[0], several.Files[0]),
				Hint:     "an environment is one package: name the same package in every file of the directory",
			}})
		case errors.As(e, &none):
			return nil, errors.New("no CUE file in it begins with a package clause, such as package gateway")
		case pos.File == "":
			return nil, fmt.Errorf("loading: %s", msg)
		case strings.Contains(msg, "import cycle"):
			faults = append(faults, fault{Finding: diag.Finding{
				Code: codeImport, Severity: diag.Error, Position: pos,
				Message: "packages import each other",
				Hint:    "move what both use to a third package",
			}})
		case importCause(e) != nil: // an import that is there and is broken
			pos = p.module.userPosition(importCause(e).Position())
			msg = clean(importCause(e).Error())
			faults = append(faults, syntaxFault(msg, pos))
		case strings.Contains(e.Error(), "import failed"), strings.Contains(msg, "cannot find package"):
			faults = append(faults, p.importFault(e, pos))
		default:
			faults = append(faults, syntaxFault(msg, pos))
		}
	}
	return consequences(faults), nil
}

// offline is the registry that a module's dependencies are looked up in: there is none. What is not vendored
// is not there.
type offline struct{}

var errOffline = errors.New("nothing is fetched: vendor the module's files below cue.mod/pkg")

func (offline) ModFile(context.Context, cuemodule.Version) (*modfile.File, error) {
	return nil, errOffline
}

func (offline) Fetch(context.Context, cuemodule.Version) (cuemodule.SourceLoc, error) {
	return cuemodule.SourceLoc{}, errOffline
}

func (offline) ModuleVersions(context.Context, string) ([]string, error) { return nil, nil }
