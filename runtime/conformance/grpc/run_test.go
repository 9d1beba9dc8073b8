package grpc_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hung is when a run of the suite is given up: the runner waits for a call that gets no answer without end.
const hung = 3 * time.Minute

// run makes the calls of all cases that a configuration selects, through a gateway. Flags are those of the runner.
func (s suite) run(t *testing.T, config string, gateway described, flags ...string) {
	t.Helper()
	stand, err := json.Marshal(gateway)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	args := append(flags, "--conf", filepath.Join("testdata", config), "--vv", "--", self)
	cmd := exec.CommandContext(ctx, s.runner, args...)
	cmd.Env = append(os.Environ(), gatewayVariable+"="+string(stand))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that the stand-ins end with the runner
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	out, err := cmd.CombinedOutput()
	report, unanswered := digest(string(out))
	t.Log(report)
	if err != nil {
		t.Errorf("connectconformance: %v", err)
	}
	for _, call := range unanswered {
		t.Errorf("without an answer: %s", call)
	}
}

// digest takes the record of single calls out of what the runner prints, and returns the calls that did not end.
func digest(out string) (report string, unanswered []string) {
	var rest strings.Builder
	open := map[string]bool{}
	for line := range strings.Lines(out) {
		if call, ok := strings.CutPrefix(line, "Sending request for "); ok {
			open[strings.TrimSuffix(call, "...\n")] = true
		} else if call, ok := strings.CutPrefix(line, "Received response for "); ok {
			delete(open, strings.TrimSuffix(call, "...\n"))
		} else {
			rest.WriteString(line)
		}
	}
	return rest.String(), slices.Sorted(maps.Keys(open))
}
