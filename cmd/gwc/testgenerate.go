package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
	cuejson "cuelang.org/go/encoding/json"

	"gwc.dev/schema"
)

// generateTests prints tests for what of the environment in dir no test reaches, as a CUE file of its package.
func (a *app) generateTests(dir string) error {
	_, suite, findings, err := a.suite(dir)
	if err != nil {
		return err
	}
	if len(findings) > 0 {
		if err := a.printFindings(a.err, "text", findings); err != nil {
			return err
		}
	}
	if suite == nil {
		return errFindings
	}
	suite.Run()
	tests, missed, err := suite.Generate()
	if err != nil {
		return err
	}
	for _, place := range missed {
		fmt.Fprintf(a.err, "gwc: no request is known that reaches %s\n", place)
	}
	if len(tests) == 0 {
		return nil
	}
	text, err := testFile(packageName(dir), tests)
	if err != nil {
		return fmt.Errorf("printing tests: %w", err)
	}
	_, err = a.out.Write(text)
	return err
}

// testFile returns a CUE file that holds tests.
func testFile(pkg string, tests map[string]schema.Test) ([]byte, error) {
	data, err := json.Marshal(map[string]any{"tests": tests})
	if err != nil {
		return nil, err
	}
	x, err := cuejson.Extract("", data)
	if err != nil {
		return nil, err
	}
	file := &ast.File{Decls: []ast.Decl{&ast.Package{Name: ast.NewIdent(pkg)}}}
	if s, ok := x.(*ast.StructLit); ok {
		file.Decls = append(file.Decls, s.Elts...)
	}
	return format.Node(file, format.Simplify())
}

// packageName returns the name of the CUE package in dir.
func packageName(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.cue"))
	for _, name := range slices.Sorted(slices.Values(files)) {
		if file, err := parser.ParseFile(name, nil, parser.PackageClauseOnly); err == nil && file.PackageName() != "" {
			return file.PackageName()
		}
	}
	return "gateway"
}
