package compiler

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/mod/modfile"

	"gwc.dev/compiler/diag"
	v1 "gwc.dev/schema/v1"
)

// A module is the CUE module that an environment stands in.
type module struct {
	root string // absolute
	dir  string // the environment's directory below the root, slash-separated
	name string // the directory's base name
	// base is the directory that positions are relative to.
	base string
	// schemaDir is the directory below the root that an import of the schema resolves to.
	schemaDir string
	// bytes is the size of the environment's own files.
	bytes int64
	// shown are the names of files as positions print them, "" for those that are not the user's.
	shown map[string]string
}

const moduleFile = "cue.mod/module.cue"

// openModule finds the module that dir stands in.
func openModule(dir, base string) (*module, error) {
	m := &module{schemaDir: "cue.mod/pkg/" + v1.ImportPath, shown: map[string]string{}}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if m.base, err = filepath.Abs(base); err != nil {
		return nil, err
	}
	if m.root, err = moduleRoot(abs); err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(m.root, abs)
	if err != nil {
		return nil, err
	}
	m.dir, m.name = filepath.ToSlash(rel), filepath.Base(abs)

	data, err := readAtMost(filepath.Join(m.root, filepath.FromSlash(moduleFile)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the CUE module has no %s: gwc init makes one", moduleFile)
	} else if err != nil {
		return nil, err
	}
	f, err := modfile.ParseNonStrict(data, m.display(moduleFile))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %s", m.display(moduleFile), clean(err.Error()))
	}
	if own, rest, _ := strings.Cut(v1.ImportPath, "/"); f.ModuleRootPath() == own {
		m.schemaDir = rest // the schema's own module: the import is of one of its packages
	}
	return m, m.measure()
}

// moduleRoot returns the nearest directory at or above dir that holds a cue.mod.
func moduleRoot(dir string) (string, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("no such directory: name a directory of CUE files, or make one with gwc init")
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", errors.New("a file: name the directory that it stands in")
	}
	for at := dir; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, "cue.mod")); err == nil && info.IsDir() {
			return at, nil
		}
		if filepath.Dir(at) == at {
			return "", errors.New("not in a CUE module: neither it nor a directory above it holds a cue.mod; gwc init makes one")
		}
	}
}

// measure adds up the sizes of the environment's files, and holds that there are some.
func (m *module) measure() error {
	for at := m.dir; ; at = path.Dir(at) {
		entries, err := os.ReadDir(m.abs(at))
		if err != nil {
			return err
		}
		files := 0
		for _, e := range entries {
			if name := e.Name(); path.Ext(name) != ".cue" || e.IsDir() || name[0] == '_' || name[0] == '.' {
				continue
			}
			files++
			info, err := os.Stat(m.abs(path.Join(at, e.Name())))
			if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
				return fmt.Errorf("reading %q: %w", m.display(path.Join(at, e.Name())), failed.Err)
			}
			if err := readable(info); err != nil {
				return fmt.Errorf("reading %q: %w", m.display(path.Join(at, e.Name())), err)
			}
			m.bytes += info.Size()
		}
		if at == m.dir && files == 0 {
			return errors.New("no CUE files in it: write one, or make an environment with gwc init")
		}
		if at == "." {
			return nil
		}
	}
}

func (m *module) abs(name string) string { return filepath.Join(m.root, filepath.FromSlash(name)) }

// display returns name, which is relative to the module's root, as positions print it.
func (m *module) display(name string) string {
	rel, err := filepath.Rel(m.base, m.abs(name))
	if err != nil { // on another volume
		rel = m.abs(name)
	}
	return filepath.ToSlash(rel)
}

// relative returns the name of a file that CUE read, relative to the module's root; false for files outside
// the module and for the schema's, which are not the user's.
func (m *module) relative(filename string) (string, bool) {
	rel, err := filepath.Rel(m.root, filename)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	rel = filepath.ToSlash(rel)
	return rel, path.Dir(rel) != m.schemaDir
}

// position returns p as findings print it, and nothing for a place that is not in a file of the user's.
func (m *module) position(p token.Pos) diag.Position {
	if !p.IsValid() || p.Filename() == "" {
		return diag.Position{}
	}
	file, ok := m.shown[p.Filename()]
	if !ok {
		if name, own := m.relative(p.Filename()); own {
			file = m.display(name)
		}
		m.shown[p.Filename()] = file
	}
	if file == "" {
		return diag.Position{}
	}
	at := p.Position()
	return diag.Position{File: file, Line: at.Line, Column: at.Column}
}

// nearer orders positions by how near their files are to the environment: its own, those above it from the bottom up,
// and those that it imports.
func (m *module) nearer(a, b token.Pos) int {
	depth := func(p token.Pos) int {
		name, _ := m.relative(p.Filename())
		if dir := path.Dir(name); isBelow(m.dir, dir) {
			return strings.Count(name, "/")
		}
		return -1
	}
	return depth(b) - depth(a)
}

// userPosition returns the first of some positions that is in a file of the user's.
func (m *module) userPosition(all ...token.Pos) diag.Position {
	for _, p := range all {
		if at := m.position(p); at.File != "" {
			return at
		}
	}
	return diag.Position{}
}

// overlay puts the embedded schema in the place of whatever the module holds of it.
func (m *module) overlay() (map[string]load.Source, error) {
	files := map[string]load.Source{}
	entries, err := os.ReadDir(m.abs(m.schemaDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if path.Ext(e.Name()) == ".cue" {
			files[m.abs(path.Join(m.schemaDir, e.Name()))] = load.FromString("package v1\n")
		}
	}
	return files, eachSchemaFile(func(name string, data []byte) {
		files[m.abs(path.Join(m.schemaDir, name))] = load.FromBytes(data)
	})
}

// eachSchemaFile calls f for each file of the embedded schema.
func eachSchemaFile(f func(name string, data []byte)) error {
	entries, err := v1.Files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := v1.Files.ReadFile(e.Name())
		if err != nil {
			return err
		}
		f(e.Name(), data)
	}
	return nil
}

// outdated warns of a copy of the schema in the module that is not the embedded one: gwc does not read it,
// and CUE on its own does.
func (m *module) outdated() diag.List {
	differ := map[string]bool{}
	entries, err := os.ReadDir(m.abs(m.schemaDir))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if path.Ext(e.Name()) == ".cue" {
			differ[e.Name()] = true
		}
	}
	err = eachSchemaFile(func(name string, data []byte) {
		onDisk, err := os.ReadFile(m.abs(path.Join(m.schemaDir, name)))
		differ[name] = err != nil || !bytes.Equal(onDisk, data)
	})
	for _, name := range slices.Sorted(maps.Keys(differ)) {
		if err == nil && differ[name] {
			return diag.List{{
				Code:     codeSchema,
				Severity: diag.Warning,
				Position: diag.Position{File: m.display(path.Join(m.schemaDir, name))},
				Message:  "the module's copy of " + v1.ImportPath + " differs from the one in gwc, which is used instead",
				Hint:     "bring the copy up to date with \"gwc init --update " + m.display(".") + "\", so that cue and editors agree with gwc",
			}}
		}
	}
	return nil
}
