package http1

import (
	"gwc.dev/runtime/exchange"
)

// ReadResponse reads the head of the next response, to a request of that method, into x and m. x.Header is used
// again. x.Body reads the body from the same connection; it is nil if there is none. Interim responses (1xx) are
// responses like others: it is the caller who reads on.
//
// After 101 the connection no longer speaks HTTP: what else has come is for [Reader.Rest]. The errors are those of
// [Reader.ReadRequest].
func (r *Reader) ReadResponse(method string, x *exchange.Response, m *Meta) error {
	r.begin()
	head, err := r.responseHead()
	if err != nil {
		return err
	}
	r.lend()
	m.reset()
	x.Header, x.Body, x.Length = x.Header[:0], nil, 0
	line, fields := cutLine(head)
	if x.Status, err = m.statusLine(line); err != nil {
		return err
	}
	if err := readFields(fields, &x.Header, m, nil); err != nil {
		return err
	}
	return r.responseBody(method, x, m)
}

// statusLine reads version and status; the reason says nothing (RFC 9112, section 4). It may be missing with the
// space before it, which is how some servers take it.
func (m *Meta) statusLine(line []byte) (int, error) {
	const least = len("HTTP/1.1 200")
	if len(line) < least || line[8] != ' ' || len(line) > least && (line[least] != ' ' || !isText(line[least:])) {
		return 0, errStatusLine
	}
	if err := m.version(line[:8]); err != nil {
		return 0, err
	}
	status := 0
	for _, c := range line[9:least] {
		if c < '0' || c > '9' {
			return 0, errStatusLine
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 {
		return 0, errStatusLine
	}
	return status, nil
}

// responseBody says where the body ends, in the order of RFC 9112, section 6.3.
func (r *Reader) responseBody(method string, x *exchange.Response, m *Meta) error {
	if err := m.coding(); err != nil {
		return err
	}
	if !HasBody(method, x.Status) { // whatever the fields say
		x.Length = m.length // what HEAD asks for
		if x.Length < 0 && method != "HEAD" || x.Status < 200 || x.Status == 204 {
			x.Length = 0
		}
		m.Chunked = false
		r.body.begin(r, noBody, 0)
		return nil
	}
	switch {
	case m.Chunked:
		x.Length, x.Body = -1, r.body.begin(r, chunkedBody, 0)
	case m.length > 0:
		x.Length, x.Body = m.length, r.body.begin(r, fixedBody, m.length)
	case m.length == 0:
		r.body.begin(r, noBody, 0)
	default:
		m.Close = true
		x.Length, x.Body = -1, r.body.begin(r, closedBody, 0)
	}
	return nil
}

// Rest returns what has come after the last message: after an upgrade it belongs to the other protocol. It is
// valid until the Reader is used again.
func (r *Reader) Rest() []byte { return r.take(r.Buffered()) }
