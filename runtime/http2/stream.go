package http2

import (
	"slices"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// A stream is one exchange on a link, as both sides have it. link.mu guards it, but for reader and writer.
type stream struct {
	link *link
	id   uint32

	window  int64 // what may be sent
	inbox   inbox
	left    int64 // what is to come of a body of known length; below 0: unknown
	trailer exchange.Header
	whole   bool      // the peer has ended its side
	done    bool      // we have ended ours
	err     error     // why it ended early
	born    time.Time // when it began
	over    func()    // called then
	call    *Call     // whose it is; nil: a server's

	// Where a goroutine waits for something to come, and one until it may send.
	reader, writer waiter
}

func (s *stream) init() {
	s.reader.init()
	s.writer.init()
}

// begin puts the stream on a link. l.mu is held.
func (s *stream) begin(l *link, id uint32, inbox int) {
	s.link, s.id, s.window = l, id, l.initial
	s.inbox.reset(inbox)
	s.left, s.whole, s.done, s.err = -1, false, false, nil
	s.trailer = s.trailer[:0]
	l.streams[id] = s
}

// fail ends the stream for those who wait. link.mu is held.
func (s *stream) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.reader.wake()
	s.writer.wake()
	if s.over != nil {
		s.over()
	}
}

// drop forgets a stream. Its body may still be read. l.mu is held.
func (l *link) drop(s *stream) {
	if l.streams[s.id] != s {
		return
	}
	delete(l.streams, s.id)
	l.side.dropped(s)
}

// finish forgets a stream that both sides have ended. l.mu is held.
func (l *link) finish(s *stream) {
	if s.whole && s.done {
		l.drop(s)
	}
}

// abort ends a stream early, and tells the peer. l.mu is held.
func (l *link) abort(s *stream, code errorCode, err error) {
	if l.streams[s.id] == s && l.err == nil {
		l.out.buf = appendNumber(l.out.buf, resetFrame, s.id, uint32(code))
		l.aborted.add(s.id)
	}
	l.drop(s)
	s.fail(err)
}

// recent are the streams that we have ended early last: the peer may not know yet, and what it says of them is not
// wrong.
type recent struct {
	ids  []uint32
	next int
}

func (r *recent) add(id uint32) {
	const most = 256
	if len(r.ids) < most {
		r.ids = append(r.ids, id)
		return
	}
	r.ids[r.next] = id
	r.next = (r.next + 1) % most
}

func (r *recent) has(id uint32) bool { return slices.Contains(r.ids, id) }

// release gives back what nobody has read of a body, and its memory. l.mu is held.
func (s *stream) release() {
	s.link.giveBack(int64(len(s.inbox.buf) - s.inbox.read))
	s.inbox.reset(0)
}

// receive reads of what has come; 0: nothing has. link.mu is held.
func (s *stream) receive(p []byte) int {
	n := s.inbox.get(p)
	if n == 0 {
		return 0
	}
	l := s.link
	l.giveBack(int64(n))
	s.widen()
	return n
}

// widen lets the peer send as much more as has been read, when that is worth a frame. link.mu is held.
func (s *stream) widen() {
	if s.whole || s.err != nil {
		return
	}
	if more := s.inbox.give(); more > 0 {
		s.link.out.buf = appendNumber(s.link.out.buf, windowFrame, s.id, uint32(more))
	}
}

// send sends a part of a body, and with end its end. It returns when all of it waits to be sent; for that it waits as
// long as stall each time.
func (s *stream) send(p []byte, end bool, stall time.Duration) (sent int, err error) {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	var until time.Time
	for {
		switch {
		case s.err != nil:
			return sent, s.err
		case s.done:
			return sent, errOver
		}
		if n := s.fits(len(p)); n > 0 || len(p) == 0 {
			h := head{n, dataFrame, 0, s.id}
			if end && n == len(p) {
				h.flags = endStream
				s.done = true
			}
			l.out.buf = append(appendHead(l.out.buf, h), p[:n]...)
			s.window -= int64(n)
			l.window -= int64(n)
			sent += n
			if p = p[n:]; len(p) == 0 {
				l.finish(s)
				return sent, nil
			}
			until = time.Time{}
			continue
		}
		if until.IsZero() {
			until = time.Now().Add(stall)
		}
		if err := s.await(until, stall); err != nil {
			return sent, err
		}
	}
}

// sendTrailer ends our side with the fields after a body.
func (s *stream) sendTrailer(fields exchange.Header) error {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	l.appendHeader(s, true, nil, fields)
	return nil
}

// fits returns how much of n bytes may be sent now, in one frame.
func (s *stream) fits(n int) int {
	l := s.link
	if len(l.out.buf) >= room {
		return 0
	}
	return int(max(min(int64(n), s.window, l.window, int64(min(l.maxFrame, room))), 0))
}

// await waits until more may be sent, or a time is up. Whoever waits for room only waits on as long as the peer has
// taken something of another stream within stall. link.mu is held, but not meanwhile.
func (s *stream) await(until time.Time, stall time.Duration) error {
	l := s.link
	crowded := len(l.out.buf) >= room
	if crowded {
		l.out.enqueue(&s.writer)
		if later := l.out.took.Add(stall); later.After(until) {
			until = later
		}
	}
	l.mu.Unlock()
	l.flush()
	late := s.writer.wait(until)
	l.mu.Lock()
	if late && s.err == nil && s.fits(1) == 0 && !(crowded && time.Since(l.out.took) < stall) {
		return http1.ErrTimeout
	}
	return nil
}

// appendHeader appends a header, which ends our side of the stream if end is set: fields about the message come from
// about, the others from fields. l.mu is held.
func (l *link) appendHeader(s *stream, end bool, about, fields []exchange.Field) {
	start := len(l.out.buf)
	b := appendHead(l.out.buf, head{})
	b = l.enc.begin(b)
	for _, f := range about {
		b = l.enc.field(b, f.Name, f.Value)
	}
	for _, f := range fields {
		if name := l.enc.lower(f.Name); !framing(name) {
			b = l.enc.field(b, name, trimmed(f.Value))
		}
	}
	l.out.buf = cut(b, start, head{0, headersFrame, 0, s.id}, end)
	if end {
		s.done = true
		l.finish(s)
	}
}

// cut puts a header's heads in place: the first, for which there is room at start, and those of the frames that do not
// fit into it.
func cut(b []byte, start int, first head, end bool) []byte {
	if end {
		first.flags |= endStream
	}
	length := len(b) - start - headLength
	if length <= maxFrame {
		first.length = length
		first.flags |= endHeaders
		appendHead(b[:start], first)
		return b
	}
	rest := append([]byte(nil), b[start+headLength+maxFrame:]...)
	first.length = maxFrame
	appendHead(b[:start], first)
	b = b[:start+headLength+maxFrame]
	for len(rest) > 0 {
		next := head{min(len(rest), maxFrame), continuationFrame, 0, first.stream}
		if next.length == len(rest) {
			next.flags = endHeaders
		}
		b = append(appendHead(b, next), rest[:next.length]...)
		rest = rest[next.length:]
	}
	return b
}
