// Package v1 holds gwc's definition language: the CUE package that environments import as
// "gwc.dev/schema/v1". The files are published from this directory, embedded in gwc, and vendored by
// gwc init.
package v1

import "embed"

// ImportPath is the path that environments import the package by.
const ImportPath = "gwc.dev/schema/v1"

// Files are the package's CUE files.
//
//go:embed *.cue
var Files embed.FS
