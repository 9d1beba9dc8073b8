package policy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"gwc.dev/compiler/diag"
)

// Options say which rules hold and what evaluating them may cost. The zero value is the library alone, within
// the default bounds.
type Options struct {
	// Dirs hold the user's Rego, in files named *.rego there and below.
	Dirs []string
	// Base is the directory that positions are relative to. "": the working directory.
	Base string
	// Timeout bounds one rule, and one test; compiling may take three times as long. 0: 10 s.
	Timeout time.Duration
	// Memory bounds, in bytes, what rules may hold while they are compiled and run. 0: 1 GiB.
	Memory uint64
}

// An Engine holds compiled rules. It may be used concurrently.
type Engine struct {
	program
	sources []source
	timeout time.Duration
	memory  uint64
}

// A program is what the sources compile to.
type program struct {
	rules   []Rule
	queries []rego.PreparedEvalQuery // one a rule
}

// A CompileError says that the user's Rego cannot be used. Its findings have positions.
type CompileError struct{ Findings diag.List }

// Error implements error.
func (e *CompileError) Error() string {
	first := e.Findings[0]
	s := fmt.Sprintf("%s: %s", first.Position, first.Message)
	if more := len(e.Findings) - 1; more > 0 {
		s += fmt.Sprintf(" (and %d more)", more)
	}
	return s
}

// New compiles the library and the user's Rego. Where the user's Rego is at fault the error is a
// [*CompileError], which holds all that is wrong with it; any other error is an inability to read it. Tests are
// read but not compiled: see [Engine.Test].
func New(ctx context.Context, o Options) (*Engine, error) {
	sources, err := librarySources()
	if err != nil {
		return nil, err
	}
	user, err := userSources(o.Dirs, o.Base)
	if err != nil {
		return nil, err
	}
	e := &Engine{sources: append(sources, user...), timeout: o.Timeout, memory: o.Memory}
	if e.timeout <= 0 {
		e.timeout = 10 * time.Second
	}
	if e.memory == 0 {
		e.memory = 1 << 30
	}
	limited, cancel := context.WithTimeoutCause(ctx, e.compileTimeout(), errTimeout)
	defer cancel()
	limited, stop := watchMemory(limited, e.memory)
	defer stop()
	e.program, err = within(limited, 0, func() (program, error) { return compile(ctx, e.sources) })
	if wrong := e.uncompiled(err); wrong != nil {
		return nil, &CompileError{Findings: wrong}
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Sources are the files of Rego that the engine evaluates, by name: the library's and the user's.
func (e *Engine) Sources() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, s := range e.sources {
			if !s.test && !yield(s.name, []byte(s.text)) {
				return
			}
		}
	}
}

func (e *Engine) compileTimeout() time.Duration { return 3 * e.timeout }

// uncompiled is the finding where compiling ended with err because it reached a bound.
func (e *Engine) uncompiled(err error) diag.List {
	const hint = "split large files and rules: compiling takes more than in proportion to a rule's size"
	switch {
	case errors.Is(err, errTimeout):
		return diag.List{breach("policy-timeout", diag.Position{}, fmt.Sprintf("compiling the policies takes more than %s", e.compileTimeout()), hint)}
	case errors.Is(err, errMemory):
		return diag.List{breach("policy-memory", diag.Position{}, fmt.Sprintf("compiling the policies takes more than %d MiB", e.memory>>20), hint)}
	}
	return nil
}

// compile compiles the sources that are no tests.
func compile(ctx context.Context, sources []source) (program, error) {
	files, findings := parse(sources, false)
	rules, broken := rulesOf(files)
	findings = append(findings, broken...)
	compiler := newCompiler()
	// Without the modules that do not parse the others would be blamed for what they import.
	if !slices.ContainsFunc(findings, func(f diag.Finding) bool { return f.Code == "rego-parse-error" }) {
		if compiler.Compile(modules(files)); compiler.Failed() {
			findings = append(findings, findingsOf(compiler.Errors, "")...)
		}
	}
	if len(findings) > 0 {
		return program{}, &CompileError{Findings: findings.Sorted()}
	}
	p := program{rules: rules}
	for _, r := range rules {
		query, err := rego.New(
			rego.Compiler(compiler),
			rego.Query("data."+r.Package+".deny"),
			rego.StrictBuiltinErrors(true),
		).PrepareForEval(ctx)
		if err != nil {
			return program{}, fmt.Errorf("preparing rule %q: %w", r.Code, err)
		}
		p.queries = append(p.queries, query)
	}
	return p, nil
}

// Rules returns the rules in the order of their codes.
func (e *Engine) Rules() []Rule { return slices.Clone(e.rules) }

// parse parses the sources that are no tests, and those that are if tests is set.
func parse(sources []source, tests bool) ([]file, diag.List) {
	var files []file
	var findings diag.List
	for _, s := range sources {
		if s.test && !tests {
			continue
		}
		m, wrong := s.parse()
		if len(wrong) > 0 {
			findings = append(findings, wrong...)
			continue
		}
		files = append(files, file{source: s, module: m})
	}
	return files, findings
}

func modules(files []file) map[string]*ast.Module {
	out := make(map[string]*ast.Module, len(files))
	for _, f := range files {
		out[f.name] = f.module
	}
	return out
}

func newCompiler() *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(capabilities()).
		WithDefaultRegoVersion(ast.RegoV1).
		SetErrorLimit(0)
}
