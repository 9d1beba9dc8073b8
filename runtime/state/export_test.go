package state

import "io/fs"

// SetWrite has another disk written to.
func (d *Dir) SetWrite(write func(path string, data []byte, perm fs.FileMode) error) { d.write = write }
