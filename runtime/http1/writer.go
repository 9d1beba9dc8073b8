package http1

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"gwc.dev/runtime/exchange"
)

// ErrUnwritable is a message that would not read as what it is meant to say: a line break or a NUL in one of its
// strings, a name that is none, a length that is not the body's.
var ErrUnwritable = errors.New("the message cannot be written: one of its parts would change its meaning")

// A Writer writes messages to a connection. What it is given it keeps until there is enough for a write, or
// [Writer.Flush]: a head and a short body leave together.
type Writer struct {
	dst  io.Writer
	pool *Buffers
	b    []byte // what is not written yet; nil: nothing, and no buffer
	sent int64  // bytes of the current body
}

// NewWriter returns a Writer to dst. Buffers are taken from pool; nil: it has its own.
func NewWriter(dst io.Writer, pool *Buffers) *Writer {
	if pool == nil {
		pool = &Buffers{}
	}
	w := &Writer{}
	w.init(dst, pool)
	return w
}

func (w *Writer) init(dst io.Writer, pool *Buffers) { w.dst, w.pool = dst, pool }

func (w *Writer) begin() {
	if w.b == nil {
		w.b = w.pool.get(smallBuffer)[:0]
	}
	w.sent = 0
}

// Flush writes what is kept and gives the buffer back.
func (w *Writer) Flush() error {
	err := w.write()
	w.release()
	return err
}

func (w *Writer) release() {
	if w.b != nil {
		w.pool.put(w.b)
		w.b = nil
	}
}

// write writes what is kept.
func (w *Writer) write() error {
	if len(w.b) == 0 {
		return nil
	}
	_, err := w.dst.Write(w.b)
	w.b = w.b[:0]
	return err
}

// WriteRequest writes a request's head; the body is for [Writer.WriteBody]. The target is x's path and query as
// they stand. Of m, Upgrade, Trailers, Trailer and Close are told. An empty Authority makes an empty Host.
func (w *Writer) WriteRequest(x *exchange.Request, m *Meta) error {
	w.begin()
	if !isToken(x.Method) || x.Path == "" || !all(x.Path, targetByte) || !all(x.Query, targetByte) {
		return ErrUnwritable
	}
	start := len(w.b)
	b := append(w.b, x.Method...)
	b = append(b, ' ')
	b = append(b, x.Path...)
	if x.Query != "" {
		b = append(b, '?')
		b = append(b, x.Query...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, x.Authority...)
	b = append(b, "\r\n"...)
	b, lines, _ := appendFields(b, x.Header)
	lines += 2
	if x.Body != nil {
		b = appendFraming(b, x.Length, m)
		lines++
	} else if x.Length == 0 && expectsBody(x.Method) { // RFC 9110, section 8.6
		b = append(b, "Content-Length: 0\r\n"...)
		lines++
	}
	b, more := appendConnection(b, m, x.Body != nil && x.Length < 0)
	w.b = append(b, "\r\n"...)
	return w.check(start, lines+more+1)
}

// expectsBody reports whether a method's semantics anticipate content.
func expectsBody(method string) bool { return method == "POST" || method == "PUT" || method == "PATCH" }

// WriteResponse writes the head of a response to a request of that method; the body, if [HasBody] has it, is for
// [Writer.WriteBody]. m is about the client: of HTTP/1.0, it gets no chunks, and where the body then has no length,
// m.Close is set. date is the Date line, for a response that has none; it may be empty.
func (w *Writer) WriteResponse(method string, x *exchange.Response, m *Meta, date string) error {
	w.begin()
	start := len(w.b)
	b := appendStatusLine(w.b, x.Status)
	b, lines, dated := appendFields(b, x.Header)
	lines++
	if !dated && date != "" && x.Status >= 200 {
		b = append(b, date...)
		lines++
	}
	m.Chunked = false
	switch length, ok := announced(method, x); {
	case !ok:
	case length < 0 && m.Minor == 0:
		m.Close = true
	default:
		b = appendFraming(b, length, m)
		lines++
	}
	b, more := appendConnection(b, m, m.Chunked)
	w.b = append(b, "\r\n"...)
	return w.check(start, lines+more+1)
}

// announced returns the length that a response states, below 0 for that of a body which has none; false: it states
// nothing. The one to HEAD states what the one to GET would.
func announced(method string, x *exchange.Response) (length int64, ok bool) {
	switch {
	case HasBody(method, x.Status):
		if x.Body == nil {
			return 0, true
		}
		return x.Length, true
	case method == "HEAD" && HasBody("GET", x.Status):
		return x.Length, x.Length >= 0
	}
	return 0, false
}

// appendFields appends the exchange's fields. Those that are the connection's are left out, whoever put them there.
func appendFields(b []byte, h exchange.Header) (out []byte, lines int, dated bool) {
	for i := range h {
		f := &h[i]
		if f.Name == "" || kindOf(f.Name) != endToEnd {
			continue
		}
		if len(f.Name) == 4 && exchange.EqualFold(f.Name, "Date") {
			dated = true
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
		lines++
	}
	return b, lines, dated
}

// appendFraming appends the field that says where a body ends.
func appendFraming(b []byte, length int64, m *Meta) []byte {
	m.Chunked = length < 0
	if m.Chunked {
		return append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, length, 10)
	return append(b, "\r\n"...)
}

// appendConnection appends the fields that hold for this connection only.
func appendConnection(b []byte, m *Meta, chunked bool) (out []byte, lines int) {
	line := func(name, value string) {
		b = append(b, name...)
		b = append(b, value...)
		b = append(b, "\r\n"...)
		lines++
	}
	switch {
	case m.Upgrade != "":
		line("Connection: Upgrade", "")
		line("Upgrade: ", m.Upgrade)
	case m.Close:
		line("Connection: close", "")
	case m.Minor == 0:
		line("Connection: keep-alive", "")
	case m.Trailers:
		line("Connection: TE", "")
		line("TE: trailers", "")
	}
	if m.Trailer != "" && chunked {
		line("Trailer: ", m.Trailer)
	}
	return b, lines
}

// check holds what has been written since start to what was meant: so many lines, each with its own CR and LF.
// Any more came in a string, and so did a NUL; then nothing of it is kept.
func (w *Writer) check(start, lines int) error {
	head := w.b[start:]
	if bytes.Count(head, []byte{'\n'}) == lines && bytes.Count(head, []byte{'\r'}) == lines && bytes.IndexByte(head, 0) < 0 {
		return nil
	}
	w.b = w.b[:start]
	return ErrUnwritable
}
