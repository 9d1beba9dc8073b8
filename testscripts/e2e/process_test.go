package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A process is a program that runs for a test, and may be killed and started again.
type process struct {
	t    testing.TB
	name string
	args []string
	env  []string
	log  string // file
	cmd  *exec.Cmd
	told atomic.Bool   // to end
	done chan struct{} // closed when it has ended
}

// start starts a program. Its log is shown if the test fails, which it does if the program ends without being told to.
func start(t testing.TB, program string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: filepath.Base(program), args: append([]string{program}, args...), env: env}
	p.log = filepath.Join(t.TempDir(), p.name+".log")
	p.start()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s says at last, its arguments being %q:\n%s", p.name, p.args[1:], tail(p.log))
		}
	})
	return p
}

// tail returns the last lines of a file.
func tail(file string) []byte {
	const enough = 4000
	data, _ := os.ReadFile(file)
	if len(data) <= enough {
		return data
	}
	_, rest, _ := bytes.Cut(data[len(data)-enough:], []byte("\n"))
	return rest
}

func (p *process) start() {
	p.t.Helper()
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	p.cmd = exec.Command(p.args[0], p.args[1:]...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append(os.Environ(), p.env...), file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, done := p.cmd, make(chan struct{})
	p.done = done
	p.told.Store(false)
	go func() {
		defer close(done)
		if _ = cmd.Wait(); !p.told.Load() {
			p.t.Errorf("%s ended by itself: %v\n%s", p.name, cmd.ProcessState, tail(p.log))
		}
	}()
}

// kill ends the process at once, as kill -9 does.
func (p *process) kill() {
	p.told.Store(true)
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop ends the process as a kubelet does.
func (p *process) stop() {
	p.told.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.kill()
	}
}

// patience is how long is waited for what takes a few seconds: machines that run tests are slow at times.
const patience = 5 * time.Minute

// eventually waits until check says nothing is missing, and otherwise tells what is. It leaves the test the time to tell more.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	began := time.Now()
	end := began.Add(patience)
	if limited, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := limited.Deadline(); ok && deadline.Add(-time.Minute).Before(end) {
			end = deadline.Add(-time.Minute)
		}
	}
	for {
		err := check()
		if err == nil {
			t.Logf("%6.2f s  %s", time.Since(began).Seconds(), what)
			return
		}
		switch {
		case t.Failed():
			t.Fatalf("not waiting any more until %s: %v", what, err)
		case time.Now().After(end):
			t.Fatalf("not after %.0f s: %s: %v", time.Since(began).Seconds(), what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
