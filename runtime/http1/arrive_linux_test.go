package http1_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"gwc.dev/runtime/http1"
)

// TestEndThatComesWithARequestIsNoticed holds back a request until the end of the connection goes with it: the server
// learns of both at once.
func TestEndThatComesWithARequestIsNoticed(t *testing.T) {
	_, address := serve(t, echo, http1.Options{})
	c := dial(t, address)
	c.send("GET /1" + head + "\r\n")
	c.answer("GET")
	socket := c.Conn.(*net.TCPConn)
	cork(t, socket)
	c.send("GET /2" + head + "\r\n")
	if err := socket.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, got := c.answer("GET"); got != "GET /2" {
		t.Fatalf("got %q", got)
	}
	c.closed()
}

// cork makes a socket keep what does not fill a packet.
func cork(t *testing.T, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}
