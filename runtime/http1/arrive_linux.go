package http1

import "syscall"

// An arrival waits for a client's next request without a buffer: only once there is something to read is one
// taken. It costs no more system calls than a read that waits.
type arrival struct {
	raw     syscall.RawConn // nil: the connection is no bare socket
	attempt func(fd uintptr) bool
}

func (a *arrival) init(w *wire, r *Reader) {
	if w.socket.raw != nil {
		a.raw, a.attempt = w.socket.raw, r.attempt
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
	n, err := readSocket(fd, r.buf[r.end:])
	if err == syscall.EAGAIN {
		r.release()
		return false
	}
	r.end += n
	return true
}
