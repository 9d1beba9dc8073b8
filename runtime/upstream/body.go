package upstream

import (
	"errors"
	"io"
	"sync/atomic"
)

// A body is a request's body for one try. The transport may go on reading it after the call returned, hence
// the hand-over by atomic state: a try's body that was never read can be taken back and given to the next.
type body struct {
	from  io.Reader
	state atomic.Int32
}

const (
	untouched = iota
	touched
	takenBack
)

var errTakenBack = errors.New("the try is over")

// newBody returns nil where there is nothing to send.
func newBody(from io.Reader) *body {
	if from == nil {
		return nil
	}
	return &body{from: from}
}

// takeBack ends the use of b by its try; it reports whether nothing of it has been read.
func (b *body) takeBack() bool {
	return b == nil || b.state.CompareAndSwap(untouched, takenBack)
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(untouched, touched) && b.state.Load() == takenBack {
		return 0, errTakenBack
	}
	return b.from.Read(p)
}

// Close implements [io.Closer]. Whoever owns the client's connection closes the body itself.
func (b *body) Close() error { return nil }
