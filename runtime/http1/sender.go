package http1

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A sender sends a request's body while its call reads the answer. A nil sender has nothing to send.
type sender struct {
	call   *Call
	src    io.Reader
	length int64
	left   int64       // below 0: unknown
	read   atomic.Bool // src has been read to its end
	done   chan struct{}

	mu    sync.Mutex
	ended bool // the body has been sent, or not: err
	err   error
	head  bool // the answer's head has come
}

func newSender(c *Call, src io.Reader, length int64) *sender {
	return &sender{call: c, src: src, length: length, left: length, done: make(chan struct{})}
}

// run sends the body. Then the time of the answer begins, or the wait for it ends.
func (s *sender) run() {
	defer close(s.done)
	c := s.call
	err := s.send()
	c.writer.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.err = true, err
	_, source := errors.AsType[*SourceError](err)
	switch {
	case source:
		c.wire.Conn.Close() // the endpoint must not take the part for the whole
	case err != nil:
		_ = c.wire.Conn.SetReadDeadline(time.Now().Add(skipTime)) // an answer may say why, and has come by now
	default:
		c.beginAnswer(s.head)
	}
}

// send writes the body, and the head before it at once: the client may wait for an answer to that.
func (s *sender) send() error {
	c := s.call
	if !s.Ready() {
		if err := c.writer.write(); err != nil {
			return err
		}
	}
	return c.writer.WriteBody(s, s.length, &c.out, c.o.Trailer)
}

// Read implements [io.Reader] for the writer: it notes when the source is at its end.
func (s *sender) Read(p []byte) (int, error) {
	n, err := s.src.Read(p)
	if s.left > 0 {
		s.left -= int64(n)
	}
	if s.left == 0 || errors.Is(err, io.EOF) {
		s.read.Store(true)
	}
	return n, err
}

// Ready reports what the source does.
func (s *sender) Ready() bool { return ready(s.src) }

// headCame notes that the answer has begun; it reports whether the body had been sent by then.
func (s *sender) headCame() bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = true
	return s.ended && s.err == nil
}

// failure returns why the body could not be sent, if that is known.
func (s *sender) failure() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// end ends the sending and waits for it; it reports whether the body has been sent whole. Where the source has
// been read, only the last write is waited for.
func (s *sender) end() bool {
	if s == nil {
		return true
	}
	if !s.read.Load() {
		select {
		case <-s.done:
		default:
			if s.call.o.Client != nil {
				s.call.o.Client.Unblock()
			}
			s.call.wire.Conn.Close()
		}
	}
	<-s.done
	return s.err == nil
}
