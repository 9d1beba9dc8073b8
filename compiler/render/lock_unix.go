//go:build unix

package render

import (
	"os"
	"syscall"
)

// lock waits until no other [Write] is at work in root, and keeps others out until it is undone. A lock ends with its
// process, however that ends.
func lock(root *os.Root) (unlock func(), err error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, &os.PathError{Op: "lock", Path: root.Name(), Err: err}
	}
	return func() { _ = d.Close() }, nil
}
