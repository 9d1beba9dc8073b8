package diag

import (
	"cmp"
	"crypto/sha256"
	"fmt"
)

// fingerprints names findings, so that whoever shows them knows one again in a later report. A fingerprint is made of
// code, file, path and message, and not of the line: it stays when lines move. Findings that are alike in all of that
// are numbered in their order.
type fingerprints map[string]int

func (seen fingerprints) of(f Finding) string {
	key := fmt.Sprintf("%q %q %q %q", f.Code, f.Position.File, f.Path, f.Message)
	seen[key]++
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%x:%d", sum[:16], seen[key])
}

// anchored returns where a finding stands for those who show none without a file and a line: what has no file stands in
// that which every CUE module has.
func anchored(p Position) Position {
	return Position{File: cmp.Or(p.File, "cue.mod/module.cue"), Line: max(p.Line, 1), Column: max(p.Column, 0)}
}
