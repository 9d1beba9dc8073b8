package http2

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	smallInput = 4 << 10
	largeInput = 2 * (maxFrame + headLength)
)

var largeInputs = sync.Pool{New: func() any { return new([largeInput]byte) }}

// An input reads a connection's frames. While little comes it has little memory.
type input struct {
	conn net.Conn
	// wait is called before each read that may take its time; part: it is for the rest of something.
	wait func(part bool)
	// came is called after each that brought something.
	came func()

	small [smallInput]byte
	large *[largeInput]byte // nil: there is none
	buf   []byte            // one of them
	r, w  int               // what of it has come and was not taken
	full  bool              // the last read had no room to spare
}

func (in *input) init(conn net.Conn, wait func(part bool), came func()) {
	in.conn, in.wait, in.came = conn, wait, came
	in.buf = in.small[:]
}

// next returns a frame. Its payload is there until the next call.
func (in *input) next() (head, []byte, error) {
	if err := in.need(headLength); err != nil {
		return head{}, nil, err
	}
	h := readHead(in.buf[in.r:])
	if h.length > maxFrame {
		return h, nil, &connError{code: frameSizeError, detail: "a frame is larger than allowed"}
	}
	if err := in.need(headLength + h.length); err != nil {
		return h, nil, err
	}
	payload := in.buf[in.r+headLength : in.r+headLength+h.length]
	in.r += headLength + h.length
	return h, payload, nil
}

// take returns the next n bytes.
func (in *input) take(n int) ([]byte, error) {
	if err := in.need(n); err != nil {
		return nil, err
	}
	in.r += n
	return in.buf[in.r-n : in.r], nil
}

// need reads until there are n bytes.
func (in *input) need(n int) error {
	for in.w-in.r < n {
		in.room(n)
		in.wait(in.w > in.r)
		got, err := in.conn.Read(in.buf[in.w:])
		in.w += got
		in.full = in.w == len(in.buf)
		if got > 0 {
			in.came()
			continue
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		return err
	}
	return nil
}

// room makes room for n bytes from in.r on: in the large buffer, if much comes.
func (in *input) room(n int) {
	switch large := n > smallInput || in.full; {
	case large && in.large == nil:
		in.large = largeInputs.Get().(*[largeInput]byte)
		in.w = copy(in.large[:], in.buf[in.r:in.w])
		in.buf, in.r = in.large[:], 0
	case !large && in.large != nil && in.w-in.r <= smallInput/2:
		in.w = copy(in.small[:], in.buf[in.r:in.w])
		in.buf, in.r = in.small[:], 0
		largeInputs.Put(in.large)
		in.large = nil
	case len(in.buf)-in.r < n || in.r == in.w:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
}

// release gives the memory back.
func (in *input) release() {
	if in.large != nil {
		largeInputs.Put(in.large)
		in.large, in.buf = nil, in.small[:]
	}
	in.r, in.w = 0, 0
}

// A limit is how long a peer may take for the rest of what it has begun: a frame, or a header.
type limit struct {
	conn  net.Conn
	time  time.Duration
	on    bool
	whole int // as it was when the time began
}

// hold bounds the time from now on, unless it does already; part says whether there is something to wait for, and whole
// how much has been so far.
func (l *limit) hold(part bool, whole int) {
	if part == l.on && (!part || whole == l.whole) {
		return
	}
	l.on, l.whole = part, whole
	var until time.Time
	if part {
		until = time.Now().Add(l.time)
	}
	_ = l.conn.SetReadDeadline(until) // a closed connection ends the read as well
}
