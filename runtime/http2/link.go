package http2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"gwc.dev/runtime/http1"
)

// A link is one connection, of either side. One goroutine reads its frames; everybody writes, see [link.flush].
//
// What a stream's goroutine is to be woken for is told to it once all that has come is looked at: so it finds an answer
// that came in one piece in one piece, and does not run for each part of it.
type link struct {
	net   net.Conn
	side  side
	in    input
	limit limit
	block block
	whole int       // how many frames or headers have come
	due   []*waiter // to be woken
	// resets and control bound what the peer does without need.
	resets, control budget

	mu      sync.Mutex
	out     output
	enc     *encoder
	streams map[uint32]*stream
	aborted recent
	last    uint32 // the newest stream of the peer, that was looked at
	next    uint32 // the next one of our own
	err     error  // why the connection is over; nil: it is not
	// What the peer has said.
	settled   bool // it has sent its settings
	window    int64
	initial   int64
	maxFrame  int
	maxOpen   uint32
	maxHeader int64
	// What the peer may send, over all streams.
	allowed  int64     // at most
	received int64     // of it, without what was given back
	returned int64     // and is to be given back
	heard    time.Time // when something came last
}

// A side is what the client's and the server's do each in its own way. Its methods are called by the goroutine that
// reads, and with link.mu held.
type side interface {
	// header takes a header that has come, whole. On a server's side it may begin a stream.
	header(id uint32, end bool) error
	// began reports whether a stream has been there.
	began(id uint32) bool
	// goAway takes the peer's word that it takes no streams above last.
	goAway(last uint32, code errorCode)
	// pong takes the answer to a ping.
	pong()
	// settle is called when settings have come.
	settle()
	// dropped is called when a stream is not there any more; ended when nothing is.
	dropped(s *stream)
	ended()
	// batch is called without link.mu when all that has come is looked at.
	batch()
}

func newLink(conn net.Conn, s side, limits http1.Limits, stall time.Duration) *link {
	l := &link{
		net: conn, side: s, enc: newEncoder(), streams: map[uint32]*stream{}, next: 1,
		limit:  limit{conn: conn, time: stall},
		window: defaultWindow, initial: defaultWindow, maxFrame: maxFrame, maxOpen: 100, maxHeader: 1 << 62,
		resets: newBudget(), control: newBudget(), heard: time.Now(),
	}
	l.out.init(conn, stall)
	l.in.init(conn, l.pause, l.hear)
	l.block.init(limits)
	return l
}

// pause is called by the goroutine that reads, before it may have to wait.
func (l *link) pause(part bool) {
	for i, w := range l.due {
		w.wake()
		l.due[i] = nil
	}
	l.due = l.due[:0]
	l.side.batch()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out.waiting() {
		go l.flush() // not here: a peer that takes nothing would not be read from either
	}
	if l.err == nil {
		l.limit.hold(part || l.block.open, l.whole)
	}
}

// hear is called by the goroutine that reads when something has come.
func (l *link) hear() {
	now := time.Now()
	l.mu.Lock()
	l.heard = now
	l.mu.Unlock()
}

// read reads frames until the connection ends.
func (l *link) read() {
	var err error
	for err == nil {
		var h head
		var payload []byte
		if h, payload, err = l.in.next(); err == nil {
			err = l.frame(h, payload)
		}
	}
	if errors.Is(err, io.EOF) {
		err = errClosed
	}
	l.mu.Lock()
	l.fail(err)
	l.mu.Unlock()
	l.pause(false)
	l.in.release()
}

// fail ends the connection, and all streams with it. l.mu is held.
func (l *link) fail(err error) {
	if l.err != nil {
		return
	}
	l.err = err
	if wrong, ok := errors.AsType[*connError](err); ok {
		l.out.buf = appendGoAway(l.out.buf, l.last, wrong.code)
	}
	for _, s := range l.streams {
		s.fail(err)
	}
	l.out.wakeAll()
	_ = l.net.SetReadDeadline(longAgo) // the goroutine that reads ends the rest
	l.side.ended()
}

var longAgo = time.Unix(1, 0)

// wake wakes a goroutine once all that has come is looked at.
func (l *link) wake(w *waiter) {
	if n := len(l.due); n == 0 || l.due[n-1] != w {
		l.due = append(l.due, w)
	}
}

// frame takes a frame.
func (l *link) frame(h head, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	switch {
	case !l.settled && (h.kind != settingsFrame || h.has(ack)):
		return &connError{code: protocolError, detail: "the connection does not begin with settings (RFC 9113, section 3.4)"}
	case l.block.open && h.kind != continuationFrame:
		return &connError{code: protocolError, detail: "a header is not followed by the rest of it (RFC 9113, section 6.2)"}
	}
	if len(l.out.buf) > maxWaiting {
		return errControlFlood
	}
	if h.kind != continuationFrame && h.kind != headersFrame || h.has(endHeaders) {
		l.whole++
	}
	switch h.kind {
	case dataFrame:
		return l.data(h, payload)
	case headersFrame:
		return l.headers(h, payload)
	case continuationFrame:
		whole, err := l.block.more(h, payload)
		if whole && err == nil {
			err = l.side.header(h.stream, l.block.head.has(endStream))
		}
		return err
	case resetFrame:
		return l.reset(h, payload)
	case settingsFrame:
		return l.settings(h, payload)
	case pingFrame:
		return l.ping(h, payload)
	case goAwayFrame:
		return l.goAway(h, payload)
	case windowFrame:
		return l.grow(h, payload)
	case priorityFrame:
		return l.priority(h, payload)
	case pushFrame:
		return &connError{code: protocolError, detail: "pushes are not taken (RFC 9113, section 8.4)"}
	}
	return l.idle()
}

