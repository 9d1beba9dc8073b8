package http1

import (
	"bytes"

	"gwc.dev/runtime/exchange"
)

// ReadRequest reads the head of the next request into x and m. x.Header is used again, x.Scheme, x.Host and what
// filters make of the rest are left alone: Authority, Path and Query are as sent. x.Body reads the body from the
// same connection; it is nil if there is none.
//
// The error is an *[Error] if the request is refused, io.EOF if the connection ended before it, or whatever
// reading met.
func (r *Reader) ReadRequest(x *exchange.Request, m *Meta) error {
	r.begin()
	head, err := r.requestHead()
	if err != nil {
		return err
	}
	r.lend()
	m.reset()
	x.Header, x.Body, x.Length = x.Header[:0], nil, 0
	line, fields := cutLine(head)
	if err := r.requestLine(line, x, m); err != nil {
		return err
	}
	host := ""
	if err := readFields(fields, &x.Header, m, &host); err != nil {
		return err
	}
	if err := m.authority(x, host); err != nil {
		return err
	}
	if err := m.coding(); err != nil {
		return err
	}
	if m.Minor == 0 { // RFC 9110, section 10.1.1
		m.Expect = false
	}
	switch {
	case m.Chunked:
		x.Length, x.Body = -1, r.body.begin(r, chunkedBody, 0)
	case m.length > 0:
		x.Length, x.Body = m.length, r.body.begin(r, fixedBody, m.length)
	default:
		r.body.begin(r, noBody, 0)
	}
	return nil
}

// requestLine reads method, target and version.
func (r *Reader) requestLine(line []byte, x *exchange.Request, m *Meta) error {
	first := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if first <= 0 || last == first {
		return errRequestLine
	}
	method, target, version := line[:first], line[first+1:last], line[last+1:]
	if !isToken(method) {
		return errMethod
	}
	if len(method) > maxMethod {
		return errLongMethod
	}
	if err := m.version(version); err != nil {
		return err
	}
	switch {
	case len(target) > r.limits.TargetBytes:
		return errLongTarget
	case len(target) == 0 || bytes.IndexByte(target, ' ') >= 0:
		return errRequestLine
	case !all(target, targetByte):
		return errTarget
	}
	x.Method = view(method)
	if x.Method == "CONNECT" {
		return errConnect
	}
	return readTarget(view(target), x)
}

// version reads an HTTP version. Another one than 1.0 and 1.1 is told apart from what is none.
func (m *Meta) version(v []byte) error {
	switch string(v) {
	case "HTTP/1.1":
		m.Minor = 1
		return nil
	case "HTTP/1.0":
		m.Minor = 0
		return nil
	}
	const prefix = "HTTP/"
	if len(v) == len("HTTP/1.1") && string(v[:len(prefix)]) == prefix &&
		v[5]-'0' <= 9 && v[6] == '.' && v[7]-'0' <= 9 {
		return errOtherHTTP
	}
	return errVersion
}
