//go:build !unix

package render

import "os"

// lock does nothing where directories cannot be locked.
func lock(*os.Root) (unlock func(), err error) { return func() {}, nil }
