// Package compiler turns an environment, a directory of CUE, into the model.
//
//	env, err := compiler.Load("environments/production", compiler.Options{})
//	if err != nil {
//		return err // gwc could not do it: no such directory, no module, an unreadable file
//	}
//	if env.Model == nil {
//		return env.Findings // the user's mistakes, each with its position
//	}
//
// An environment is loaded as CUE loads a package instance: the directory's files and those of the same
// package in the directories above it, up to the module's root. The schema is always the one that is
// embedded in the program, whatever is vendored. Nothing is ever fetched.
//
// The compiler answers what CUE leaves open. It reports fields that the schema does not know, which CUE
// accepts because embedding a definition opens it; it says what a place wants in words instead of printing
// the constraint that failed; it reports all it can in one run; and every position it gives is in a file
// that the user wrote. How it knows where a value was written is told in origin.go.
package compiler

import (
	"encoding/json"
	"errors"
	"fmt"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// Options say how to load. The zero value is ready to use.
type Options struct {
	// Base is the directory that positions are printed relative to; "" is the working directory.
	Base string
	// Limits bound what an environment may cost.
	Limits Limits

	partition partition
}

// An Environment is what a directory compiles to.
type Environment struct {
	// Name is the directory's base name.
	Name string
	// Dir is the directory as positions name it.
	Dir string
	// Model is the resolved model. It is nil when a finding prevents it.
	Model *schema.Gateway
	// Tests are those that stand beside the APIs. The model has none.
	Tests map[string]schema.Test
	// Positions are where the model's places and the tests are written.
	Positions *Positions
	// Inputs are the files that were compiled, the schema's too, by name.
	Inputs   []Input
	Findings diag.List
}

// Load compiles the environment in dir. What the user can mend is a finding; an error says that gwc itself
// could not do its work.
func Load(dir string, o Options) (*Environment, error) {
	m, err := openModule(dir, o.Base)
	if err != nil {
		return nil, fmt.Errorf("environment %q: %w", dir, err)
	}
	env := &Environment{Name: m.name, Dir: m.display(m.dir)}
	err = o.Limits.run(m.bytes, func() error { return env.compile(m, o.partition) })
	if err != nil {
		return nil, fmt.Errorf("environment %q: %w", dir, err)
	}
	return env, nil
}

// compile fills in e. It finds nothing but faults where the files cannot be read as CUE, since all that
// follows would be about what is not there.
func (e *Environment) compile(m *module, o partition) error {
	e.Positions = newPositions()
	e.Findings = append(e.Findings, m.outdated()...)

	pkg, faults, err := m.load()
	if err != nil || len(faults) > 0 {
		w := &walker{pkg: pkg}
		w.add(faults...)
		e.Findings = append(e.Findings, w.findings()...)
		return err
	}
	e.Inputs = pkg.inputs.sorted()
	e.Findings = append(e.Findings, pkg.alone()...)
	var g *schema.Gateway
	if s := pkg.partitioned(o); s != nil {
		g, e.Positions.at = s.model, s.positions
	} else if g, err = e.whole(pkg); g == nil {
		return err
	}
	e.Model, e.Tests = g.Resolve(), g.Tests
	e.Positions.inherit(e.Model)
	if g.Environment != m.name {
		f := diag.Finding{
			Code:     codeEnvironment,
			Severity: diag.Error,
			Path:     "environment",
			Message:  fmt.Sprintf("the environment is named %q and its directory %q", g.Environment, m.name),
			Hint:     fmt.Sprintf("write environment: %q, or rename the directory", m.name),
		}
		f.Position = e.Positions.Position(f.Path)
		e.Findings = append(e.Findings, f)
	}
	return nil
}

// whole evaluates the package at once and finds what is wrong with it; the model is nil where something is.
func (e *Environment) whole(pkg *pkg) (*schema.Gateway, error) {
	def, err := newDefinition()
	if err != nil {
		return nil, err
	}
	w := &walker{pkg: pkg, def: def, positions: e.Positions.at}
	value, faults, ok := pkg.build()
	w.add(faults...)
	if ok {
		w.gateway(value)
	}
	e.Findings = append(e.Findings, w.findings()...)
	if e.Findings.Count(diag.Error) > 0 {
		return nil, nil
	}
	data, err := value.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encoding what passed every check: %w", err)
	}
	g, err := schema.Decode(data)
	if tooLarge := (*json.UnmarshalTypeError)(nil); errors.As(err, &tooLarge) {
		path := schema.Path(tooLarge.Field)
		e.Findings = append(e.Findings, diag.Finding{
			Code: codeBound, Severity: diag.Error, Path: path,
			Position: e.Positions.Position(path),
			Message:  fmt.Sprintf("%s: the %s is out of range", last(path), tooLarge.Value),
		})
		return nil, nil
	}
	return g, err
}
