package http2

import (
	"io"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A body is a request's body as it comes in.
type body struct {
	stream   *Stream
	read     int64
	expected bool // the client waits for 100 Continue before it sends the body; link.mu guards it
	closed   bool // nobody is to read any more; link.mu guards it
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	s, l := &b.stream.stream, b.stream.conn.link
	if len(p) == 0 {
		return 0, nil
	}
	var until time.Time
	l.mu.Lock()
	for {
		n := s.receive(p)
		switch {
		case n > 0:
			waiting := l.out.waiting()
			l.mu.Unlock()
			if waiting {
				l.flush()
			}
			b.read += int64(n)
			return n, nil
		case s.whole:
			l.mu.Unlock()
			return 0, io.EOF
		case s.err != nil:
			l.mu.Unlock()
			return 0, s.err
		case b.closed:
			l.mu.Unlock()
			return 0, errOver
		}
		if b.expected {
			b.expected = false
			l.appendHeader(s, false, []exchange.Field{{Name: ":status", Value: "100"}}, nil)
		}
		l.mu.Unlock()
		l.flush()
		if until.IsZero() {
			until = time.Now().Add(b.stream.conn.server.o.StallTimeout)
		}
		late := s.reader.wait(until)
		l.mu.Lock()
		if late && s.inbox.empty() && !s.whole && s.err == nil {
			l.mu.Unlock()
			return 0, http1.ErrTimeout
		}
	}
}

// Ready reports whether a Read returns at once.
func (b *body) Ready() bool {
	s, l := &b.stream.stream, b.stream.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	return !s.inbox.empty() || s.whole || s.err != nil
}

// Buffered returns how many bytes have come that were not read.
func (b *body) Buffered() int {
	s, l := &b.stream.stream, b.stream.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(s.inbox.buf) - s.inbox.read
}

// AtHand reports whether all of the body has come.
func (b *body) AtHand() bool {
	s, l := &b.stream.stream, b.stream.conn.link
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.whole
}
