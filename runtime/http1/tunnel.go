package http1

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"gwc.dev/runtime/exchange"
)

// Tunnel passes on an endpoint's 101 answer and then joins the two connections until both sides have ended. Each
// direction ends by itself: an end of one side is passed on to the other as the end of that direction. A slow
// reader slows the writer down. received and sent count what came from the client and what went to it.
func (c *Conn) Tunnel(x *exchange.Exchange, call *Call) (received, sent int64, err error) {
	if c.answered {
		return 0, 0, errAnswered
	}
	if x.Response.Status != 101 || call.meta.Upgrade == "" || !exchange.EqualFold(call.meta.Upgrade, c.meta.Upgrade) {
		return 0, 0, errNoUpgrade
	}
	c.answered, c.ending = true, true
	c.answer = Meta{Minor: 1, Upgrade: call.meta.Upgrade}
	if err := c.writer.WriteResponse(x.Request.Method, &x.Response, &c.answer, ""); err != nil {
		return 0, 0, err
	}
	if err := c.writer.Flush(); err != nil {
		return 0, 0, err
	}
	c.wire.unlimited()
	call.wire.unlimited()
	inward := make(chan int64)
	go func() { inward <- join(call.wire.Conn, c.wire.Conn, c.reader.Rest()) }()
	sent = join(c.wire.Conn, call.wire.Conn, call.reader.Rest())
	return <-inward, sent, nil
}

// join copies one direction to its end: first what had been read already. An end is passed on; where only a whole
// connection can be ended, both are.
func join(to, from net.Conn, first []byte) (n int64) {
	_, err := to.Write(first)
	if err == nil {
		n, err = io.Copy(to, from)
	}
	switch {
	case err != nil:
		giveUp(to, from)
	case !closeWrite(to):
		to.Close()
		from.Close()
	}
	return n + int64(len(first))
}

// giveUp ends a direction that is broken. If it is the receiver that takes no more, its last words may still be on their
// way to the sender, who would lose them if its own were left unread: they are read and thrown away for a while.
func giveUp(to, from net.Conn) {
	closeWrite(to)
	_ = from.SetReadDeadline(time.Now().Add(lingerTime)) // a closed connection reports itself
	if _, err := io.Copy(io.Discard, from); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		to.Close() // it is the sender that broke
	}
}

// closeWrite ends a connection's own direction, if it can be ended by itself.
func closeWrite(c net.Conn) bool {
	half, ok := c.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}
