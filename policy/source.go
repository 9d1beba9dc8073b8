package policy

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"gwc.dev/compiler/diag"
)

//go:embed lib/*.rego
var library embed.FS

// maxSource bounds one file of Rego.
const maxSource = 1 << 20

// A source is one file of Rego.
type source struct {
	// name is the file's name in findings.
	name string
	text string
	user bool
	test bool
}

// parse returns the module of s, or what is wrong with it.
func (s source) parse() (*ast.Module, diag.List) {
	m, err := ast.ParseModuleWithOpts(s.name, s.text, ast.ParserOptions{
		Capabilities:      capabilities(),
		ProcessAnnotation: true,
		RegoVersion:       ast.RegoV1,
	})
	if err != nil {
		return nil, findingsOf(err, s.name)
	}
	return m, nil
}

// librarySources returns the embedded rules, without their tests.
func librarySources() ([]source, error) {
	all, err := readTree(library, "lib", func(name string) string { return "gwc:" + path.Base(name) })
	if err != nil {
		return nil, fmt.Errorf("reading the policy library: %w", err)
	}
	var out []source
	for _, s := range all {
		if !s.test {
			out = append(out, s)
		}
	}
	return out, nil
}

// userSources returns the Rego files in dirs and below, each file once.
func userSources(dirs []string, base string) ([]source, error) {
	var out []source
	seen := map[string]bool{}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("policy directory %q does not exist", dir)
		}
		if err == nil && !info.IsDir() {
			return nil, fmt.Errorf("policy directory %q is a file: name the directory that holds it", dir)
		}
		if err != nil {
			return nil, fmt.Errorf("reading policy directory %q: %w", dir, err)
		}
		all, err := readTree(os.DirFS(dir), ".", func(name string) string {
			return displayName(base, filepath.Join(dir, filepath.FromSlash(name)))
		})
		if err != nil {
			return nil, fmt.Errorf("reading policy directory %q: %w", dir, err)
		}
		for _, s := range all {
			if !seen[s.name] {
				seen[s.name] = true
				s.user = true
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// readTree reads the Rego files at root and below in the order of their names. What begins with a dot is left
// alone, as are directories that are reached by symbolic links.
func readTree(tree fs.FS, root string, display func(name string) string) ([]source, error) {
	var out []source
	err := fs.WalkDir(tree, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != root && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || path.Ext(name) != ".rego" {
			return nil
		}
		text, err := readSource(tree, name)
		if err != nil {
			return err
		}
		out = append(out, source{name: display(name), text: text, test: strings.HasSuffix(name, "_test.rego")})
		return nil
	})
	return out, err
}

func readSource(tree fs.FS, name string) (string, error) {
	info, err := fs.Stat(tree, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	f, err := tree.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxSource {
		return "", fmt.Errorf("%s is larger than %d bytes", name, maxSource)
	}
	return string(data), nil
}

// displayName returns file relative to base, or as it was given where it lies elsewhere.
func displayName(base, file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		if root, err := filepath.Abs(base); err == nil {
			if rel, err := filepath.Rel(root, abs); err == nil && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel)
			}
		}
	}
	return filepath.ToSlash(file)
}

// findingsOf turns OPA's errors about sources into findings; file is where an error without a place belongs.
func findingsOf(err error, file string) diag.List {
	var many ast.Errors
	if one, ok := errors.AsType[*ast.Error](err); ok {
		many = ast.Errors{one}
	} else if !errors.As(err, &many) {
		return diag.List{{Code: "rego-error", Severity: diag.Error, Position: diag.Position{File: file}, Message: err.Error()}}
	}
	var l diag.List
	for _, e := range many {
		f := diag.Finding{
			Code:     strings.ReplaceAll(e.Code, "_", "-"),
			Severity: diag.Error,
			Position: position(e.Location),
			Message:  e.Message,
			Hint:     withheldHint(e.Message),
		}
		if f.Position.File == "" {
			f.Position.File = file
		}
		l = append(l, f)
	}
	// The parser says some things twice, once in full.
	said := slices.Clone(l)
	return slices.DeleteFunc(l, func(f diag.Finding) bool {
		return slices.ContainsFunc(said, func(more diag.Finding) bool {
			return more.Position == f.Position && len(more.Message) > len(f.Message) && strings.HasPrefix(more.Message, f.Message)
		})
	})
}

func position(loc *ast.Location) diag.Position {
	if loc == nil {
		return diag.Position{}
	}
	column := loc.Col
	if loc.Row > 0 {
		column = max(column, 1) // 0 is OPA's column of the end of a file
	}
	return diag.Position{File: loc.File, Line: loc.Row, Column: column}
}
