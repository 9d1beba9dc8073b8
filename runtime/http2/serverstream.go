package http2

import (
	"crypto/tls"
	"net/netip"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Stream is one request of a client and the way back. Its methods are for the handler.
type Stream struct {
	conn   *serverConn
	stream stream
	life   *life

	x         exchange.Exchange
	meta      http1.Meta
	body      body
	refused   *http1.Error // nil: the request is served
	interrupt http1.Interrupt
	answered  bool
	copy      bodyCopy
	announced string // trailer fields of the answer
	about     [4]exchange.Field
}

func makeStream() any {
	s := &Stream{}
	s.stream.init()
	s.stream.over = s.gone
	s.body.stream = s
	return s
}

func newStream(c *serverConn) *Stream {
	s := c.server.streams.Get().(*Stream)
	s.conn, s.life = c, &life{}
	s.x.Context = s.life
	return s
}

// gone says that nobody waits for the answer any more.
func (s *Stream) gone() {
	s.life.end()
	s.interrupt.Fire()
}

// serve has the handler answer the request, unless nobody waits for that any more.
func (s *Stream) serve() {
	defer s.end()
	switch {
	case s.interrupt.Fired():
	case s.refused != nil:
		s.conn.server.handler.Refuse(s, &s.x, s.refused)
		_ = s.Respond(&s.x, nil) // the client may be gone as well
	default:
		s.conn.server.handler.ServeExchange(s, &s.x)
	}
}

// end ends the stream, if it has not yet, and gives its memory back but for what its exchange uses again.
func (s *Stream) end() {
	value := recover()
	c, l := s.conn, s.conn.link
	l.mu.Lock()
	next := c.ready()
	s.stream.release()
	switch {
	case value != nil || !s.stream.done:
		l.abort(&s.stream, internalError, errOver)
	case !s.stream.whole: // the client may stop sending
		l.abort(&s.stream, noError, errOver)
		l.resets.earn() // or the client says so itself
	}
	s.stream.link = nil
	if c.leaving == left && c.running == 0 {
		c.rest()
	}
	l.mu.Unlock()
	if next != nil {
		c.server.workers.serve(next)
	}
	s.life.end()
	l.flush()
	s.free()
	if value == nil {
		return
	}
	if c.server.o.Panic == nil {
		panic(value)
	}
	c.server.o.Panic(value)
}

// free gives the stream's memory back.
func (s *Stream) free() {
	c := s.conn
	request, response, owed, text := s.x.Request.Header[:0], s.x.Response.Header[:0], s.x.Owed[:0], s.x.Text
	clear(request[:cap(request)])
	clear(response[:cap(response)])
	text.Reset()
	s.x = exchange.Exchange{Owed: owed, Text: text}
	s.x.Request.Header, s.x.Response.Header = request, response
	s.conn, s.life, s.refused, s.answered, s.announced = nil, nil, nil, false, ""
	s.about = [4]exchange.Field{}
	s.meta, s.interrupt, s.copy, s.body = http1.Meta{}, http1.Interrupt{}, bodyCopy{}, body{stream: s}
	clear(s.stream.trailer)
	c.server.streams.Put(s)
}

// Remote returns the peer's address.
func (s *Stream) Remote() netip.AddrPort { return s.conn.remote }

// TLS returns the state of the connection's session; nil: it has none.
func (s *Stream) TLS() *tls.ConnectionState { return s.conn.tls }

// Meta returns what the request says beside the exchange: whether trailer fields are taken, and which are announced.
func (s *Stream) Meta() *http1.Meta { return &s.meta }

// Trailer returns the fields that came after the request's body, once that has been read.
func (s *Stream) Trailer() exchange.Header {
	l := s.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.stream.whole || !s.stream.inbox.empty() {
		return nil
	}
	return s.stream.trailer
}

// Received returns how many bytes of the request's body have been read.
func (s *Stream) Received() int64 { return s.body.read }

// Sent returns how many bytes of the answer's body have been written.
func (s *Stream) Sent() int64 { return s.copy.sent }

// Interrupt implements [http1.Client]: it fires when the stream ends early.
func (s *Stream) Interrupt() *http1.Interrupt { return &s.interrupt }

// Stream implements [http1.Client]. Frames are read by a goroutine of the connection anyway.
func (s *Stream) Stream() {}

// Unblock implements [http1.Client].
func (s *Stream) Unblock() {
	l := s.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	s.body.closed = true
	s.stream.reader.wake()
}
