package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/metrics"
	"time"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
)

// Limits bound what compiling one environment may cost. CUE is a language: a page of it can take hours. The
// zero value means the defaults, which grow with the environment's size.
type Limits struct {
	// Time is how long it may take; by default a minute, and 30 seconds more for each MiB of CUE.
	Time time.Duration
	// Memory is how many bytes the program may hold meanwhile; by default 4 GiB, and 2 GiB more for each MiB of
	// CUE.
	Memory uint64
}

const (
	maxFile  = 8 << 20 // bytes of a file
	maxDepth = 500     // levels of its syntax tree
)

// run calls f and waits for it as long as the limits allow for an environment of size bytes. Evaluation
// cannot be interrupted: past a limit f is left behind, and the caller is expected to end the program.
func (l Limits) run(size int64, f func() error) error {
	limit := cmp.Or(l.Time, time.Minute+time.Duration(size)*30*time.Second>>20)
	memory := cmp.Or(l.Memory, 4<<30+uint64(size)<<11)

	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("the CUE evaluator panicked, which is a fault in it and not in the definitions: %v", r)
			}
		}()
		done <- f()
	}()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	const hint = "look for comprehensions over many values and for disjunctions of structs"
	for {
		select {
		case err := <-done:
			return err
		case <-timeout.C:
			return fmt.Errorf("evaluation took longer than %v: %s", limit.Round(100*time.Millisecond), hint)
		case <-look.C:
			if held := heap(); held > memory {
				return fmt.Errorf("evaluation holds more than %d MiB of memory: %s", memory>>20, hint)
			}
		}
	}
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// readable reports what keeps a file from being read: it blocks, never ends, or is too large.
func readable(info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Size() > maxFile:
		return fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	return nil
}

func readAtMost(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := readable(info); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return os.ReadFile(name)
}

// parseFile parses a file that does not nest too deep: the parser and the evaluator recurse.
func parseFile(name string, src any, cfg parser.Config) (*ast.File, error) {
	if data, ok := src.([]byte); ok {
		if pos, depth := deepest(name, data); depth > maxDepth {
			return nil, cueerrors.Newf(pos, "nested deeper than %d levels", maxDepth)
		}
		if err := encoded(name, data); err != nil {
			return nil, err
		}
	}
	return parser.ParseFile(name, src, cfg)
}

// deepest returns an upper bound of how deep the syntax tree of a CUE file is: brackets that are open, and
// operators and colons since the element began.
func deepest(name string, data []byte) (at token.Pos, depth int) {
	var s scanner.Scanner
	s.Init(token.NewFile(name, -1, len(data)), data, func(token.Pos, string, []any) {}, 0)
	var open []int // the depths that brackets were opened at
	run := 0
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return at, depth
		case token.LBRACE, token.LBRACK, token.LPAREN, token.INTERPOLATION:
			open, run = append(open, run), run+1
		case token.RBRACE, token.RBRACK, token.RPAREN:
			if n := len(open); n > 0 {
				open, run = open[:n-1], open[n-1]
			}
		case token.COMMA:
			run = 0
			if n := len(open); n > 0 {
				run = open[n-1] + 1
			}
		default:
			if tok.IsOperator() {
				run++
			}
		}
		if run > depth {
			at, depth = pos, run
		}
	}
}
