package http1

import (
	"errors"
	"io"

	"gwc.dev/runtime/exchange"
)

// chunkSpace is kept before a chunk for its size in four digits, as largeBuffer takes, and chunkTail behind it.
const (
	chunkSpace = len("ffff\r\n")
	chunkTail  = len("\r\n")
)

// WriteBody copies a body after its head: length bytes of src, or, where length is below 0, all that come: in
// chunks with the trailer fields after them, or up to the connection's end. What comes piece by piece goes out
// piece by piece; what has come already goes out together, the head as well. trailer may be nil.
//
// It tells apart who failed: a *[SourceError] is src's.
func (w *Writer) WriteBody(src io.Reader, length int64, m *Meta, trailer Trailer) error {
	if length >= 0 {
		return w.copyFixed(src, length)
	}
	return w.copyStream(src, m.Chunked, trailer)
}

// A Trailer has the fields that come after a body, once that has been read.
type Trailer interface{ Trailer() exchange.Header }

// A SourceError is a body that could not be read to its end.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return "reading the body: " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// ready reports whether src has more at once, as a [Body] knows it.
func ready(src io.Reader) bool {
	r, ok := src.(interface{ Ready() bool })
	return ok && r.Ready()
}

func (w *Writer) copyFixed(src io.Reader, left int64) error {
	if left > int64(cap(w.b)-len(w.b)) {
		if !ready(src) { // a long body may take its time
			if err := w.write(); err != nil {
				return err
			}
		}
		w.grow(largeBuffer)
	}
	for left > 0 {
		n, err := src.Read(w.space(src, left))
		w.keep(n)
		left -= int64(n)
		switch {
		case left == 0:
		case err != nil:
			return w.broken(within(err))
		case len(w.b) == cap(w.b) || !ready(src):
			moved := len(w.b)
			if err := w.write(); err != nil {
				return err
			}
			w.fit(moved, left)
		}
	}
	return w.write()
}

// fit changes the buffer, which is empty, to the pace of a body of which so much was just moved: one that fills it
// goes on in a huge one, which saves system calls, and one that is slow does not keep that while it waits.
func (w *Writer) fit(moved int, left int64) {
	switch {
	case moved == cap(w.b) && left > largeBuffer:
		w.grow(hugeBuffer)
	case moved < largeBuffer && cap(w.b) == hugeBuffer:
		w.release()
		w.b = w.pool.get(largeBuffer)[:0]
	}
}

// copyStream copies a body of unknown length.
func (w *Writer) copyStream(src io.Reader, chunked bool, trailer Trailer) error {
	if !ready(src) { // an event stream begins before its first event
		if err := w.write(); err != nil {
			return err
		}
	}
	if err := w.streamRoom(); err != nil {
		return err
	}
	for {
		err := w.piece(src, chunked)
		switch {
		case errors.Is(err, io.EOF):
			if chunked {
				if err := w.lastChunk(trailer); err != nil {
					return err
				}
			}
			return w.write()
		case err != nil:
			return w.broken(err)
		case cap(w.b)-len(w.b) < smallBuffer || !ready(src):
			if err := w.write(); err != nil {
				return err
			}
		}
	}
}

// piece reads once from src, into a chunk of its own or none.
func (w *Writer) piece(src io.Reader, chunked bool) error {
	if !chunked {
		n, err := src.Read(w.b[len(w.b):cap(w.b)])
		w.keep(n)
		return err
	}
	at := len(w.b)
	n, err := src.Read(w.b[at+chunkSpace : cap(w.b)-chunkTail])
	if n > 0 {
		w.b = w.b[:at+chunkSpace]
		size := w.b[at:]
		for i, shift := 0, 12; i < 4; i, shift = i+1, shift-4 {
			size[i] = "0123456789abcdef"[n>>shift&0xf]
		}
		size[4], size[5] = '\r', '\n'
		w.keep(n)
		w.b = append(w.b, "\r\n"...)
	}
	return err
}

// lastChunk ends a chunked body. Trailer fields that are the connection's are left out.
func (w *Writer) lastChunk(trailer Trailer) error {
	w.b = append(w.b, "0\r\n"...)
	lines, start := 0, len(w.b)
	if trailer != nil {
		w.b, lines, _ = appendFields(w.b, trailer.Trailer())
	}
	w.b = append(w.b, "\r\n"...)
	return w.check(start, lines+1)
}

// grow makes the buffer one of n bytes, with what it holds.
func (w *Writer) grow(n int) {
	if cap(w.b) >= n {
		return
	}
	next := w.pool.get(n)[:len(w.b)]
	copy(next, w.b)
	w.pool.put(w.b)
	w.b = next
}

// streamRoom makes the buffer one that takes pieces: their sizes have four digits.
func (w *Writer) streamRoom() error {
	if len(w.b) > mediumBuffer || cap(w.b) > largeBuffer { // a very long head
		if err := w.write(); err != nil {
			return err
		}
		w.release()
		w.b = w.pool.get(largeBuffer)[:0]
	}
	w.grow(largeBuffer)
	return nil
}

// space returns the rest of the buffer for src to read into. A [Body] keeps to its length by itself, and makes use
// of more room to see what comes after it.
func (w *Writer) space(src io.Reader, limit int64) []byte {
	room := w.b[len(w.b):cap(w.b)]
	if _, ok := src.(*Body); ok {
		return room
	}
	return room[:min(int64(len(room)), limit)]
}

// keep takes in bytes of the body that were read into the buffer.
func (w *Writer) keep(n int) {
	w.b = w.b[:len(w.b)+n]
	w.sent += int64(n)
}

// broken passes on what has been read of a body that ended early: the receiver sees that it is not all.
func (w *Writer) broken(err error) error {
	if err := w.write(); err != nil {
		return err
	}
	return &SourceError{err}
}
