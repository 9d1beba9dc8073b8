package compiler

import (
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// A cut is the syntax of an environment, sorted by the parts that it is needed in.
type cut struct {
	pkg    *pkg
	pieces []piece
	// preambles are the package clauses and imports of the files.
	preambles [][]ast.Decl
	// scoped refer to a field at the top of a file by way of the file's node, which each part has another of.
	scoped []*ast.Ident
}

// A piece is a declaration at the top of a file, or what such a declaration says of one API.
type piece struct {
	scope scope
	file  int
	decl  ast.Decl
	// name is the field of the environment that the piece says something about, or the API.
	name string
	// refs are the fields at the top of files that it refers to.
	refs []string
	// weight is the number of its syntax nodes.
	weight int
}

// scope says which parts need a piece.
type scope int

const (
	everywhere scope = iota
	field            // the rest, and groups that refer to it
	template         // groups
	single           // the group of its API
)

const apisField = "apis"

// cut sorts what the files declare. False says that the syntax does not show that APIs are independent.
func (p *pkg) cut() (*cut, bool) {
	c := &cut{pkg: p, preambles: make([][]ast.Decl, len(p.inst.Files))}
	shared := map[ast.Node]bool{} // scopes that several pieces come from
	for i, file := range p.inst.Files {
		for _, decl := range file.Decls {
			if !c.add(i, decl, shared) {
				return nil, false
			}
		}
	}
	for i := range c.pieces {
		if !c.look(&c.pieces[i], shared) {
			return nil, false
		}
	}
	return c, p.embedsGateway()
}

// add adds a declaration; false says that it may mean more than a field that it names.
func (c *cut) add(file int, decl ast.Decl, shared map[ast.Node]bool) bool {
	switch decl := decl.(type) {
	case *ast.Package, *ast.ImportDecl:
		c.preambles[file] = append(c.preambles[file], decl)
		return true
	case *ast.CommentGroup:
		return true
	case *ast.EmbedDecl:
		c.pieces = append(c.pieces, piece{scope: everywhere, file: file, decl: decl})
		return isGateway(c.pkg.inst.Files[file], decl)
	case *ast.Comprehension:
		c.pieces = append(c.pieces, piece{scope: everywhere, file: file, decl: decl})
		return isPlain(decl)
	case *ast.Field:
		name, ok := plainName(decl)
		if name == apisField {
			return ok && c.addAPIs(file, decl, shared)
		}
		c.pieces = append(c.pieces, piece{scope: field, file: file, decl: decl, name: name})
		return ok
	default: // a let clause, whose scope is the file; an attribute, which may change what the file means; ...
		return false
	}
}

// addAPIs adds a declaration of APIs, of each on its own.
func (c *cut) addAPIs(file int, apis *ast.Field, shared map[ast.Node]bool) bool {
	lit, ok := apis.Value.(*ast.StructLit)
	if !ok {
		return false
	}
	if len(lit.Elts) == 0 { // which still is a place that apis are written at
		c.pieces = append(c.pieces, piece{scope: template, file: file, decl: apis})
	}
	for _, elt := range lit.Elts {
		api, ok := elt.(*ast.Field)
		if !ok {
			return false
		}
		p := piece{scope: single, file: file, decl: apis}
		if label, ok := api.Label.(*ast.ListLit); ok && len(label.Elts) == 1 && api.Alias == nil {
			p.scope = template
		} else if p.name, ok = plainName(api); !ok {
			return false
		}
		if len(lit.Elts) > 1 {
			shared[lit] = true
			one, of := *lit, *apis
			one.Elts, of.Value = []ast.Decl{api}, &one
			p.decl = &of
		}
		c.pieces = append(c.pieces, p)
	}
	return true
}

// plainName returns the name of a regular field whose name is written and which has no alias.
func plainName(f *ast.Field) (string, bool) {
	if _, ok := f.Value.(*ast.Alias); ok || f.Alias != nil || f.Constraint != token.ILLEGAL {
		return "", false
	}
	switch f.Label.(type) {
	case *ast.Ident, *ast.BasicLit:
		name, _, err := ast.LabelName(f.Label)
		return name, err == nil
	default:
		return "", false
	}
}

// isPlain reports whether a comprehension yields nothing but fields whose names are written, and no APIs.
func isPlain(c *ast.Comprehension) bool {
	lit, ok := c.Value.(*ast.StructLit)
	return ok && c.Fallback == nil && !slices.ContainsFunc(lit.Elts, func(decl ast.Decl) bool {
		switch decl := decl.(type) {
		case *ast.Field:
			name, ok := plainName(decl)
			return !ok || name == apisField
		case *ast.Comprehension:
			return !isPlain(decl)
		default:
			return true
		}
	})
}

// look weighs a piece and follows its references, of which CUE has already found where they lead. False says
// that one leads to APIs or out of the piece in a way that the cut does not keep.
func (c *cut) look(p *piece, shared map[ast.Node]bool) bool {
	ok := true
	ast.Walk(p.decl, func(n ast.Node) bool {
		p.weight++
		id, isIdent := n.(*ast.Ident)
		if !isIdent {
			return ok
		}
		if id.Name == "self" || id.Name == "__self" || shared[id.Scope] {
			ok = false
		}
		if _, top := id.Scope.(*ast.File); top {
			ok = ok && id.Name != apisField
			p.refs = append(p.refs, id.Name)
			c.scoped = append(c.scoped, id)
		}
		return ok
	}, nil)
	return ok
}

// detach makes references to fields at the top of files independent of the file's node: CUE then finds the
// field by its name, as it does with fields of other files. It returns what undoes it.
func (c *cut) detach() (attach func()) {
	type target struct{ node, scope ast.Node }
	targets := make([]target, len(c.scoped))
	for i, id := range c.scoped {
		targets[i] = target{id.Node, id.Scope}
		id.Node, id.Scope = nil, nil
	}
	return func() {
		for i, id := range c.scoped {
			id.Node, id.Scope = targets[i].node, targets[i].scope
		}
	}
}

// needed returns the fields that groups refer to, directly or through other fields.
func (c *cut) needed() map[string]bool {
	needed := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, p := range c.pieces {
			if p.scope == field && !needed[p.name] {
				continue
			}
			for _, name := range p.refs {
				if !needed[name] {
					needed[name], grown = true, true
				}
			}
		}
	}
	return needed
}

