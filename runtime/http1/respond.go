package http1

import (
	"errors"
	"io"
	"time"

	"gwc.dev/runtime/exchange"
)

const (
	// skippedBody bounds what is read of a body that nobody wanted, for the sake of the connection; skipTime and
	// lingerTime bound the wait for it, and for a client to end its side of a connection that is given up.
	skippedBody = 64 << 10
	skipTime    = 2 * time.Second
	lingerTime  = 5 * time.Second
)

var errAnswered = errors.New("the request is answered already")

// Respond writes x.Response to the client. trailer has the fields after the body; it may be nil.
//
// The error is [ErrUnwritable] if nothing has been written, because the answer makes no message: then another one
// may take its place. A *[SourceError] is the body's, all others are the client's; after these the connection ends,
// so that nobody takes a part for the whole.
func (c *Conn) Respond(x *exchange.Exchange, trailer Trailer) error {
	out := &x.Response
	if !c.begin() {
		return errAnswered
	}
	c.answer = Meta{Minor: c.meta.Minor, Close: c.mustClose()}
	if announcing, ok := trailer.(interface{ Announced() string }); ok {
		c.answer.Trailer = announcing.Announced()
	}
	date := ""
	if _, dated := out.Header.Lookup("Date"); !dated {
		date = c.server.dates.at(time.Now())
	}
	err := c.writer.WriteResponse(x.Request.Method, out, &c.answer, date)
	if err != nil {
		c.answered = false
		return err
	}
	c.ending = c.ending || c.answer.Close
	if out.Body == nil || !HasBody(x.Request.Method, out.Status) {
		err = c.writer.Flush()
	} else {
		err = c.writer.WriteBody(out.Body, out.Length, &c.answer, trailer)
		c.writer.release()
	}
	c.sent = c.writer.sent
	if err != nil {
		c.ending, c.linger = true, false
	}
	return err
}

// begin begins the answer: from here on nothing is written before it.
func (c *Conn) begin() bool {
	if c.meta.Expect {
		c.speaking.Lock()
		defer c.speaking.Unlock()
	}
	if c.answered {
		return false
	}
	c.answered = true
	return true
}

// mustClose decides whether the connection ends with the answer that is about to be written.
func (c *Conn) mustClose() bool {
	body := &c.reader.body
	switch {
	case !body.Whole() && (c.streaming || body.starter != nil || body.err != nil || body.kind == fixedBody && body.left > skippedBody):
		// Where the next request begins is not known, or too far off.
		c.linger = true
		return true
	case c.server.draining.Load():
		c.linger = c.reader.Buffered() > 0
		return true
	}
	return c.meta.Close || c.ending
}

// skipBody reads the rest of a body that nobody wanted; false: that is too much.
func (c *Conn) skipBody() bool {
	body := &c.reader.body
	if body.starter != nil || body.err != nil {
		c.linger = true
		return false
	}
	c.wire.eachRead = 0
	c.wire.limitRead(skipTime)
	buf := c.o.Buffers.get(smallBuffer)
	defer c.o.Buffers.put(buf)
	for n := 0; n < 2*skippedBody; {
		m, err := body.Read(buf)
		n += m
		if err != nil {
			c.linger = !errors.Is(err, io.EOF)
			return !c.linger
		}
	}
	c.linger = true
	return false
}

// lingerOn ends the connection's own side and reads on for a while: closed with bytes unread, it would be reset,
// and the client might lose the answer (RFC 9112, section 9.6).
func (c *Conn) lingerOn() {
	if !closeWrite(c.wire.Conn) {
		return
	}
	c.wire.resume()
	c.wire.limitRead(lingerTime)
	buf := c.o.Buffers.get(smallBuffer)
	defer c.o.Buffers.put(buf)
	for {
		if _, err := c.wire.Read(buf); err != nil {
			return
		}
	}
}

// start sends 100 Continue before a body is first read. It may be called on another goroutine.
func (c *Conn) start() error {
	c.speaking.Lock()
	defer c.speaking.Unlock()
	if c.answered { // whether the client still sends the body is up to it
		return errAnswered
	}
	_, err := c.wire.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	return err
}

// Inform sends an interim response (1xx), to clients that know them.
func (c *Conn) Inform(x *exchange.Response) error {
	if c.meta.Minor == 0 {
		return nil
	}
	c.speaking.Lock()
	defer c.speaking.Unlock()
	if err := c.writer.WriteResponse("", x, &Meta{Minor: 1}, ""); err != nil {
		return err
	}
	return c.writer.Flush()
}

// Stream says that another goroutine reads the request's body from now on, until [Conn.Unblock] has been called
// or the body is whole.
func (c *Conn) Stream() { c.streaming = true }

// Unblock ends the reading of the request's body for good, also if it is under way on another goroutine. The
// connection ends with the exchange, unless the body is whole: then nobody reads on, and the answer may have begun
// without a word of an end.
func (c *Conn) Unblock() {
	if c.reader.body.Whole() {
		return
	}
	c.ending, c.linger = true, true
	c.wire.stop()
}
