package diff

import (
	"cmp"
	"reflect"
	"slices"

	"gwc.dev/schema"
)

// Parts reports what differs between two values that stand at places of the same pattern, which the table of rules
// knows ("apis.*.routes.*"), in two models: two routes, say, of other names. The paths are those below the places.
func Parts[T any](pattern string, before, after *schema.Gateway, old, new T) []Change {
	w := newWalker(before, after)
	a, b := reflect.ValueOf(old), reflect.ValueOf(new)
	w.walk(place{pattern: pattern}, a, b, a, b)
	slices.SortFunc(w.changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return w.changes
}
