package http2

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

var (
	errCallEnded   = errors.New("the call is over")
	errStreamEnded = errors.New("the endpoint ended the stream before an answer")
)

// A requestBody is a request's body on its way out. net/http reads it on a goroutine of its own, which may still do so
// when the call has its answer; end takes it away from there.
type requestBody struct {
	call    *Call
	from    io.Reader
	left    int64       // below 0: unknown
	trailer http.Header // whose values are filled in at the body's end; nil: none is announced

	mu      sync.Mutex
	quiet   sync.Cond // somebody has stopped reading
	read    bool      // somebody has begun to read
	reading bool
	closed  bool  // net/http wants no more
	over    bool  // the call wants no more
	head    bool  // the answer has begun
	err     error // why the source ended early
}

func (b *requestBody) begin(c *Call, from io.Reader, length int64) {
	b.call, b.from, b.left = c, from, length
	b.quiet.L = &b.mu
}

// Read implements [io.Reader].
func (b *requestBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.over || b.closed {
		b.mu.Unlock()
		return 0, errCallEnded
	}
	b.read, b.reading = true, true
	b.mu.Unlock()

	b.call.clock.reads()
	n, err := b.from.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if errors.Is(err, io.EOF) {
		b.fillTrailer()
	}
	if b.left == 0 || errors.Is(err, io.EOF) {
		b.call.clock.whole()
	} else {
		b.call.clock.waits()
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	b.quiet.Signal()
	if err != nil && !errors.Is(err, io.EOF) && !b.over && b.err == nil {
		b.err = err
	}
	return n, err
}

// fillTrailer gives the announced fields their values.
func (b *requestBody) fillTrailer() {
	if b.trailer == nil || b.call.o.Trailer == nil {
		return
	}
	for name := range b.trailer {
		b.trailer[name] = nil
	}
	for _, f := range b.call.o.Trailer.Trailer() {
		name := http.CanonicalHeaderKey(f.Name)
		if values, ok := b.trailer[name]; ok && text(f.Value) {
			b.trailer[name] = append(values, strings.Clone(f.Value))
		}
	}
}

// Close implements [io.Closer] for net/http, which calls it when the endpoint wants no more, and then waits for who
// reads. That is left to the answer's end, if there is an answer; if there is none, the call is over.
func (b *requestBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.reading && !b.head {
		b.call.cancel(errStreamEnded)
	}
	return nil
}

// reopen makes a body that nobody has read ready for another try.
func (b *requestBody) reopen() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = false
}

// answered says that the answer has begun.
func (b *requestBody) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.head = true
}

// begun reports whether anything may have been read.
func (b *requestBody) begun() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read
}

// failure returns why the source ended early; nil: it did not.
func (b *requestBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// end ends the reading, also if it is under way.
func (b *requestBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.reading && b.call.o.Client != nil {
		b.call.o.Client.Unblock()
	}
}

// wait waits until nobody reads any more.
func (b *requestBody) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.reading {
		b.quiet.Wait()
	}
}
