package http1

import (
	"bytes"
	"errors"
	"io"
)

// requestHead returns the head of a request, with its empty line. The error is io.EOF if the connection ended before
// it, io.ErrUnexpectedEOF if within.
func (r *Reader) requestHead() ([]byte, error) {
	if err := r.need(1); err != nil {
		return nil, err
	}
	if r.buf[r.pos] == '\r' { // some clients end a body with an empty line that does not belong to it
		if err := r.need(2); err != nil {
			return nil, within(err)
		}
		if r.buf[r.pos+1] != '\n' {
			return nil, errNotHTTP
		}
		r.pos += 2
		if err := r.need(1); err != nil {
			return nil, err
		}
	}
	switch c := r.buf[r.pos]; {
	case c == '\n':
		return nil, errBareLF
	case c == '\r':
		return nil, errEmptyLine
	case classOf[c]&tokenByte == 0: // a TLS client, for one
		return nil, errNotHTTP
	}
	return r.section(r.limits.firstLine(), 1)
}

// responseHead is requestHead for a response.
func (r *Reader) responseHead() ([]byte, error) {
	if err := r.need(1); err != nil {
		return nil, err
	}
	if r.buf[r.pos] != 'H' {
		return nil, errNotHTTP
	}
	return r.section(r.limits.HeaderBytes, 1)
}

// section returns the lines up to and with an empty one. The first, of at most so many bytes, and others before
// the fields do not count as fields. Whatever pieces the lines arrive in, the outcome is the same.
func (r *Reader) section(first, startLines int) ([]byte, error) {
	line, at, lines := 0, 0, 0 // the current line's begin, where to look on, lines before it
	for {
		window := r.unread()
		if len(window) > r.limits.HeaderBytes {
			window = window[:r.limits.HeaderBytes]
		}
		for {
			i := bytes.IndexByte(window[at:], '\n')
			if i < 0 {
				break
			}
			at += i + 1
			switch {
			case lines == 0 && at > first:
				return nil, errLongTarget
			case at-line < 2 || window[at-2] != '\r':
				return nil, errBareLF
			case at-line == 2:
				return r.take(at), nil
			case lines == r.limits.Fields+startLines:
				return nil, errFieldCount
			}
			lines++
			line = at
		}
		at = len(window)
		switch {
		case lines == 0 && at > first:
			return nil, errLongTarget
		case at == r.limits.HeaderBytes:
			return nil, errHeaderSize
		}
		if err := r.fill(); err != nil {
			return nil, within(err)
		}
	}
}

// need waits until n bytes are buffered.
func (r *Reader) need(n int) error {
	for r.Buffered() < n {
		if err := r.fill(); err != nil {
			return err
		}
	}
	return nil
}

// within is err within a message, where the connection's end is no good one.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cutLine returns the first line of a section, without its end, and the rest.
func cutLine(section []byte) (line, rest []byte) {
	i := bytes.IndexByte(section, '\n')
	return section[:i-1], section[i+1:]
}
