package http2

import "encoding/binary"

// Types of frames (RFC 9113, section 6).
const (
	dataFrame         = 0x0
	headersFrame      = 0x1
	priorityFrame     = 0x2
	resetFrame        = 0x3
	settingsFrame     = 0x4
	pushFrame         = 0x5
	pingFrame         = 0x6
	goAwayFrame       = 0x7
	windowFrame       = 0x8
	continuationFrame = 0x9
)

// Flags of frames.
const (
	endStream   = 0x1  // of data and headers
	ack         = 0x1  // of settings and pings
	endHeaders  = 0x4  // of headers and continuations
	padded      = 0x8  // of data and headers
	hasPriority = 0x20 // of headers
)

// Settings (RFC 9113, section 6.5.2).
const (
	tableSizeSetting  = 0x1
	pushSetting       = 0x2
	streamsSetting    = 0x3
	windowSetting     = 0x4
	frameSizeSetting  = 0x5
	headerSizeSetting = 0x6
)

const (
	headLength = 9 // of a frame
	// maxFrame bounds the payloads that are taken: the least that there is, for a frame is read as a whole.
	maxFrame = 16 << 10
	// frameLimit is the largest payload that a peer may allow.
	frameLimit = 1<<24 - 1
	// defaultWindow is what may be sent, of a stream and of a connection, before a peer has said otherwise, and
	// maxWindow what it may say.
	defaultWindow = 1<<16 - 1
	maxWindow     = 1<<31 - 1
	maxStream     = 1<<31 - 1
)

// preface begins a client's side of a connection (RFC 9113, section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// A head is a frame's (RFC 9113, section 4.1).
type head struct {
	length int
	kind   byte
	flags  byte
	stream uint32
}

func readHead(b []byte) head {
	return head{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   b[3], flags: b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & maxStream,
	}
}

// has reports whether a flag is set.
func (h head) has(flag byte) bool { return h.flags&flag != 0 }

// appendHead appends a frame's head.
func appendHead(b []byte, h head) []byte {
	b = append(b, byte(h.length>>16), byte(h.length>>8), byte(h.length), h.kind, h.flags)
	return binary.BigEndian.AppendUint32(b, h.stream)
}

// appendNumber appends a frame whose payload is a number: a reset's code or a window's growth.
func appendNumber(b []byte, kind byte, stream, n uint32) []byte {
	return binary.BigEndian.AppendUint32(appendHead(b, head{4, kind, 0, stream}), n)
}

// appendGoAway appends a frame that ends a connection: streams above last have not been looked at.
func appendGoAway(b []byte, last uint32, code errorCode) []byte {
	b = appendHead(b, head{8, goAwayFrame, 0, 0})
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, last), uint32(code))
}

// A setting is one of a SETTINGS frame.
type setting struct {
	id    uint16
	value uint32
}

func appendSettings(b []byte, settings ...setting) []byte {
	b = appendHead(b, head{6 * len(settings), settingsFrame, 0, 0})
	for _, s := range settings {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, s.id), s.value)
	}
	return b
}

// unpadded returns a payload without its padding; false: it is not as it has to be (RFC 9113, section 6.1).
func unpadded(h head, payload []byte) ([]byte, bool) {
	if !h.has(padded) {
		return payload, true
	}
	if len(payload) == 0 || int(payload[0]) >= len(payload) {
		return nil, false
	}
	return payload[1 : len(payload)-int(payload[0])], true
}
