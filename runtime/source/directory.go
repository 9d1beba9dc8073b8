package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// dataLink is the link that Kubernetes swaps when a mounted ConfigMap or Secret changes. It leads to a directory that is
// written once, so that what is read below it belongs together.
const dataLink = "..data"

// extension is how the entry of a directory that is the bundle ends.
const extension = ".bundle"

// entryOf returns the bundle in a directory: its one entry that ends in .bundle, with hidden ones left out.
func entryOf(dir string) (string, error) {
	top := dir
	if target, err := filepath.EvalSymlinks(filepath.Join(dir, dataLink)); err == nil {
		top = target
	}
	entries, err := os.ReadDir(top)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, extension) && !strings.HasPrefix(name, ".") {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", errors.New("it is a directory and no entry of it ends in .bundle")
	case 1:
		return filepath.Join(top, found[0]), nil
	}
	return "", fmt.Errorf("it is a directory with more than one bundle, %s: name the one that is meant", strings.Join(found, " and "))
}
