package http2

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/netip"
	"sync"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A Stream is one request of a client and the way back. Its methods are for the handler.
type Stream struct {
	server *Server
	peer   *peer
	w      http.ResponseWriter
	r      *http.Request

	x        exchange.Exchange
	meta     http1.Meta
	body     body
	stalls   *stalls
	answered bool
	sent     int64
	buffered int // the most that net/http has of the answer's body

	interrupt *http1.Interrupt // nil: nobody has asked for it
	forget    func() bool      // ends the context's hold on the interrupt
}

var streams = sync.Pool{New: func() any { return &Stream{} }}

func newStream(s *Server, p *peer, w http.ResponseWriter, r *http.Request) *Stream {
	st := streams.Get().(*Stream)
	st.server, st.peer, st.w, st.r = s, p, w, r
	st.x.Context = r.Context()
	st.body.stream = st
	st.stalls = newStalls(s.o.StallTimeout, w)
	return st
}

// end gives the stream's memory back, but for what its exchange uses again.
func (s *Stream) end() {
	s.stalls.end()
	if s.forget != nil {
		s.forget()
	}
	request, response, owed, text := s.x.Request.Header[:0], s.x.Response.Header[:0], s.x.Owed[:0], s.x.Text
	clear(request[:cap(request)])
	clear(response[:cap(response)])
	text.Reset()
	*s = Stream{}
	s.x.Request.Header, s.x.Response.Header, s.x.Owed, s.x.Text = request, response, owed, text
	streams.Put(s)
}

// Remote returns the peer's address.
func (s *Stream) Remote() netip.AddrPort { return s.peer.remote }

// TLS returns the state of the connection's session; nil: it has none.
func (s *Stream) TLS() *tls.ConnectionState { return s.peer.tls }

// Meta returns what the request says beside the exchange: whether trailer fields are taken, and which are announced.
func (s *Stream) Meta() *http1.Meta { return &s.meta }

// Trailer returns the fields that came after the request's body, once that has been read.
func (s *Stream) Trailer() exchange.Header {
	if !s.body.whole {
		return nil
	}
	return fieldsOf(s.r.Trailer)
}

// Received returns how many bytes of the request's body have been read.
func (s *Stream) Received() int64 { return s.body.read }

// Sent returns how many bytes of the answer's body have been written.
func (s *Stream) Sent() int64 { return s.sent }

// Interrupt implements [http1.Client]: it fires when the stream ends.
func (s *Stream) Interrupt() *http1.Interrupt {
	if s.interrupt == nil {
		s.interrupt = &http1.Interrupt{}
		s.forget = context.AfterFunc(s.r.Context(), s.interrupt.Fire)
	}
	return s.interrupt
}

// Inform implements [http1.Client].
func (s *Stream) Inform(from *exchange.Response) error {
	if from.Status < 100 || from.Status > 199 || !valid(from.Header) {
		return http1.ErrUnwritable
	}
	h := s.w.Header()
	newCloner(0, from.Header).addFields(h, from.Header)
	s.w.WriteHeader(from.Status)
	clear(h)
	return nil
}

// Stream implements [http1.Client]. Frames are read by a goroutine of the connection anyway.
func (s *Stream) Stream() {}

// Unblock implements [http1.Client].
func (s *Stream) Unblock() { s.r.Body.Close() }
