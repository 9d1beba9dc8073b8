//go:build amd64 || arm64

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A step is an instant in the life of a process: before or after a system call by which it changes a file below a
// directory. The disk is the same from one step to the next, except that a write may be cut short.
type step struct {
	call string // such as "rename"
	file string // its name, without what makes a temporary name unique
	done bool
}

func (s step) String() string {
	if s.done {
		return "after " + s.call + " " + s.file
	}
	return "before " + s.call + " " + s.file
}

// trace runs a command until a step is reached at which until says so, and then kills it there, as kill -9 does. It tells
// the steps up to then. The command may have other threads; none of them is left.
func trace(t *testing.T, cmd *exec.Cmd, dir string, until func([]step) bool) []step {
	t.Helper()
	// The kernel knows a tracer by its thread. It is not unlocked, so that it ends with the goroutine and what it traces with it.
	type result struct {
		steps []step
		err   error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		tr := &tracer{dir: dir, files: map[int]string{}, entered: map[int]call{}}
		err := tr.run(cmd, until)
		done <- result{tr.steps, err}
	}()
	r := <-done
	if errors.Is(r.err, syscall.EPERM) {
		t.Fatalf("this machine does not let the test trace system calls: %v: allow ptrace of children (sysctl kernel.yama.ptrace_scope below 3, CAP_SYS_PTRACE in a container)", r.err)
	}
	if r.err != nil {
		t.Fatalf("tracing %s: %v, after %v", filepath.Base(cmd.Path), r.err, r.steps)
	}
	return r.steps
}

type tracer struct {
	dir     string
	memory  *os.File       // the process's
	files   map[int]string // open files below dir, by descriptor
	entered map[int]call   // by thread
	steps   []step
}

// A call is a system call that has begun.
type call struct {
	name, path string
	fd         int // of those that have one
}

var (
	errTimeout = errors.New("within a minute it reaches no step at which it is to be killed")
	errOld     = errors.New("the kernel is older than Linux 5.3")
)

func (tr *tracer) run(cmd *exec.Cmd, until func([]step) bool) error {
	// A group of its own, so that waiting for it does not take from others what they wait for.
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	end := func() {
		_ = cmd.Process.Kill()
		for {
			if _, err := syscall.Wait4(-pid, nil, syscall.WALL, nil); err != nil && !errors.Is(err, syscall.EINTR) {
				break // there is nobody left
			}
		}
		_ = cmd.Wait() // closes what it wrote to
	}
	defer end()
	timer := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	defer timer.Stop()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, syscall.WALL, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("it does not begin: %v, %v", status, err)
	}
	const exitKill, sysGood = 1 << 20, syscall.PTRACE_O_TRACESYSGOOD
	if err := syscall.PtraceSetOptions(pid, exitKill|sysGood|syscall.PTRACE_O_TRACECLONE); err != nil {
		return err
	}
	var err error
	if tr.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", pid)); err != nil {
		return err
	}
	defer tr.memory.Close()
	for thread, signal := pid, 0; ; {
		// One that has just been killed is not there to be resumed.
		if err := syscall.PtraceSyscall(thread, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		for {
			thread, err = syscall.Wait4(-pid, &status, syscall.WALL, nil)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if err != nil {
				return err
			}
			if status.Stopped() {
				break
			}
			if thread == pid {
				if status.Signaled() && status.Signal() == syscall.SIGKILL {
					return errTimeout
				}
				return fmt.Errorf("it ends by itself: %v", status)
			}
		}
		signal = 0
		switch s := status.StopSignal(); {
		case s == syscall.SIGTRAP|0x80:
			before := len(tr.steps)
			if err := tr.syscall(thread); err != nil {
				return err
			}
			if len(tr.steps) > before && until(tr.steps) {
				return nil
			}
		case s == syscall.SIGTRAP || s == syscall.SIGSTOP: // a thread begins
		default:
			signal = int(s)
		}
	}
}

