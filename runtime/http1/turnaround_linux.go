package http1

import (
	"io"
	"net"
	"os"
	"syscall"
)

// A turnaround writes a request and waits for its answer in one go. A read of its own would first ask the socket
// whether there is something, and so soon after the request there never is: that system call is left out.
//
// What comes between the last read and the request is not noticed by itself, only with the answer. Nobody who keeps
// to HTTP sends anything then but the end of the connection, and to a request after that the answer is a reset.
type turnaround struct {
	raw  syscall.RawConn // nil: the connection is no bare socket
	step func(fd uintptr) bool

	out   []byte // of the request, still to be written
	begun bool
	wrote error
	in    []byte
	n     int
	err   error
}

func (t *turnaround) init(c net.Conn) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		t.raw, t.step = raw, t.attempt
	}
}

// owe makes the next Read write b first; false: it has to be written before.
func (w *wire) owe(b []byte) bool {
	if w.turn.raw == nil || len(b) == 0 {
		return false
	}
	w.turn.out = b
	return true
}

// read reads into p, after it has written what is owed.
func (w *wire) read(p []byte) (int, error) {
	t := &w.turn
	if len(t.out) == 0 {
		return w.Conn.Read(p)
	}
	t.begun, t.wrote, t.in, t.n, t.err = false, nil, p, 0, nil
	err := t.raw.Read(t.step)
	left := t.out
	t.out, t.in = nil, nil
	switch {
	case err != nil:
		return 0, err
	case len(left) > 0 && t.wrote == nil: // the socket takes no more for now
		if _, err := w.Write(left); err != nil {
			return 0, err
		}
		return w.Conn.Read(p)
	}
	return t.n, t.err
}

// attempt is a step on a socket: write, and once there is something to read, read. false: wait for that.
func (t *turnaround) attempt(fd uintptr) bool {
	if !t.begun {
		t.begun = true
		if t.write(int(fd)); len(t.out) == 0 {
			return false
		}
		if t.wrote == nil {
			return true
		}
	}
	for {
		n, err := syscall.Read(int(fd), t.in)
		switch {
		case err == syscall.EINTR: //nolint:errorlint // a system call's own
			continue
		case err == syscall.EAGAIN && t.wrote == nil: //nolint:errorlint // likewise
			return false
		case n > 0: // also after a failed write: it may say why
			t.n = n
		case t.wrote != nil:
			t.err = os.NewSyscallError("write", t.wrote)
		case err != nil:
			t.err = os.NewSyscallError("read", err)
		default:
			t.err = io.EOF
		}
		return true
	}
}

// write writes as much as the socket takes.
func (t *turnaround) write(fd int) {
	for len(t.out) > 0 {
		n, err := syscall.Write(fd, t.out)
		switch {
		case err == syscall.EINTR: //nolint:errorlint // a system call's own
			continue
		case err == syscall.EAGAIN: //nolint:errorlint // likewise
			return
		case err != nil:
			t.wrote = err
			return
		}
		t.out = t.out[n:]
	}
}
