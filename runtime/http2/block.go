package http2

import (
	"errors"
	"slices"

	"golang.org/x/net/http2/hpack"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
)

// maxContinuations bounds the frames that a header is spread over, beside those that its bytes need.
const maxContinuations = 8

// A block is a header as it comes in: compressed, in one frame or several (RFC 9113, section 4.3).
type block struct {
	decoder *hpack.Decoder
	limits  http1.Limits

	head   head   // of its first frame
	parts  []byte // of it, if it takes more than one
	frames int
	open   bool // more of it is to come

	// What it says: the fields as they came, those about the message first.
	fields  []exchange.Field
	count   int // of fields that are not about the message
	size    int
	wrong   bool // it is no header (RFC 9113, section 8.1.1)
	regular bool // a field that is not about the message has come
}

func (b *block) init(limits http1.Limits) {
	b.limits = limits
	b.decoder = hpack.NewDecoder(defaultTable, b.field)
	// A string is at most this much longer than its code.
	b.decoder.SetMaxStringLength(2 * b.most())
}

// most is how many bytes a block may have on the wire. The room above the bound is for requests that are answered.
func (b *block) most() int { return 2*b.limits.HeaderBytes + maxFrame }

// begin takes the first frame's part; true: it is whole.
func (b *block) begin(h head, part []byte) (whole bool, err error) {
	b.head, b.frames = h, 0
	b.parts = b.parts[:0]
	if h.has(endHeaders) {
		return true, b.decode(part)
	}
	b.open = true
	b.parts = append(b.parts, part...)
	return false, nil
}

// more takes another frame's part; true: it is whole.
func (b *block) more(h head, part []byte) (whole bool, err error) {
	if !b.open || h.stream != b.head.stream {
		return false, &connError{code: protocolError, detail: "a CONTINUATION frame continues nothing (RFC 9113, section 6.10)"}
	}
	b.frames++
	if len(b.parts)+len(part) > b.most() || b.frames > maxContinuations+b.most()/maxFrame {
		return false, errHeaderFlood
	}
	b.parts = append(b.parts, part...)
	if !h.has(endHeaders) {
		return false, nil
	}
	b.open = false
	err = b.decode(b.parts)
	b.parts = nil // seldom needed
	return true, err
}

// decode reads a whole block. It has to, also where nobody wants it: the table that both sides keep depends on it.
func (b *block) decode(whole []byte) error {
	b.count, b.size, b.wrong, b.regular = 0, 0, false, false
	clear(b.fields)
	b.fields = b.fields[:0]
	_, err := b.decoder.Write(whole)
	if err == nil {
		err = b.decoder.Close()
	}
	switch {
	case errors.Is(err, hpack.ErrStringLength):
		return errHeaderFlood
	case err != nil:
		return &connError{code: compressionError, detail: "a header is not compressed as it has to be (RFC 7541)"}
	}
	return nil
}

// field takes one field.
func (b *block) field(f hpack.HeaderField) {
	b.size += len(f.Name) + len(f.Value) + len(": \r\n")
	if b.wrong || b.size > 2*b.limits.HeaderBytes || b.count > 2*b.limits.Fields {
		return // it is refused anyway, and a byte may stand for 4 KB
	}
	switch {
	case len(f.Name) > 1 && f.Name[0] == ':':
		b.wrong = b.regular || b.find(f.Name) >= 0
	case !token(f.Name) || !lowerCase(f.Name) || !text(f.Value) || connections(f.Name, f.Value):
		b.wrong = true
	default:
		b.regular = true
		b.count++
	}
	if !b.wrong {
		b.fields = append(b.fields, exchange.Field{Name: f.Name, Value: f.Value})
	}
}

func (b *block) find(name string) int {
	return slices.IndexFunc(b.fields, func(f exchange.Field) bool { return f.Name == name })
}

// message returns the fields, without those about the message.
func (b *block) message() []exchange.Field { return b.fields[b.about():] }

// about returns how many fields are about the message.
func (b *block) about() int {
	for i, f := range b.fields {
		if f.Name[0] != ':' {
			return i
		}
	}
	return len(b.fields)
}
