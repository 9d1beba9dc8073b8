package compiler

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	v1 "gwc.dev/schema/v1"
)

// An Input is a file that something was made from.
type Input struct {
	// Name is the file's, relative to the root of the CUE module; the schema's files are below its import path.
	Name string
	// SHA256 is the digest of its bytes, in hexadecimal.
	SHA256 string
}

// NewInput returns the input of a file.
func NewInput(name string, data []byte) Input {
	sum := sha256.Sum256(data)
	return Input{name, hex.EncodeToString(sum[:])}
}

// inputs are the files that are parsed, by name.
type inputs struct {
	module *module
	mu     sync.Mutex
	files  map[string]Input
}

// parseFile parses a file and notes it.
func (in *inputs) parseFile(filename string, src any, cfg parser.Config) (*ast.File, error) {
	if data, ok := src.([]byte); ok {
		name, _ := in.module.relative(filename)
		if name == "" { // outside the module
			name = filepath.ToSlash(filename)
		}
		if rest, ok := strings.CutPrefix(name, in.module.schemaDir+"/"); ok {
			name = v1.ImportPath + "/" + rest
		}
		in.mu.Lock()
		in.files[name] = NewInput(name, data)
		in.mu.Unlock()
	}
	return parseFile(filename, src, cfg)
}

// sorted returns the inputs by name.
func (in *inputs) sorted() []Input {
	var all []Input
	for _, f := range in.files {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Input) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
