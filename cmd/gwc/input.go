package main

import (
	"path/filepath"
	"strings"

	"gwc.dev/compiler"
	"gwc.dev/compiler/render"
)

// nameIn returns a file's name as provenance has it: the same in whatever directory a repository, and whoever runs gwc, is.
// Of a file outside the repository, and of one that gwc brings, it is the name that it has.
func nameIn(root, file string) string {
	if strings.HasPrefix(file, "gwc:") {
		return file
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.ToSlash(file)
	}
	if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(file)
}

// overlayInputs returns the files of a kustomization that was applied to manifests, in the environment in dir.
func overlayInputs(dir string, sources []render.Source) ([]compiler.Input, error) {
	if len(sources) == 0 {
		return nil, nil
	}
	root, err := moduleRoot(dir)
	if err != nil { // an overlay need not stand in a module
		if root, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
	}
	var all []compiler.Input
	for _, s := range sources {
		all = append(all, compiler.NewInput(nameIn(root, s.Path), s.Data))
	}
	return all, nil
}
