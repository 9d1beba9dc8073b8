package http1

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A socket reads and writes a connection by system calls of its own, if that is a bare one of the system's. One
// goroutine may read and another write.
type socket struct {
	raw     syscall.RawConn // nil: the connection is none
	in, out transfer
	owed    []byte // to be written by the next read
}

// A transfer is a read or write under way.
type transfer struct {
	p    []byte // what is left of it
	n    int
	err  error
	step func(fd uintptr) bool // goes on with it; false: once the system is ready
}

func (s *socket) init(c net.Conn) {
	conn, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	s.raw, s.in.step, s.out.step = raw, s.receive, s.send
}

func (t *transfer) begin(p []byte) { t.p, t.n, t.err = p, 0, nil }

func (t *transfer) end(err error) (int, error) {
	t.p = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

// fail ends a transfer with a system call's error.
func (t *transfer) fail(call string, err syscall.Errno) bool {
	t.err = os.NewSyscallError(call, err)
	return true
}

func (w *wire) read(p []byte) (int, error) {
	s := &w.socket
	if s.raw == nil {
		return w.Conn.Read(p)
	}
	s.in.begin(p)
	n, err := s.in.end(s.raw.Read(s.in.step))
	rest := s.owed
	s.owed = nil
	if len(rest) == 0 || err != nil {
		return n, err
	}
	if _, err := w.Write(rest); err != nil { // it waits for room
		return 0, err
	}
	return w.read(p)
}

func (w *wire) write(p []byte) (int, error) {
	s := &w.socket
	if s.raw == nil {
		return w.Conn.Write(p)
	}
	s.out.begin(p)
	return s.out.end(s.raw.Write(s.out.step))
}

// owe makes the next read write b first; false: it has to be written before. It saves a system call: a read of its own
// would first ask whether there is something, and so soon after a request there never is an answer.
//
// What comes between the last read and the request is not noticed by itself, only with the answer. Nobody who keeps
// to HTTP sends anything then but the end of the connection, and to a request after that the answer is a reset.
func (w *wire) owe(b []byte) bool {
	if w.socket.raw == nil {
		return false
	}
	w.socket.owed = b
	return true
}

// receive is a step of a read.
func (s *socket) receive(fd uintptr) bool {
	t := &s.in
	if len(s.owed) > 0 {
		n, err := writeSocket(fd, s.owed)
		if err != 0 && err != syscall.EAGAIN {
			return s.refused(fd, err)
		}
		s.owed = s.owed[n:]
		return len(s.owed) > 0
	}
	n, err := readSocket(fd, t.p)
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != 0:
		return t.fail("read", err)
	case n == 0:
		t.err = io.EOF
	}
	t.n = n
	return true
}

// refused ends a read whose write failed. What has come by then may say why.
func (s *socket) refused(fd uintptr, wrote syscall.Errno) bool {
	s.owed = nil
	n, err := readSocket(fd, s.in.p)
	if err != 0 || n == 0 {
		return s.in.fail("write", wrote)
	}
	s.in.n = n
	return true
}

// send is a step of a write.
func (s *socket) send(fd uintptr) bool {
	t := &s.out
	for len(t.p) > 0 {
		n, err := writeSocket(fd, t.p)
		switch {
		case err == syscall.EAGAIN:
			return false
		case err != 0:
			return t.fail("write", err)
		}
		t.p = t.p[n:]
		t.n += n
	}
	return true
}

// Sockets never block: the runtime need not be told of their system calls, which it would take for ones that may. It
// would count on the thread being gone for long and give its work to another one. And recv and send know that they have a
// socket, which read and write find out.

func readSocket(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		if err != syscall.EINTR {
			return count(n, err), err
		}
	}
}

func writeSocket(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, err := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_NOSIGNAL, 0, 0)
		if err != syscall.EINTR {
			return count(n, err), err
		}
	}
}

func count(n uintptr, err syscall.Errno) int {
	if err != 0 {
		return 0
	}
	return int(n)
}
