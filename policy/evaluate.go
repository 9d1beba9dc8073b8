package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"gwc.dev/compiler/diag"
	"gwc.dev/schema"
)

// grace is how long a rule that has been stopped may take to notice. Most of Rego notices at once; a single
// built-in function at work on a huge number does not, and is left behind.
const grace = time.Second

// An outcome is what came of one rule.
type outcome struct {
	values []any
	err    error
}

// Evaluate holds g, a resolved model, to the rules. The findings have model paths and no positions, except
// those about a rule itself: policy-result for an element of deny that breaks the contract, policy-error for a
// rule that fails, policy-timeout and policy-memory for one that is stopped. The error is ctx's, or says that g
// cannot be encoded.
//
// Rules do not see each other's results, so as many run at a time as there are processors, each over the whole
// model.
func (e *Engine) Evaluate(ctx context.Context, g *schema.Gateway) (diag.List, error) {
	data, err := g.Encode()
	if err != nil {
		return nil, err
	}
	input, err := ast.ValueFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	outcomes := e.run(ctx, input)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	var findings diag.List
	for i, o := range outcomes {
		if o.err != nil {
			findings = append(findings, e.stopped(e.rules[i], o.err))
			continue
		}
		findings = append(findings, e.rules[i].findings(o.values)...)
	}
	return findings.Sorted(), nil
}

// run evaluates all rules.
func (e *Engine) run(ctx context.Context, input ast.Value) []outcome {
	outcomes := make([]outcome, len(e.rules))
	together, stop := watchMemory(ctx, e.memory)
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				outcomes[i] = e.one(together, i, input)
			}
		})
	}
	for i := range e.rules {
		next <- i
	}
	close(next)
	wg.Wait()
	stop()
	// Which of the rules that ran together filled the memory shows when each runs by itself.
	for i := range outcomes {
		if errors.Is(outcomes[i].err, errMemory) {
			runtime.GC()
			alone, stop := watchMemory(ctx, e.memory)
			outcomes[i] = e.one(alone, i, input)
			stop()
		}
	}
	return outcomes
}

// one evaluates rule i within its bounds.
func (e *Engine) one(ctx context.Context, i int, input ast.Value) outcome {
	if ctx.Err() != nil {
		return outcome{err: context.Cause(ctx)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.timeout, errTimeout)
	defer cancel()
	values, err := within(ctx, grace, func() ([]any, error) {
		rs, err := e.queries[i].Eval(ctx, rego.EvalParsedInput(input))
		if err != nil {
			return nil, err
		}
		return rs[0].Expressions[0].Value.([]any), nil // the contract: deny is a partial set
	})
	return outcome{values: values, err: err}
}

// stopped is the finding about a rule that did not run to its end.
func (e *Engine) stopped(r Rule, err error) diag.Finding {
	switch {
	case errors.Is(err, errTimeout):
		return breach("policy-timeout", r.Position,
			fmt.Sprintf("rule %q (package %s) was stopped after %s", r.Code, r.Package, e.timeout),
			"look for loops over the product of large collections, such as every pair of routes")
	case errors.Is(err, errMemory):
		return breach("policy-memory", r.Position,
			fmt.Sprintf("rule %q (package %s) was stopped: it needs more than %d MiB", r.Code, r.Package, e.memory>>20),
			"look for comprehensions and ranges over the product of large collections")
	}
	at, message := r.Position, err.Error()
	if failed, ok := errors.AsType[*topdown.Error](err); ok {
		message = failed.Message
		if failed.Location != nil && r.Position.File != "" {
			at = position(failed.Location)
		}
	}
	return breach("policy-error", at, fmt.Sprintf("rule %q (package %s) failed: %s", r.Code, r.Package, message),
		"guard the expression, so that it is undefined rather than an error for such input")
}
