package http1

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp reports whether a peer has ended its side of a connection, even if there is something left to read.
func hungUp(c net.Conn) bool { return polled(c, unix.POLLRDHUP) }

// disturbed reports whether an idle connection is not as it was left: ended, or with bytes that nobody asked for.
// Over TLS such bytes may be the session's own.
func disturbed(c net.Conn) bool {
	if _, plain := c.(syscall.Conn); plain {
		return polled(c, unix.POLLRDHUP|unix.POLLIN)
	}
	return polled(c, unix.POLLRDHUP)
}

// polled reports whether any of the events, or an error, is pending. What is no socket has none.
func polled(c net.Conn, events int16) bool {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = wrapped.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	happened := false
	err = raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: events}}
		n, err := unix.Poll(fds[:], 0)
		happened = err == nil && n > 0
	})
	return happened || err != nil
}
