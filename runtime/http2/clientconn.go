package http2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"gwc.dev/runtime/http1"
)

// A clientConn is a connection to an endpoint.
type clientConn struct {
	*link
	reserved int           // streams that calls are about to open
	retired  bool          // no more are to be had
	left     bool          // the endpoint takes no more
	greeted  chan struct{} // closed when the endpoint has begun as it has to, or the connection is over
	watch    alarm         // of a connection without calls, or one that is silent
	pinged   bool
}

// greet begins a connection and waits until the endpoint has said how many streams it allows (RFC 9113, section 3.4):
// before that, calls would go by a number that the endpoint may not allow.
func greet(ctx context.Context, conn net.Conn, limits http1.Limits) (*clientConn, error) {
	c := &clientConn{greeted: make(chan struct{})}
	c.watch.call = c.look
	c.link = newLink(conn, c, limits, stallTimeout)
	c.out.kick = make(chan struct{}, 1)
	c.mu.Lock()
	c.allowed = answerWindow
	c.out.buf = append(c.out.buf, preface...)
	c.out.buf = appendSettings(c.out.buf, setting{pushSetting, 0}, setting{windowSetting, streamWindow},
		setting{headerSizeSetting, uint32(limits.HeaderBytes)})
	c.out.buf = appendNumber(c.out.buf, windowFrame, 0, answerWindow-defaultWindow)
	c.watch.set(time.Now().Add(idleTimeout))
	c.mu.Unlock()
	go c.serve()
	c.flush()
	select {
	case <-c.greeted:
	case <-ctx.Done():
		c.end(context.Cause(ctx))
		return nil, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, explained(c.err)
	}
	return c, nil
}

// serve reads what comes until the connection ends.
func (c *clientConn) serve() {
	over := make(chan struct{})
	go c.sendAlways(over)
	c.read()
	giveUp := time.AfterFunc(time.Second, func() { c.net.Close() })
	c.finishOutput()
	giveUp.Stop()
	close(over)
	c.watch.set(time.Time{})
	c.net.Close()
}

// end ends the connection.
func (c *clientConn) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(err)
}

// reserve keeps a stream for a call; false: there is none.
func (c *clientConn) reserve() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.retired || len(c.streams)+c.reserved >= int(min(c.maxOpen, maxStream)) {
		return false
	}
	if c.next+2*uint32(c.reserved) >= maxStream-2 { // there are no more numbers
		c.retired = true
		return false
	}
	c.reserved++
	return true
}

// over reports whether there are no streams to be had any more.
func (c *clientConn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil || c.retired
}

// retire ends the connection once its calls have ended.
func (c *clientConn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	c.rest()
}

// rest ends a connection without calls if it is to have no more, else counts how long that lasts. c.mu is held.
func (c *clientConn) rest() {
	switch {
	case c.err != nil:
	case len(c.streams)+c.reserved > 0:
	case c.retired:
		c.out.buf = appendGoAway(c.out.buf, 0, noError)
		c.fail(errGone)
	default:
		c.watch.set(time.Now().Add(idleTimeout))
	}
}

// look is called when the connection has been idle for long, or silent while calls are under way.
func (c *clientConn) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	silent := now.Sub(c.heard)
	switch {
	case c.err != nil:
	case len(c.streams)+c.reserved == 0:
		c.retired = true
		c.rest()
	case c.pinged && silent >= pingAfter+pingTimeout:
		c.fail(errSilent)
	case silent >= pingAfter:
		c.pinged = true
		c.out.buf = append(appendHead(c.out.buf, head{8, pingFrame, 0, 0}), make([]byte, 8)...)
		go c.flush()
		c.watch.set(now.Add(pingTimeout))
	default:
		c.pinged = false
		c.watch.set(c.heard.Add(pingAfter))
	}
}

// batch implements [side].
func (c *clientConn) batch() {}

// began implements [side].
func (c *clientConn) began(id uint32) bool { return id%2 == 1 && id < c.next }

// header implements [side]: an answer, or the fields after one.
func (c *clientConn) header(id uint32, end bool) error {
	s, err := c.find(id)
	switch {
	case err != nil:
		return err
	case s == nil && c.aborted.has(id):
		return c.idle()
	case s == nil:
		return &connError{code: streamClosed, detail: "a header is of a stream that is over (RFC 9113, section 5.1)"}
	}
	c.control.earn()
	return s.call.header(&c.block, end)
}

// goAway implements [side].
func (c *clientConn) goAway(last uint32, code errorCode) {
	c.retired, c.left = true, true
	for id, s := range c.streams {
		switch {
		case id > last:
			c.drop(s)
			s.fail(errUnprocessed)
		case code != noError:
			c.drop(s)
			s.fail(fmt.Errorf("the endpoint ends the connection: %w", &resetError{code}))
		}
	}
	c.rest()
}

func (c *clientConn) pong() {}

// settle implements [side].
func (c *clientConn) settle() { c.greet() }

// ended implements [side].
func (c *clientConn) ended() { c.greet() }

func (c *clientConn) greet() {
	select {
	case <-c.greeted:
	default:
		close(c.greeted)
	}
}

// dropped implements [side].
func (c *clientConn) dropped(*stream) { c.rest() }

// explained returns why a connection has ended, as it is told to calls.
func explained(err error) error {
	if _, ok := errors.AsType[*connError](err); ok {
		return errAnswer
	}
	return err
}
