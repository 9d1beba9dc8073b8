package http2_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// Frame types and flags (RFC 9113, section 6).
const (
	dataFrame byte = iota
	headersFrame
	priorityFrame
	resetFrame
	settingsFrame
	pushFrame
	pingFrame
	goAwayFrame
	windowFrame
	continuationFrame

	endStream  = 0x1
	ack        = 0x1
	endHeaders = 0x4
	padded     = 0x8
)

const (
	tableSizeSetting = 0x1
	windowSetting    = 0x4
	frameSizeSetting = 0x5
)

// A frame is one as it was read.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// code returns the error code of a RST_STREAM or GOAWAY.
func (f frame) code() uint32 {
	if f.kind == goAwayFrame {
		return binary.BigEndian.Uint32(f.payload[4:])
	}
	return binary.BigEndian.Uint32(f.payload)
}

// A wire is a side of a connection that a test writes and reads frame by frame.
type wire struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func newWire(t testing.TB, c net.Conn) *wire {
	t.Cleanup(func() { c.Close() })
	return plainWire(t, c)
}

// plainWire returns a wire for whoever closes the connection himself.
func plainWire(t testing.TB, c net.Conn) *wire {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &wire{c, t, bufio.NewReader(c)}
}

// dialWire opens a connection to a server, with the preface and settings.
func dialWire(t testing.TB, address string, settings ...byte) *wire {
	t.Helper()
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, c)
	w.bytes([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	w.send(settingsFrame, 0, 0, settings)
	return w
}

// setting returns one as it stands in a SETTINGS frame.
func setting(id uint16, value uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, id), value)
}

// number returns one as it stands in RST_STREAM and WINDOW_UPDATE.
func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// block returns a field block of literals that use no table (RFC 7541, section 6.2.2).
func block(fields ...string) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		b = append(b, 0)
		for _, s := range fields[i : i+2] {
			if len(s) < 127 {
				b = append(b, byte(len(s)))
			} else {
				b = binary.AppendUvarint(append(b, 127), uint64(len(s)-127))
			}
			b = append(b, s...)
		}
	}
	return b
}

// getBlock is the field block of a GET request, with more fields.
func getBlock(path string, fields ...string) []byte {
	pseudo := []string{":method", "GET", ":scheme", "http", ":path", path, ":authority", "api.example.com"}
	return block(append(pseudo, fields...)...)
}

func (w *wire) bytes(b []byte) {
	w.t.Helper()
	if _, err := w.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

func frameBytes(kind, flags byte, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return append(binary.BigEndian.AppendUint32(append(b, flags), stream), payload...)
}

func (w *wire) send(kind, flags byte, stream uint32, payload []byte) {
	w.t.Helper()
	w.bytes(frameBytes(kind, flags, stream, payload))
}

// read returns the next frame.
func (w *wire) read() (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:])}
	f.payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err := io.ReadFull(w.r, f.payload)
	return f, err
}

// until returns the next frame of a kind, on a stream.
func (w *wire) until(kind byte, stream uint32) frame {
	w.t.Helper()
	for {
		f, err := w.read()
		if err != nil {
			w.t.Fatalf("waiting for a frame of type %d: %v", kind, err)
		}
		acknowledged := f.flags&ack != 0 && (kind == settingsFrame || kind == pingFrame)
		if f.kind == kind && f.stream == stream && !acknowledged {
			return f
		}
	}
}

// ended reads to the connection's end and returns the code of the last GOAWAY; -1: there was none.
func (w *wire) ended() (code int) {
	w.t.Helper()
	code = -1
	for {
		f, err := w.read()
		if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			w.t.Fatal("the connection goes on")
		}
		if err != nil {
			return code
		}
		if f.kind == goAwayFrame {
			code = int(f.code())
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
