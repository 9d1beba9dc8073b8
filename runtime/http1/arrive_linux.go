package http1

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// An arrival waits for a client's next request without a buffer: only once there is something to read is one
// taken. It costs no more system calls than a read that waits.
//
// Plain requests are served within the wait. The runtime forgets what it was told of a connection where a wait begins,
// so another one would have to begin with a read, which mostly finds nothing. This one is ended by all that comes after
// its last read. What it does not notice is an end of the connection that came with a request: that is for the
// server's watch.
type arrival struct {
	raw  syscall.RawConn // nil: the connection is no bare socket
	step func(fd uintptr) bool
}

func (a *arrival) init(c *Conn) {
	if raw := c.wire.socket.raw; raw != nil {
		a.raw, a.step = raw, c.arrive
	}
}

// wait waits until a request has come that is not served yet; false: none will.
func (a *arrival) wait(c *Conn) bool {
	if a.raw == nil {
		return c.reader.need(1) == nil
	}
	return a.raw.Read(a.step) == nil && !c.ending && (c.head || c.reader.Buffered() > 0)
}

// ended reports whether the peer has ended its side and all that came before is read.
func (a *arrival) ended() bool {
	if a.raw == nil {
		return false
	}
	end := false
	err := a.raw.Control(func(fd uintptr) {
		var next [1]byte
		n, _, err := unix.Recvfrom(int(fd), next[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		end = n == 0 && err == nil
	})
	return end && err == nil
}

// arrive is a step of the wait: it reads and serves what has come. True ends the wait.
func (c *Conn) arrive(fd uintptr) bool {
	for c.reader.attempt(fd) {
		full := c.reader.end == len(c.reader.buf)
		if !c.servePlain() {
			return true
		}
		if !full { // the socket was empty then
			return false
		}
	}
	return false
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
