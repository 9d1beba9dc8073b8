package exchange

import (
	"strconv"
	"unsafe"
)

// A Text is memory for the strings that are made for an exchange and end with it, as those do that point into a
// read buffer. What carries exchanges keeps it from one to the next, so that most of them allocate none. The zero
// value is ready for use.
type Text struct{ b []byte }

// Reset ends all strings. Only what carries the exchange may call it, once that has ended.
func (t *Text) Reset() {
	const most = 4 << 10 // an idle connection holds no more
	if cap(t.b) > most {
		t.b = nil
	}
	t.b = t.b[:0]
}

// Concat returns the strings as one.
func (t *Text) Concat(parts ...string) string {
	start := len(t.b)
	for _, p := range parts {
		t.b = append(t.b, p...)
	}
	return t.since(start)
}

// Int returns n in decimal.
func (t *Text) Int(n int64) string {
	start := len(t.b)
	t.b = strconv.AppendInt(t.b, n, 10)
	return t.since(start)
}

// Append returns what add appends to the bytes that it is given, of which it may change none.
func (t *Text) Append(add func([]byte) []byte) string {
	start := len(t.b)
	t.b = add(t.b)
	return t.since(start)
}

// since returns the bytes from start on. Nobody writes to them again before Reset: where the memory has to grow,
// they stay behind as they are.
func (t *Text) since(start int) string {
	return unsafe.String(unsafe.SliceData(t.b[start:]), len(t.b)-start)
}
