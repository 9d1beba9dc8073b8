package diff

import (
	"fmt"
	"strings"
)

// Summary counts the changes: "3 changes: 1 breaking, 2 safe".
func (r *Report) Summary() string {
	if len(r.Changes) == 0 {
		return "no changes"
	}
	n := r.Count()
	var parts []string
	for c := Breaking; c >= Safe; c-- {
		if n[c] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[c], c))
		}
	}
	return number(len(r.Changes), "change") + ": " + strings.Join(parts, ", ")
}
