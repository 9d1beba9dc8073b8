package http1

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

var (
	// ErrTimeout is a peer that took longer than allowed.
	ErrTimeout = errors.New("the peer took too long")
	// ErrInterrupted is a wait that somebody ended: nobody wants its outcome any more.
	ErrInterrupted = errors.New("the wait was ended")
)

// A wire is a network connection with deadlines that cost next to nothing: one that is in force is left alone
// while it is at most a sixty-fourth too late. One goroutine may read and another write.
type wire struct {
	net.Conn
	epoch time.Time

	// eachRead and eachWrite bound how long a Read or Write may get nothing done. 0: what limitRead or limitWrite
	// said.
	eachRead, eachWrite time.Duration
	readEnd, writeEnd   time.Duration // deadlines in force, since epoch; 0: none, unknown: any
	interrupt           *Interrupt    // ends reads; nil: nobody does
	stopped             atomic.Bool   // for good, by stop
	full                bool          // the last Read got all it had room for: there may be more
	socket              socket
}

const unknown time.Duration = -1

func (w *wire) init(c net.Conn) {
	w.Conn, w.epoch = c, time.Now()
	w.socket.init(c)
}

func (w *wire) now() time.Duration { return time.Since(w.epoch) }

// limitRead bounds all reads from now on together; 0: they may take any time.
func (w *wire) limitRead(d time.Duration) {
	if d <= 0 {
		w.readUntil(0, 0)
		return
	}
	w.readUntil(w.now()+d, d/64)
}

// readUntil bounds all reads by a time since epoch, or a slack later.
func (w *wire) readUntil(end, slack time.Duration) {
	if !due(&w.readEnd, end, slack) {
		return
	}
	_ = w.Conn.SetReadDeadline(w.time(w.readEnd)) // a closed connection reports itself
	if w.stopped.Load() {
		_ = w.Conn.SetReadDeadline(w.epoch)
	}
}

// limitWrite is limitRead for writes.
func (w *wire) limitWrite(d time.Duration) {
	end := time.Duration(0)
	if d > 0 {
		end = w.now() + d
	}
	if due(&w.writeEnd, end, d/64) {
		_ = w.Conn.SetWriteDeadline(w.time(w.writeEnd))
	}
}

// due reports whether a deadline has to be set for it to be at end or at most slack later, and notes it.
func due(inForce *time.Duration, end, slack time.Duration) bool {
	if *inForce >= end && *inForce <= end+slack {
		return false
	}
	*inForce = end
	if end > 0 {
		*inForce += slack
	}
	return true
}

func (w *wire) time(since time.Duration) time.Time {
	if since == 0 {
		return time.Time{}
	}
	return w.epoch.Add(since)
}

// stop makes a Read that is under way, and all later ones, fail. Any goroutine may call it.
func (w *wire) stop() {
	w.stopped.Store(true)
	_ = w.Conn.SetReadDeadline(w.epoch)
}

// resume makes reads possible again after stop. Nobody reads at that time.
func (w *wire) resume() {
	w.stopped.Store(false)
	w.eachRead, w.readEnd = 0, unknown
}

// Read implements [io.Reader].
func (w *wire) Read(p []byte) (int, error) {
	if w.eachRead > 0 {
		w.limitRead(w.eachRead)
	}
	if w.interrupt == nil {
		n, err := w.read(p)
		w.full = n == len(p)
		return n, timeout(err)
	}
	if !w.interrupt.Enter(w.Conn) {
		return 0, ErrInterrupted
	}
	n, err := w.read(p)
	w.full = n == len(p)
	if w.interrupt.Leave() && n == 0 {
		return 0, ErrInterrupted
	}
	return n, timeout(err)
}

// Write implements [io.Writer]. A peer that is slow but takes something is waited for.
func (w *wire) Write(p []byte) (int, error) {
	for sent := 0; ; {
		if w.eachWrite > 0 {
			w.limitWrite(w.eachWrite)
		}
		n, err := w.write(p[sent:])
		sent += n
		if err = timeout(err); n == 0 || !errors.Is(err, ErrTimeout) {
			return sent, err
		}
	}
}

// unlimited takes all deadlines away.
func (w *wire) unlimited() {
	w.eachRead, w.eachWrite, w.readEnd, w.writeEnd = 0, 0, 0, 0
	_ = w.Conn.SetDeadline(time.Time{})
}

func timeout(err error) error {
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return err
}
