package e2e_test

import (
	"log"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// The library that starts etcd and the API server lets them live on when the test that uses it ends without ending them:
// by a timeout, a panic, or a signal. So it is given this test's own program under their names, which first has the kernel
// end it with its parent and then becomes what it is called.

// mortal returns a directory with programs that end with the test.
func mortal(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Symlink(own, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// become turns this process into a program of E2E_BIN that ends with its parent.
func become(name string) {
	parent := os.Getppid()
	runtime.LockOSThread()
	_, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	if failed != 0 {
		log.Fatalf("%s: %v", name, failed)
	}
	if os.Getppid() != parent {
		os.Exit(1) // it has ended already
	}
	err := syscall.Exec(filepath.Join(os.Getenv("E2E_BIN"), name), os.Args, os.Environ())
	log.Fatalf("%s: %v", name, err)
}