// syscallInfo is the kernel's struct ptrace_syscall_info.
type syscallInfo struct {
	Op   uint8
	_    [3]byte
	Arch uint32
	_    [2]uint64 // where it is
	Data [8]uint64 // entry: number and arguments; exit: result
}

func (tr *tracer) syscall(thread int) error {
	const getSyscallInfo, entry, exit = 0x420e, 1, 2
	var raw [88]byte
	_, _, failed := syscall.Syscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(thread), uintptr(len(raw)), uintptr(unsafe.Pointer(&raw)), 0, 0)
	if failed == syscall.ESRCH {
		return nil // killed
	}
	if failed == syscall.EIO {
		return errOld
	}
	if failed != 0 {
		return fmt.Errorf("PTRACE_GET_SYSCALL_INFO: %w", failed)
	}
	var info syscallInfo
	if _, err := binary.Decode(raw[:], binary.NativeEndian, &info); err != nil {
		return err
	}
	switch info.Op {
	case entry:
		if c, ok := tr.call(info.Data[0], [6]uint64(info.Data[1:7])); ok {
			tr.entered[thread] = c
			tr.note(c, false)
		}
	case exit:
		c, ok := tr.entered[thread]
		if !ok {
			return nil
		}
		delete(tr.entered, thread)
		if result := int64(info.Data[0]); c.name == "open" && result >= 0 {
			tr.files[int(result)] = c.path
		} else if c.name == "close" {
			delete(tr.files, c.fd)
			return nil
		}
		tr.note(c, true)
	}
	return nil
}

func (tr *tracer) note(c call, done bool) {
	name := filepath.Base(c.path)
	if strings.HasPrefix(name, ".") { // and a random part
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if c.path == tr.dir {
		name = "the directory"
	}
	if c.name != "close" {
		tr.steps = append(tr.steps, step{c.name, name, done})
	}
}

// call tells what a system call does, if it changes something below the directory.
func (tr *tracer) call(number uint64, args [6]uint64) (call, bool) {
	onFile := func(name string) (call, bool) {
		fd := int(int32(args[0]))
		path, ok := tr.files[fd]
		return call{name, path, fd}, ok
	}
	onPath := func(name string, at uint64) (call, bool) {
		path := tr.text(at)
		return call{name: name, path: path}, path == tr.dir || strings.HasPrefix(path, tr.dir+"/")
	}
	switch number {
	case syscall.SYS_OPENAT:
		c, ok := onPath("open", args[1])
		return c, ok && args[2]&(syscall.O_CREAT|syscall.O_WRONLY|syscall.O_RDWR) != 0
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64:
		return onFile("write")
	case syscall.SYS_FTRUNCATE:
		return onFile("truncate")
	case syscall.SYS_FSYNC:
		return onFile("sync")
	case syscall.SYS_CLOSE:
		return onFile("close")
	case syscall.SYS_RENAMEAT:
		return onPath("rename", args[3])
	case syscall.SYS_LINKAT:
		return onPath("link", args[3])
	case syscall.SYS_UNLINKAT:
		return onPath("remove", args[1])
	case syscall.SYS_MKDIRAT:
		return onPath("mkdir", args[1])
	case syscall.SYS_UTIMENSAT:
		return onPath("touch", args[1])
	}
	return call{}, false
}

// text reads a string of the process.
func (tr *tracer) text(at uint64) string {
	var buffer [syscall.PathMax]byte
	n, err := tr.memory.ReadAt(buffer[:], int64(at))
	if n == 0 && err != nil {
		return ""
	}
	text, _, _ := bytes.Cut(buffer[:n], []byte{0})
	return string(text)
}

// distinct returns each step once, in order.
func distinct(all []step) (out []step) {
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// halve cuts the files short that were written and not given a name yet, as a kill in the middle of the write does.
func halve(t *testing.T, dir string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		info, err := os.Lstat(path)
		if err == nil {
			err = os.Truncate(path, info.Size()/2)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