// A part is some of the pieces, as files of a package.
type part struct {
	// apis are the APIs of a group; nil says that the part is the rest.
	apis  map[string]bool
	files []*ast.File
	last  int // the file that the last of files is of
}

// parts deals the pieces out. The first part is the rest; groups hold APIs in the order they are written in.
// A group takes APIs until it weighs size, and at least as much as what all groups need besides.
func (c *cut) parts(size int) []*part {
	needed := c.needed()
	common := 0
	weights := map[string]int{}
	var names []string
	for _, p := range c.pieces {
		switch {
		case p.scope == single:
			if weights[p.name] == 0 {
				names = append(names, p.name)
			}
			weights[p.name] += p.weight
		case p.scope != field || needed[p.name]:
			common += p.weight
		}
	}
	rest := &part{}
	parts := []*part{rest}
	group := map[string]*part{}
	full := max(size, common)
	for _, name := range names {
		if full >= max(size, common) {
			parts = append(parts, &part{apis: map[string]bool{}})
			full = 0
		}
		group[name] = parts[len(parts)-1]
		group[name].apis[name] = true
		full += weights[name]
	}
	for i := range c.pieces {
		p := &c.pieces[i]
		if p.scope == single {
			c.deal(group[p.name], p)
			continue
		}
		if p.scope != template {
			c.deal(rest, p)
		}
		if p.scope != field || needed[p.name] {
			for _, g := range parts[1:] {
				c.deal(g, p)
			}
		}
	}
	return parts
}

// deal adds a piece to a part, in the file that it stands in.
func (c *cut) deal(to *part, p *piece) {
	if len(to.files) == 0 || to.last != p.file {
		file := *c.pkg.inst.Files[p.file]
		file.Decls, file.Unresolved = slices.Clone(c.preambles[p.file]), nil
		to.files = append(to.files, &file)
		to.last = p.file
	}
	file := to.files[len(to.files)-1]
	file.Decls = append(file.Decls, p.decl)
}
