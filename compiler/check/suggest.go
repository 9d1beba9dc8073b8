package check

import (
	"fmt"
	"maps"
	"slices"

	"gwc.dev/compiler/nearest"
)

// instead returns the help for a name that does not exist: the nearest known one, or else what otherwise says.
func instead[V any](name string, known map[string]V, otherwise string) string {
	if guess := nearest.To(name, slices.Collect(maps.Keys(known))); guess != "" {
		return fmt.Sprintf("write %q, or %s", guess, otherwise)
	}
	return otherwise
}
