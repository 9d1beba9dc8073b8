package state

import "io/fs"

// SetRead has files read in another way.
func (d *Dir) SetRead(read func(path string) ([]byte, error)) { d.read = read }

// SetWrite has another disk written to.
func (d *Dir) SetWrite(write func(path string, data []byte, perm fs.FileMode) error) { d.write = write }
