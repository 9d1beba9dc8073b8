// Package nearest finds what a person probably meant by a name that does not exist.
//
//	if guess := nearest.To(name, known); guess != "" {
//		hint = fmt.Sprintf("write %q", guess)
//	}
package nearest

import (
	"strings"
	"unicode/utf8"
)

// longest bounds the names that are compared, so that no name costs more than a fixed effort.
const longest = 128

// To returns the known name that name most probably stands for, or "" where none is near: at most one slip
// (a wrong, missing, superfluous or swapped letter; a letter's case is none) for each three letters begun. Of
// equally near names it returns the one that sorts first, in whatever order they are known.
func To(name string, known []string) string {
	if name == "" || len(name) > longest {
		return ""
	}
	folded := []rune(strings.ToLower(name))
	best, least := "", min((len(folded)+2)/3+1, len(folded))
	for _, k := range known {
		if k == "" || k == name || len(k) > longest {
			continue
		}
		if gap := utf8.RuneCountInString(k) - len(folded); max(gap, -gap) > least {
			continue
		}
		if d := slips(folded, []rune(strings.ToLower(k))); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// slips is the optimal string alignment distance: the number of letters to insert, delete, replace or swap
// with their neighbour.
func slips(a, b []rune) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
