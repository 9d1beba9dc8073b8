package http1

import (
	"bytes"
	"io"

	"gwc.dev/runtime/exchange"
)

// chunks reads from as many chunks as fit into p and have come; it waits for the first bytes only.
func (b *Body) chunks(p []byte) (n int, err error) {
	for n < len(p) {
		if b.left == 0 {
			if n > 0 && !b.chunkReady() {
				return n, nil
			}
			if err := b.nextChunk(); err != nil {
				return n, err
			}
			if b.last {
				if n > 0 && !bytes.HasPrefix(b.r.unread(), []byte("\r\n")) {
					return n, nil // trailer fields follow: do not wait for them
				}
				return n, b.readTrailer()
			}
		}
		if n > 0 && b.r.Buffered() == 0 {
			return n, nil
		}
		m, err := b.r.read(p[n:min(int64(len(p)), int64(n)+b.left)], b.left)
		n += m
		b.left -= int64(m)
		if err != nil {
			return n, within(err)
		}
	}
	return n, nil
}

// chunkReady reports whether the next chunk's size, or more of this one, has come.
func (b *Body) chunkReady() bool {
	next := b.r.unread()
	switch {
	case b.last:
		return bytes.HasPrefix(next, []byte("\r\n"))
	case b.left > 0:
		return len(next) > 0
	case b.inChunk:
		next = next[min(2, len(next)):]
	}
	size := bytes.IndexByte(next, '\n')
	return size >= 0 && len(next) > size+1
}

// nextChunk reads up to the data of the next chunk.
func (b *Body) nextChunk() error {
	if b.last {
		return nil
	}
	if b.inChunk {
		if err := b.r.need(2); err != nil {
			return within(err)
		}
		if string(b.r.take(2)) != "\r\n" {
			return errChunkEnd
		}
		b.inChunk = false
	}
	line, err := b.r.line(maxChunkLine)
	if err != nil {
		return err
	}
	size, ext, err := chunkSize(line)
	if err != nil {
		return err
	}
	if b.ext += len(ext); b.ext > maxExtensions {
		return errChunkExtSize
	}
	b.left, b.inChunk, b.last = size, size > 0, size == 0
	return nil
}

// chunkSize reads a chunk's first line. Extensions are checked and otherwise ignored.
func chunkSize(line []byte) (size int64, ext []byte, err error) {
	n := 0
	for n < len(line) && classOf[line[n]]&hexByte != 0 {
		if size >= 1<<58 {
			return 0, nil, errChunkSize
		}
		size = size<<4 | int64(unhex(line[n]))
		n++
	}
	if n == 0 || n > 16 {
		return 0, nil, errChunkSize
	}
	if n == len(line) {
		return size, nil, nil
	}
	switch ext = line[n:]; {
	case ext[0] == ';' && validExtensions(ext):
		return size, ext, nil
	case ext[0] == ';' || ext[0] == ' ' || ext[0] == '\t':
		return 0, nil, errChunkExt
	}
	return 0, nil, errChunkSize
}

// validExtensions holds ext to the grammar of RFC 9112, section 7.1.1: names with or without a value, which is a
// token or a quoted string. White space between the size and the first one, which the grammar lets recipients
// skip, is refused: not all of them do.
func validExtensions(ext []byte) bool {
	if last := ext[len(ext)-1]; last == ' ' || last == '\t' {
		return false
	}
	for len(ext) > 0 {
		if ext[0] != ';' {
			return false
		}
		n := 0
		for ext = trim(ext[1:]); n < len(ext) && classOf[ext[n]]&tokenByte != 0; {
			n++
		}
		if n == 0 {
			return false
		}
		if ext = trim(ext[n:]); len(ext) == 0 || ext[0] != '=' {
			continue
		}
		if n = valueLen(trim(ext[1:])); n == 0 {
			return false
		}
		ext = trim(trim(ext[1:])[n:])
	}
	return true
}

// valueLen returns the length of the token or quoted string that b begins with; 0: neither.
func valueLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		n := 0
		for n < len(b) && classOf[b[n]]&tokenByte != 0 {
			n++
		}
		return n
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i++; i == len(b) || !isPlain(b[i:i+1]) {
				return 0
			}
		case c < ' ' && c != '\t' || c == 0x7f:
			return 0
		}
	}
	return 0
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// line returns the next line without its end, which has to come within so many bytes.
func (r *Reader) line(limit int) ([]byte, error) {
	for at := 0; ; {
		window := r.unread()
		if i := bytes.IndexByte(window[at:], '\n'); i >= 0 {
			at += i + 1
			switch {
			case at > limit:
				return nil, errChunkExtSize
			case at < 2 || window[at-2] != '\r':
				return nil, errBareLF
			}
			return r.take(at)[:at-2], nil
		}
		if at = len(window); at > limit {
			return nil, errChunkExtSize
		}
		if err := r.fill(); err != nil {
			return nil, within(err)
		}
	}
}

// readTrailer reads the fields after the last chunk. Those that hold for one connection are dropped; those that
// would say again where the message goes or ends are refused.
func (b *Body) readTrailer() error {
	section, err := b.r.section(b.r.limits.HeaderBytes, 0)
	if err != nil {
		return err
	}
	b.r.lend()
	for len(section) > 2 {
		var line []byte
		line, section = cutLine(section)
		name, value, err := readField(line)
		if err != nil {
			return err
		}
		switch kindOf(name) {
		case endToEnd:
			b.trailer = append(b.trailer, exchange.Field{Name: name, Value: value})
		case fieldHost, fieldLength, fieldCoding, lookalike:
			return errTrailer
		}
	}
	return io.EOF
}
