package http1

import (
	"net"
	"syscall"
)

// An arrival waits for a client's next request without a buffer: only once there is something to read is one
// taken. It costs no more system calls than a read that waits.
type arrival struct {
	raw     syscall.RawConn // nil: the connection is no bare socket
	attempt func(fd uintptr) bool
}

func (a *arrival) init(c net.Conn, r *Reader) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		a.raw, a.attempt = raw, r.attempt
	}
}

// wait waits until r has something buffered; false: nothing will come.
func (a *arrival) wait(r *Reader) bool {
	if a.raw == nil {
		return r.need(1) == nil
	}
	return a.raw.Read(a.attempt) == nil && r.Buffered() > 0
}

// attempt reads from a socket, if there is something; false: there is not, and no buffer is held.
func (r *Reader) attempt(fd uintptr) bool {
	r.room()
	for {
		n, err := syscall.Read(int(fd), r.buf[r.end:])
		switch {
		case err == syscall.EINTR: //nolint:errorlint // a system call's own
			continue
		case err == syscall.EAGAIN: //nolint:errorlint // likewise
			r.release()
			return false
		case n > 0:
			r.end += n
		}
		return true
	}
}
