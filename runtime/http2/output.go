package http2

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"time"
)

const (
	// room is how much may wait to be sent before bodies have to wait as well.
	room = 64 << 10
	// maxWaiting is how much may wait of what does not ask for room: a peer that has so much said to it and takes none
	// of it is no peer.
	maxWaiting = 4 << 20
	// keptOutput is how large a buffer is that an idle connection keeps.
	keptOutput = 4 << 10
	// recordSize is what TLS sends at a time.
	recordSize = 16 << 10
)

// An output is what waits to be sent, whole frames. link.mu guards it but for what only the goroutine that flushes has.
type output struct {
	conn      net.Conn
	stall     time.Duration // how long a peer may take nothing
	encrypted bool          // after a write that was given up there are no others
	piece     int           // how much is written at a time
	deadline  time.Time     // of the connection, for writes

	buf      []byte
	spare    []byte
	flushing bool
	took     time.Time     // when the peer last took something of what is being sent
	queue    []*waiter     // who waits for room
	kick     chan struct{} // has a goroutine of its own send; nil: whoever has something to send does
}

func (o *output) init(conn net.Conn, stall time.Duration) {
	o.conn, o.stall = conn, stall
	o.piece = room
	if _, o.encrypted = conn.(*tls.Conn); o.encrypted {
		o.piece = recordSize
	}
}

// waiting reports whether there is something that nobody sends.
func (o *output) waiting() bool { return len(o.buf) > 0 && !o.flushing }

// enqueue has a goroutine woken when there is room.
func (o *output) enqueue(w *waiter) {
	if !slices.Contains(o.queue, w) { // it may have been woken for something else
		o.queue = append(o.queue, w)
	}
}

// wakeAll wakes all who wait for room.
func (o *output) wakeAll() {
	for i, w := range o.queue {
		w.wake()
		o.queue[i] = nil
	}
	o.queue = o.queue[:0]
}

// flush sends what waits, unless somebody is at it. Whoever begins lets others add to it first: a system call for all
// of them costs as much as one for each.
func (l *link) flush() {
	l.mu.Lock()
	if !l.out.waiting() {
		l.mu.Unlock()
		return
	}
	l.out.flushing = true
	if l.out.kick != nil {
		l.mu.Unlock()
		l.out.kick <- struct{}{}
		return
	}
	l.mu.Unlock()
	l.drain()
}

// drain sends what waits, and what comes to wait meanwhile; in the end others do that. The caller has set flushing.
func (l *link) drain() {
	const rounds = 4
	runtime.Gosched()
	l.mu.Lock()
	defer l.mu.Unlock()
	o := &l.out
	for round := 0; len(o.buf) > 0; round++ {
		if round == rounds && l.err == nil && o.kick == nil {
			go l.drain()
			return
		}
		b := o.buf
		o.buf, o.spare = o.spare[:0], nil
		o.wakeAll() // what others add meanwhile goes out with the next write
		l.mu.Unlock()
		err := l.write(b)
		l.mu.Lock()
		if cap(b) <= 2*room {
			o.spare = b[:0]
		}
		if err != nil {
			l.fail(err)
			o.buf = nil
		}
	}
	o.flushing = false
	o.wakeAll()
	if len(l.streams) == 0 {
		o.shrink()
	}
}

// shrink gives the memory of an idle connection back.
func (o *output) shrink() {
	if cap(o.buf) > keptOutput {
		o.buf = nil
	}
	if cap(o.spare) > keptOutput {
		o.spare = nil
	}
}

// sendAlways is a goroutine that sends for all others, until the link is over. Calls are not to be held up by what an
// endpoint does not take of others.
func (l *link) sendAlways(over <-chan struct{}) {
	for {
		select {
		case <-l.out.kick:
			l.drain()
		case <-over:
			return
		}
	}
}

// finishOutput sends what waits, and returns when nothing does any more.
func (l *link) finishOutput() {
	var w waiter
	w.init()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.out.flushing {
		l.out.enqueue(&w)
		l.mu.Unlock()
		w.wait(time.Time{})
		l.mu.Lock()
	}
	l.out.flushing = true
	l.mu.Unlock()
	l.drain()
	l.mu.Lock()
}

// write writes all of b. A peer that takes some of it within the time is given more. Only one goroutine does so at a
// time.
func (l *link) write(b []byte) error {
	o := &l.out
	took := time.Now()
	for len(b) > 0 {
		o.hold(time.Now())
		n, err := o.conn.Write(b[:min(len(b), o.piece)])
		if b = b[n:]; len(b) > 0 && n > 0 {
			took = time.Now()
			l.mu.Lock()
			o.took = took
			l.mu.Unlock()
		}
		again := !o.encrypted && errors.Is(err, os.ErrDeadlineExceeded) && time.Since(took) < o.stall
		if err != nil && !again {
			return err
		}
	}
	return nil
}

// hold bounds the next write, with a deadline that serves others as well. Where a write may go on after it, it comes
// often, to see whether the peer takes anything.
func (o *output) hold(now time.Time) {
	least := o.stall
	if !o.encrypted {
		least = min(o.stall/8, time.Second)
	}
	if o.deadline.Sub(now) < least {
		o.deadline = now.Add(least + least/4)
		_ = o.conn.SetWriteDeadline(o.deadline) // a closed connection fails the write as well
	}
}