// find returns a stream; nil: it is over. It is wrong to speak of one that has not begun.
func (l *link) find(id uint32) (*stream, error) {
	if s := l.streams[id]; s != nil {
		return s, nil
	}
	if id == 0 || !l.side.began(id) {
		return nil, &connError{code: protocolError, detail: "a frame is of a stream that has not begun (RFC 9113, section 5.1)"}
	}
	return nil, nil
}

// stale answers a frame of a stream that is over, or that the peer has said to have ended.
func (l *link) stale(s *stream, id uint32) error {
	switch {
	case s != nil:
		l.abort(s, streamClosed, errAnswer)
	case !l.aborted.has(id):
		l.out.buf = appendNumber(l.out.buf, resetFrame, id, uint32(streamClosed))
	}
	return l.idle()
}

// data takes a part of a body.
func (l *link) data(h head, payload []byte) error {
	s, err := l.find(h.stream)
	if err != nil {
		return err
	}
	part, ok := unpadded(h, payload)
	if !ok {
		return &connError{code: protocolError, detail: "the padding is longer than the frame (RFC 9113, section 6.1)"}
	}
	if l.received += int64(h.length); l.received > l.allowed {
		return &connError{code: flowControlError, detail: "more data comes than was allowed (RFC 9113, section 6.9)"}
	}
	if s == nil || s.whole {
		l.giveBack(int64(h.length))
		if len(part) > 0 && l.aborted.has(h.stream) {
			return nil // it was on its way
		}
		return l.stale(s, h.stream)
	}
	if len(part) > 0 || h.has(endStream) {
		l.control.earn()
	} else if err := l.idle(); err != nil {
		return err
	}
	padding := h.length - len(part)
	l.giveBack(int64(padding)) // nobody reads it
	if s.left >= 0 {
		if s.left -= int64(len(part)); s.left < 0 || s.left > 0 && h.has(endStream) {
			l.giveBack(int64(len(part)))
			l.wrong(s, len(part) > 0 && s.left < 0)
			return nil
		}
	}
	if !s.inbox.put(part, padding) {
		l.giveBack(int64(len(part)))
		l.abort(s, flowControlError, errAnswer)
		return nil
	}
	s.whole = h.has(endStream)
	if padding > 0 {
		s.widen()
	}
	l.finish(s)
	l.wake(&s.reader)
	return nil
}

// errShort says that a body ended early.
var errShort = fmt.Errorf("the body is shorter than its length: %w", io.ErrUnexpectedEOF)

// wrong ends a stream whose body is not as long as it has to be.
func (l *link) wrong(s *stream, longer bool) {
	if longer {
		l.abort(s, protocolError, errAnswer)
	} else {
		l.abort(s, protocolError, errShort)
	}
}

// headers takes the first frame of a header.
func (l *link) headers(h head, payload []byte) error {
	part, ok := unpadded(h, payload)
	if ok && h.has(hasPriority) {
		if ok = len(part) >= 5; ok && binary.BigEndian.Uint32(part)&maxStream == h.stream {
			return &connError{code: protocolError, detail: "a stream depends on itself"}
		}
		part = part[min(5, len(part)):]
	}
	switch {
	case !ok:
		return &connError{code: protocolError, detail: "a header's frame is shorter than its padding"}
	case h.stream == 0:
		return &connError{code: protocolError, detail: "a header is of no stream (RFC 9113, section 6.2)"}
	}
	whole, err := l.block.begin(h, part)
	if whole && err == nil {
		err = l.side.header(h.stream, h.has(endStream))
	}
	return err
}

// trailers takes the fields after a body.
func (l *link) trailers(s *stream, end bool) error {
	switch {
	case s.whole:
		return l.stale(s, s.id)
	case !end || l.block.wrong || l.block.about() > 0 || l.block.size > l.block.limits.HeaderBytes,
		slices.ContainsFunc(l.block.fields, lookalike):
		l.abort(s, protocolError, errAnswer)
		return nil
	case s.left > 0:
		l.wrong(s, false)
		return nil
	}
	for _, f := range l.block.fields {
		if !framing(f.Name) {
			s.trailer = append(s.trailer, f)
		}
	}
	s.whole = true
	l.finish(s)
	l.wake(&s.reader)
	return nil
}

// reset takes the end of a stream.
func (l *link) reset(h head, payload []byte) error {
	if len(payload) != 4 {
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	}
	s, err := l.find(h.stream)
	switch {
	case err != nil:
		return err
	case (s == nil || l.hasty(s)) && !l.resets.spend():
		return errRapidReset
	case s != nil:
		l.drop(s)
		s.fail(&resetError{errorCode(binary.BigEndian.Uint32(payload))})
	}
	return nil
}

// hasty reports whether a stream is reset so soon that its peer cannot have waited for it.
func (l *link) hasty(s *stream) bool {
	const soon = time.Second
	return l.heard.Sub(s.born) < soon
}
