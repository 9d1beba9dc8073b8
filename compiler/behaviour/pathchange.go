package behaviour

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"gwc.dev/schema"
)

// A pathChange puts a path in the place of a request's, or of a prefix of it. The zero pathChange changes nothing: it
// puts nothing in the place of nothing.
type pathChange struct {
	Full     string
	Cut, Put string // without a slash at their ends
}

func newPathChange(matched, prefix, full string) pathChange {
	switch {
	case full != "":
		return pathChange{Full: normal(full)}
	case prefix != "":
		return pathChange{Cut: matched, Put: trimmed(prefix)}
	}
	return pathChange{}
}

// same reports whether both make the same of the paths that both meet: of one path, or of all that begin as both cut.
func (c pathChange) same(other pathChange, exact string) bool {
	switch {
	case exact != "":
		return c.of(exact) == other.of(exact)
	case c.Full != "" || other.Full != "":
		return c.Full == other.Full
	case len(c.Cut) > len(other.Cut):
		c, other = other, c
	}
	rest, ok := strings.CutPrefix(other.Cut, c.Cut)
	return ok && other.Put == c.Put+rest
}

// meets returns the few paths of which two changes that are not the same make the same all the same.
func (c pathChange) meets(other pathChange) []string {
	if c.Full == "" {
		c, other = other, c
	}
	if c.Full == "" || other.Full != "" {
		return nil
	}
	var out []string
	candidates := []string{cmp.Or(other.Cut, "/"), other.Cut + "/"}
	if rest, ok := strings.CutPrefix(c.Full, other.Put); ok && strings.HasPrefix(rest, "/") {
		candidates = append(candidates, other.Cut+rest)
	}
	for _, path := range candidates {
		if other.of(path) == c.Full {
			out = append(out, path)
		}
	}
	return sorted(out)
}

// String says what is put in the place of what.
func (c pathChange) String() string {
	if c.Full != "" {
		return strconv.Quote(c.Full)
	}
	return fmt.Sprintf("%q for %q", cmp.Or(c.Put, "/"), cmp.Or(c.Cut, "/"))
}

func (c pathChange) of(path string) string {
	if c.Full != "" {
		return c.Full
	}
	if rest, ok := strings.CutPrefix(path, c.Cut); ok {
		path = c.Put + rest
	}
	return cmp.Or(path, "/")
}

func normal(path string) string {
	if out, ok := schema.NormalizePath(path); ok {
		return out
	}
	return path
}

func trimmed(path string) string { return strings.TrimSuffix(normal(path), "/") }
