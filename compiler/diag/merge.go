package diag

import (
	"fmt"
	"slices"
	"strings"

	"gwc.dev/schema"
)

// maxPlaces is how many further places a merged finding names.
const maxPlaces = 3

// Merged returns located findings with each mistake once: what stands in one line and does the same at many places
// of the model, as a filter of an API does at each of its routes, is reported at the first of them, with the others
// as related places.
func (l List) Merged() List {
	var out List
	first := map[string]int{}
	places := map[int][]schema.Path{}
	for _, f := range l.Sorted() {
		key := fmt.Sprintf("%v %v %s %q", f.Position, f.Severity, f.Code, f.Hint)
		for _, r := range f.Related {
			if r.Position.File != "" {
				r.Path = "" // its place in the file is what counts
			}
			key += fmt.Sprintf(" %v %s %q", r.Position, r.Path, r.Message)
		}
		i, ok := first[key]
		if !ok || f.Position.File == "" {
			first[key] = len(out)
			out = append(out, f)
			continue
		}
		if f.Path != out[i].Path && !slices.Contains(places[i], f.Path) {
			places[i] = append(places[i], f.Path)
		}
	}
	for i, paths := range places {
		names := make([]string, 0, maxPlaces)
		for _, p := range paths[:min(len(paths), maxPlaces)] {
			names = append(names, string(p))
		}
		message := "the same at " + strings.Join(names, ", ")
		if n := len(paths) - maxPlaces; n > 0 {
			message += fmt.Sprintf(" and %d more", n)
		}
		out[i].Related = append(slices.Clone(out[i].Related), Related{Position: out[i].Position, Message: message})
	}
	return out
}
