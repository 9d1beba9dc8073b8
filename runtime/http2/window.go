package http2

import "encoding/binary"

// grow takes the peer's word that more may be sent, of a stream or of all.
func (l *link) grow(h head, payload []byte) error {
	if len(payload) != 4 {
		return &connError{code: frameSizeError, detail: "a frame has not the length of its type"}
	}
	more := int64(binary.BigEndian.Uint32(payload) & maxWindow)
	if h.stream == 0 {
		if l.window += more; more == 0 || l.window > maxWindow {
			return windowError(more)
		}
		if l.window == more { // it was used up
			for _, s := range l.streams {
				l.wake(&s.writer)
			}
		}
		return nil
	}
	s, err := l.find(h.stream)
	switch {
	case err != nil:
		return err
	case s == nil:
		return nil
	}
	if s.window += more; more == 0 || s.window > maxWindow {
		l.abort(s, windowError(more).code, errAnswer)
		return nil
	}
	l.wake(&s.writer)
	return nil
}

// widen changes the windows of all streams, after the one that they begin with (RFC 9113, section 6.9.2).
func (l *link) widen(more int64) error {
	if more == 0 {
		return nil
	}
	for _, s := range l.streams {
		if s.window += more; s.window > maxWindow {
			return windowError(more)
		}
		l.wake(&s.writer)
	}
	return nil
}

// windowError says what is wrong with a window's growth.
func windowError(more int64) *connError {
	if more == 0 {
		return &connError{code: protocolError, detail: "a window grows by nothing (RFC 9113, section 6.9)"}
	}
	return &connError{code: flowControlError, detail: "a window is too large (RFC 9113, section 6.9.1)"}
}

// giveBack lets the peer send n bytes more, of all streams: those that have been read, or that nobody is going to
// read. It is told so when it is worth a frame. l.mu is held.
func (l *link) giveBack(n int64) {
	if l.returned += n; l.returned < l.allowed/4 {
		return
	}
	l.out.buf = appendNumber(l.out.buf, windowFrame, 0, uint32(l.returned))
	l.received -= l.returned
	l.returned = 0
}

// An inbox is what has come of a stream's body and was not read.
type inbox struct {
	limit int // what the peer may have sent ahead
	buf   []byte
	read  int // of buf
	held  int // bytes that count, with those that were read and not given back
}

// put takes a part, and padding that counts as it does; false: it is more than was allowed.
func (in *inbox) put(part []byte, padding int) bool {
	if in.held += len(part) + padding; in.held > in.limit {
		return false
	}
	if in.read == len(in.buf) || in.read > 0 && len(in.buf)+len(part) > cap(in.buf) {
		in.buf = in.buf[:copy(in.buf, in.buf[in.read:])]
		in.read = 0
	}
	in.buf = append(in.buf, part...)
	return true
}

// empty reports whether all has been read.
func (in *inbox) empty() bool { return in.read == len(in.buf) }

// get reads into p.
func (in *inbox) get(p []byte) int {
	n := copy(p, in.buf[in.read:])
	in.read += n
	return n
}

// give returns what the stream's window is to grow by, when that is worth a frame.
func (in *inbox) give() int {
	read := in.held - (len(in.buf) - in.read)
	if read < in.limit/4 {
		return 0
	}
	in.held -= read
	return read
}

// reset makes the inbox ready for another stream.
func (in *inbox) reset(limit int) {
	const most = 16 << 10 // a stream that waits to be used again holds no more
	if cap(in.buf) > most {
		in.buf = nil
	}
	*in = inbox{limit: limit, buf: in.buf[:0]}
}
