package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"gwc.dev/schema/bundle/atomic"
	schemav1 "gwc.dev/schema/v1"
)

//go:embed all:starter
var starter embed.FS

// vendored is where CUE finds the schema without a network.
const vendored = "cue.mod/pkg/gwc.dev/schema/v1"

const moduleFile = `module: "example.com/gateway@v0"
language: version: "v0.17.0"
`

func (a *app) initCommand() *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Start a repository",
		Long: `Start a repository in DIR that vets, tests and builds as it is: two environments over shared CUE, a policy with its
test, a pull-request workflow, and the schema. No file that is there already is changed.

With --update, only the vendored schema is brought to this gwc's version.`,
		Example: `  gwc init my-gateway && cd my-gateway && gwc vet`,
		Args:    exactly(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if update {
				return updateSchema(args[0])
			}
			return a.start(args[0])
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "only replace the vendored schema by this gwc's")
	return cmd
}

// start writes a new repository. It looks before it writes, so that a clash leaves the directory as it was.
func (a *app) start(dir string) error {
	files, err := starterFiles()
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file: name a directory", dir)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch _, err := os.Lstat(filepath.Join(dir, name)); {
		case err == nil:
			return fmt.Errorf("%s is there already: name an empty directory, or bring only the schema up to date with \"gwc init --update %s\"", filepath.Join(dir, name), dir)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if err := writeNew(dir, files); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s is ready: cd %s && gwc vet\n", dir, dir)
	return nil
}

// updateSchema replaces the vendored schema of the repository in dir.
func updateSchema(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "cue.mod", "module.cue")); err != nil {
		return fmt.Errorf("%s is no CUE module (no cue.mod/module.cue): name the directory that \"gwc init\" made", dir)
	}
	files, err := schemaFiles()
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, vendored, "*.cue"))
	if err != nil {
		return err
	}
	if err := writeAll(dir, files); err != nil {
		return err
	}
	for _, path := range old {
		if _, ok := files[filepath.Join(vendored, filepath.Base(path))]; !ok {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// starterFiles returns the new repository's files by name.
func starterFiles() (map[string][]byte, error) {
	files, err := schemaFiles()
	if err != nil {
		return nil, err
	}
	files[filepath.FromSlash("cue.mod/module.cue")] = []byte(moduleFile)
	err = fs.WalkDir(starter, "starter", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := starter.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("starter", filepath.FromSlash(path))
		files[name] = data
		return err
	})
	return files, err
}

// schemaFiles returns the schema as it is vendored.
func schemaFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	entries, err := schemav1.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		data, err := schemav1.Files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		files[filepath.Join(filepath.FromSlash(vendored), entry.Name())] = data
	}
	return files, nil
}

// writeNew writes files that are not there yet, all of them or none.
func writeNew(dir string, files map[string][]byte) error {
	made := []string{dir}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for at := filepath.Dir(name); at != "."; at = filepath.Dir(at) {
			made = append(made, filepath.Join(dir, at))
		}
	}
	made = slices.DeleteFunc(made, isDir)
	err := writeAll(dir, files)
	if err == nil {
		return nil
	}
	for name := range files {
		_ = os.Remove(filepath.Join(dir, name)) // it may not have come to it
	}
	slices.SortFunc(made, func(a, b string) int { return len(b) - len(a) })
	for _, at := range made {
		_ = os.Remove(at)
	}
	return err
}

func writeAll(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, name)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := atomic.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
