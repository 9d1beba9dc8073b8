package websocket_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A frame is a WebSocket frame (RFC 6455, section 5.2).
type frame struct {
	more     bool // FIN is not set
	reserved byte // RSV1 is 4, RSV2 is 2, RSV3 is 1
	opcode   byte
	payload  []byte
}

var opcodes = map[string]byte{"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}

// compressed marks a message of permessage-deflate (RFC 7692, section 6): RSV1.
const compressed = 4

// mask is what clients of these cases mask with, always, so that what they send is the same each time.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// append appends the frame as a client sends it.
func (f frame) append(out []byte) []byte {
	first := f.reserved<<4 | f.opcode
	if !f.more {
		first |= 0x80
	}
	out = append(out, first)
	switch n := len(f.payload); {
	case n < 126:
		out = append(out, 0x80|byte(n))
	case n < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(n))
	}
	out = append(out, mask[:]...)
	for i, b := range f.payload {
		out = append(out, b^mask[i%4])
	}
	return out
}

// String writes a frame as cases do. The server's own words for a breach of the protocol are left out.
func (f frame) String() string {
	var out strings.Builder
	payload := f.payload
	if f.reserved == compressed {
		out.WriteString("deflate ")
		payload = inflate(payload)
	} else if f.reserved != 0 {
		fmt.Fprintf(&out, "reserved %d ", f.reserved)
	}
	name := fmt.Sprint("opcode ", f.opcode)
	for known, opcode := range opcodes {
		if opcode == f.opcode {
			name = known
		}
	}
	out.WriteString(name)
	if name == "close" && len(payload) >= 2 {
		code := binary.BigEndian.Uint16(payload)
		fmt.Fprint(&out, " ", code)
		if payload = payload[2:]; code == protocolError {
			payload = nil
		}
	}
	if len(payload) > 0 {
		out.WriteString(" " + quote(payload))
	}
	return out.String()
}

// protocolError is the code of a close frame that ends a connection for what the other side did wrong.
const protocolError = 1002

// quote writes a payload as a string, or as a number of times the same few bytes.
func quote(payload []byte) string {
	for n := 1; n <= 8 && len(payload) > 16; n++ {
		if times := len(payload) / n; bytes.Equal(payload, bytes.Repeat(payload[:n], times)) {
			return fmt.Sprintf("%d*%q", times, payload[:n])
		}
	}
	return strconv.Quote(string(payload))
}

// readMessages returns the messages and control frames that a server sent, one a line; equal ones in a row share one.
func readMessages(data []byte) string {
	var lines []string
	var message *frame // of which there is more to come
	for r := bytes.NewReader(data); r.Len() > 0; {
		f, err := readFrame(r)
		if err != nil {
			lines = append(lines, fmt.Sprintf("%v in %d bytes", err, len(data)))
			break
		}
		if message != nil && f.opcode == 0 {
			message.payload, message.more = append(message.payload, f.payload...), f.more
			f = *message
		}
		if f.more {
			message = &f
			continue
		}
		if f.opcode < 8 {
			message = nil
		}
		lines = append(lines, f.String())
	}
	return countLines(lines)
}

func countLines(lines []string) string {
	var out strings.Builder
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n] == lines[0] {
			n++
		}
		if n > 1 {
			fmt.Fprintf(&out, "times %d ", n)
		}
		fmt.Fprintln(&out, lines[0])
		lines = lines[n:]
	}
	return out.String()
}

func readFrame(r io.Reader) (f frame, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return f, err
	}
	f.more, f.reserved, f.opcode = head[0]&0x80 == 0, head[0]>>4&7, head[0]&15
	n := uint64(head[1])
	switch n {
	case 126:
		_, err = io.ReadFull(r, head[:2])
		n = uint64(binary.BigEndian.Uint16(head[:]))
	case 127:
		_, err = io.ReadFull(r, head[:])
		n = binary.BigEndian.Uint64(head[:])
	}
	if err != nil {
		return f, err
	}
	if n > 64<<20 {
		return f, fmt.Errorf("a frame of %d bytes", n)
	}
	f.payload = make([]byte, n)
	_, err = io.ReadFull(r, f.payload)
	return f, err
}

// flushed ends what a compressor has flushed, and no message carries (RFC 7692, section 7.2.1).
const flushed = "\x00\x00\xff\xff"

func deflate(payload []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(payload)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		panic(err) // memory does not fail
	}
	return bytes.TrimSuffix(out.Bytes(), []byte(flushed))
}

func inflate(payload []byte) []byte {
	// An empty last block lets the reader come to an end.
	out, err := io.ReadAll(flate.NewReader(io.MultiReader(
		bytes.NewReader(payload), strings.NewReader(flushed+"\x01\x00\x00\xff\xff"))))
	if err != nil {
		return []byte("not inflated: " + err.Error())
	}
	return out
}
