package compiler

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// A large environment is evaluated in parts: groups of its APIs, each in a context of its own that is dropped
// once the APIs are decoded, and all the rest in one more. The parts use every core, and of what evaluation
// makes only as many parts are held as there are cores. They share the syntax tree, which evaluation only
// reads: references are resolved while files are loaded.
//
// The outcome is that of the whole. The value of a field follows from what is written for it and from what
// that refers to, and an environment is cut only where the syntax alone shows both (cut.go). A part in which
// anything at all is amiss is no outcome: the parts are then thrown away and the environment is evaluated
// whole, so that findings have one source.

// A partition bounds the parts. The zero value means the defaults.
type partition struct {
	// from is the number of APIs from which on an environment is evaluated in parts.
	from int
	// size is the number of syntax nodes that make a group.
	size int
}

const (
	partitionFrom = 64
	partitionSize = 10000 // about 25 APIs of five routes
)

// A share is what a part contributes to the model.
type share struct {
	model     *schema.Gateway
	positions map[schema.Path]diag.Position
	// apis are the fields that the APIs of a group are written in.
	apis []origin
}

// partitioned evaluates the package in parts. It returns nil where that is not worth it, not possible, or
// finds a fault.
func (p *pkg) partitioned(o partition) *share {
	c, ok := p.cut()
	if !ok {
		return nil
	}
	parts := c.parts(cmp.Or(o.size, partitionSize))
	n := 0
	for _, part := range parts {
		n += len(part.apis)
	}
	if n < cmp.Or(o.from, partitionFrom) {
		return nil
	}
	if !p.importsBuild() {
		return nil
	}
	defer c.detach()()

	shares := make([]*share, len(parts))
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		wg.Go(func() {
			def, err := newDefinition()
			if err != nil {
				failed.Store(true)
			}
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(parts) {
					return
				}
				if shares[i] = p.evaluate(parts[i], def); shares[i] == nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() {
		return nil
	}
	return p.merge(shares)
}

// importsBuild reports whether the packages that the environment imports can be built. Parts share them, and what cue
// cannot build it marks as broken, which two parts must not do at once.
func (p *pkg) importsBuild() bool {
	ctx := cuecontext.New()
	for _, imported := range p.inst.Imports {
		if ctx.BuildInstance(imported); imported.Err != nil {
			return false
		}
	}
	return true
}

// evaluate evaluates one part; nil says that something is amiss.
func (p *pkg) evaluate(part *part, def *definition) (s *share) {
	defer func() {
		if recover() != nil { // the whole panics as well, and reports it
			s = nil
		}
	}()
	module, inst := *p.module, *p.inst
	module.shown = map[string]string{}
	inst.Files = part.files
	own := &pkg{module: &module, inst: &inst, schema: p.schema, origins: &origins{module: &module, fields: p.origins.fields}}
	value := cuecontext.New().BuildInstance(&inst)

	s = &share{positions: map[schema.Path]diag.Position{}}
	w := &walker{pkg: own, def: def, positions: s.positions}
	if part.apis == nil {
		w.visit(value, "", &member{shape: def.root}, nil)
	} else {
		value = value.LookupPath(cue.ParsePath(apisField))
		s.apis = own.origins.of(value)
		w.visit(value, apisField, def.root.fields[apisField], s.apis)
	}
	if inst.Err != nil || len(w.faults) > 0 || value.Validate() != nil {
		return nil
	}
	data, err := value.MarshalJSON()
	if err != nil {
		return nil
	}
	if part.apis != nil {
		data = slices.Concat([]byte(`{"`+apisField+`":`), data, []byte("}"))
	}
	if s.model, err = schema.Decode(data); err != nil || !sameNames(s.model.APIs, part.apis) {
		return nil
	}
	return s
}

// sameNames reports whether a part has the APIs that it should have.
func sameNames(got map[string]schema.API, want map[string]bool) bool {
	if len(got) != len(want) {
		return false
	}
	for name := range got {
		if !want[name] {
			return false
		}
	}
	return true
}

// merge puts shares together; the first is the rest.
func (p *pkg) merge(shares []*share) *share {
	all := shares[0]
	all.positions[""] = p.start()
	all.model.APIs = map[string]schema.API{}
	for _, s := range shares[1:] {
		maps.Copy(all.model.APIs, s.model.APIs)
		maps.Copy(all.positions, s.positions)
		all.apis = append(all.apis, s.apis...)
	}
	if o, ok := best(all.apis); ok {
		all.positions[apisField] = p.origins.position(o)
	}
	return all
}
