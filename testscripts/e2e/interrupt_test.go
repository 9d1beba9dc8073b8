package e2e_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// leaveNothing has this process end when it is interrupted, or whoever runs it is gone: "go test" does not pass every signal
// on. Then nothing that it started is left, nor the directory.
func leaveNothing(dir string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	go func() {
		for {
			select {
			case s := <-signals:
				log.Printf("%v: ending what was started", s)
			case <-time.After(time.Second):
				if os.Getppid() == parent {
					continue
				}
			}
			break
		}
		// The test goes on meanwhile, and may begin something or write once more.
		for range 200 {
			if err := os.RemoveAll(dir); killChildren() == 0 && err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		os.Exit(1)
	}()
}

// killChildren kills what this process has started, and returns how many there were.
func killChildren() (killed int) {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		data, _ := os.ReadFile(file) // it may have ended
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && bytes.Contains(data, fmt.Appendf(nil, "\nPPid:\t%d\n", os.Getpid())) && !bytes.Contains(data, []byte("\nState:\tZ")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			killed++
		}
	}
	return killed
}
