package render

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// maxOverlayFile bounds one file of an overlay.
const maxOverlayFile = 4 << 20

// findOverlay returns dir in absolute form if it has a kustomization file, else "".
func findOverlay(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("looking for a kustomization in %q: %w", dir, err)
	}
	name, err := kustomizationFile(abs)
	if err != nil || name == "" {
		return "", err
	}
	return abs, nil
}

// kustomizationFile returns the name of the kustomization file in dir, "" if it has none.
func kustomizationFile(dir string) (string, error) {
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		switch _, err := os.Lstat(filepath.Join(dir, name)); {
		case err == nil:
			found = append(found, name)
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("looking for a kustomization: %w", err)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	default:
		return "", fmt.Errorf("%s holds more than one kustomization: %s", dir, strings.Join(found, ", "))
	}
}

// loadOverlay copies the kustomization in dir, and every file and directory that it refers to, into memory, under
// the same paths, and returns what it read; first becomes the first of dir's resources.
//
// kustomize fetches what looks like a URL and can run programs. A kustomization gets here only if each of its
// references is a path to something on the disk, inside the directory that refers to it (other directories may
// stand beside it), and if it asks for no plugin, no Helm chart and no secret.
func loadOverlay(to *memory, dir, first string) ([]Source, error) {
	l := overlayLoader{to: to, seen: map[string]bool{}}
	if err := l.directory(dir); err != nil {
		return nil, err
	}
	var sources []Source
	for _, p := range slices.Sorted(maps.Keys(to.files)) {
		sources = append(sources, Source{p, to.files[p]})
	}
	name, err := kustomizationFile(dir)
	if err != nil {
		return nil, err
	}
	return sources, l.prepend(filepath.Join(dir, name), first)
}

type overlayLoader struct {
	to   *memory
	seen map[string]bool // directories
}

// directory copies the kustomization in dir and what it refers to.
func (l *overlayLoader) directory(dir string) error {
	if l.seen[dir] {
		return nil
	}
	l.seen[dir] = true
	name, err := kustomizationFile(dir)
	if err != nil {
		return err
	}
	if name == "" {
		return fmt.Errorf("%s: there is no kustomization.yaml", dir)
	}
	file := filepath.Join(dir, name)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	defer root.Close()
	data, err := readBounded(root, name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	if err := refuseUnsafe(&k); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := l.to.WriteFile(file, data); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	for _, ref := range references(&k) {
		if err := l.reference(root, dir, ref); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// reference copies what ref, which stands in the kustomization of dir, refers to.
func (l *overlayLoader) reference(root *os.Root, dir string, ref reference) error {
	switch {
	case ref.path == "":
		return fmt.Errorf("%s: an empty path", ref.field)
	case strings.ContainsAny(ref.path, ":@") || strings.HasPrefix(strings.ToLower(ref.path), "github.com/"):
		return fmt.Errorf("%s: %q looks remote, and gwc fetches nothing while it renders: copy it beside the kustomization", ref.field, ref.path)
	case filepath.IsAbs(ref.path):
		return fmt.Errorf("%s: %q is absolute: use a path relative to the kustomization", ref.field, ref.path)
	}
	full := filepath.Join(dir, ref.path)
	if ref.directory {
		info, err := os.Stat(full)
		if err != nil {
			return fmt.Errorf("%s: %w", ref.field, err)
		}
		if info.IsDir() {
			return l.directory(full)
		}
	}
	data, err := readBounded(root, ref.path)
	if err != nil {
		return fmt.Errorf("%s: %w", ref.field, err)
	}
	return l.to.WriteFile(full, data)
}

// prepend adds a resource to the kustomization in file, before those that it has.
func (l *overlayLoader) prepend(file, resource string) error {
	data, err := l.to.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	if kind, ok := fields["kind"]; ok && kind != types.KustomizationKind {
		return fmt.Errorf("%s: kind %v: want %s, to whose resources gwc adds what it renders", file, kind, types.KustomizationKind)
	}
	if fields == nil {
		fields = map[string]any{}
	}
	old, _ := fields["resources"].([]any)
	fields["resources"] = append([]any{resource}, old...)
	if data, err = yaml.Marshal(fields); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	return l.to.WriteFile(file, data)
}

// readBounded reads a regular file below root; links that lead out of it are errors.
func readBounded(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	if info.Size() > maxOverlayFile {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that are read", name, info.Size(), maxOverlayFile)
	}
	return root.ReadFile(name)
}
