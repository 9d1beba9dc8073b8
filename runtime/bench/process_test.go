package main

import (
	"testing"
	"time"
)

func TestFilesOfProcAreRead(t *testing.T) {
	if got, err := readSchedstat("123456789 5 6\n"); got != 123456789*time.Nanosecond || err != nil {
		t.Errorf("schedstat: %v and error %v", got, err)
	}
	if got, err := readRSS("Name:\tgwproxy\nVmRSS:\t   12344 kB\nThreads:\t5\n"); got != 12344<<10 || err != nil {
		t.Errorf("status: %d and error %v", got, err)
	}
	if got, err := readRSS("Name:\tgwproxy\n"); err == nil {
		t.Errorf("status without VmRSS: %d and no error", got)
	}
}
