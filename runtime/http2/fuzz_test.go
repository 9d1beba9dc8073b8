package http2_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2/hpack"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// A script is what a peer does, as a fuzzer makes it up: mostly frames that are nearly right.
type script []byte

func (s *script) number() byte {
	b := s.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (s *script) bytes(n int) []byte {
	n = min(n, len(*s))
	b := (*s)[:n]
	*s = (*s)[n:]
	return b
}

// next returns what is to be sent next, and how long to wait after it. Headers are of blocks.
func (s *script) next(blocks [][]byte) (b []byte, pause time.Duration) {
	kind, stream, flags := s.number(), uint32(s.number()%10), s.number()
	var payload []byte
	switch kind %= 14; kind {
	case headersFrame:
		flags &= endStream | endHeaders
		payload = blocks[int(s.number())%len(blocks)]
	case dataFrame:
		flags &= endStream
		payload = make([]byte, int(s.number())*int(s.number()))
	case settingsFrame, windowFrame, resetFrame, priorityFrame, pingFrame, goAwayFrame:
		sizes := map[byte]int{settingsFrame: 6, windowFrame: 4, resetFrame: 4, priorityFrame: 5, pingFrame: 8, goAwayFrame: 8}
		payload = make([]byte, sizes[kind])
		copy(payload[len(payload)-min(3, len(payload)):], s.bytes(3))
		if kind == settingsFrame {
			payload[1], flags = flags%8, 0
		}
		if kind == settingsFrame || kind == pingFrame || kind == goAwayFrame {
			stream = 0
		}
	case 10: // a header as it comes
		kind = headersFrame
		payload = s.bytes(int(s.number()))
	case 11: // padded data
		kind, flags = dataFrame, flags&endStream|padded
		payload = append(s.bytes(1), make([]byte, s.number())...)
	case 12:
		return nil, time.Duration(flags) * time.Second
	case 13: // no frame at all
		return s.bytes(int(flags)), 0
	default:
		payload = s.bytes(int(s.number()))
	}
	return frameBytes(kind, flags, stream, payload[:min(len(payload), 20<<10)]), 0
}

// perform plays the script on a connection until its end or that of the connection.
func (s script) perform(c net.Conn, blocks [][]byte) {
	defer c.Close()
	for len(s) > 0 {
		b, pause := s.next(blocks)
		if len(b) > 0 { // of a pipe even nothing is read
			if _, err := c.Write(b); err != nil {
				return
			}
		}
		time.Sleep(pause)
	}
	time.Sleep(time.Millisecond)
}

// observe holds that what comes are frames, with headers that can be read, and that a stream has none after its end.
func observe(t *testing.T, r io.Reader) {
	decoder := hpack.NewDecoder(4096, func(hpack.HeaderField) {})
	w := &wire{t: t, r: bufio.NewReader(r)}
	ended, open := map[uint32]byte{}, uint32(0)
	for {
		f, err := w.read()
		if err != nil {
			return
		}
		if open != 0 && (f.kind != continuationFrame || f.stream != open) {
			t.Errorf("a frame of type %d comes within a header", f.kind)
		}
		before := ended[f.stream]
		switch {
		case f.stream == 0 || f.kind == resetFrame:
		case before == resetFrame:
			t.Errorf("a frame of type %d comes after RST_STREAM", f.kind)
		case before == endStream && f.kind != windowFrame && f.kind != continuationFrame:
			t.Errorf("a frame of type %d comes after END_STREAM", f.kind)
		}
		switch {
		case f.kind == resetFrame:
			ended[f.stream] = resetFrame
		case (f.kind == headersFrame || f.kind == dataFrame) && f.flags&endStream != 0:
			ended[f.stream] = endStream
		}
		if f.kind != headersFrame && f.kind != continuationFrame {
			continue
		}
		if _, err := decoder.Write(f.payload); err != nil {
			t.Errorf("a header cannot be read: %v", err)
		}
		if open = f.stream; f.flags&endHeaders != 0 {
			open = 0
			if err := decoder.Close(); err != nil {
				t.Errorf("a header is not whole: %v", err)
			}
		}
	}
}

// scene answers a request by its path.
func scene(s *http2.Stream, x *exchange.Exchange) {
	out := &x.Response
	switch *out = (exchange.Response{Status: 200, Length: -1}); x.Request.Path {
	case "/echo":
		out.Body = x.Request.Body
	case "/large":
		out.Length, out.Body = 200_000, strings.NewReader(strings.Repeat("x", 200_000))
	case "/short":
		out.Length, out.Body = 10, strings.NewReader("x")
	case "/nothing":
		return
	case "/gone":
		<-x.Context.Done()
		return
	case "/slow":
		time.Sleep(time.Second)
		_ = s.Inform(&exchange.Response{Status: 103})
	}
	_ = s.Respond(x, s)
}

// Whatever a client sends, the server neither panics nor hangs, says nothing wrong, and has nothing left in the end.
func FuzzServer(f *testing.F) {
	var blocks [][]byte
	for _, path := range []string{"/", "/echo", "/large", "/short", "/nothing", "/gone", "/slow"} {
		blocks = append(blocks, getBlock(path), getBlock(path, "content-length", "5", "expect", "100-continue"))
	}
	blocks = append(blocks, block("x-trailer", "1"), block(":path", "/"))
	begin := []byte{settingsFrame, 0, 4, 3, 0, 0}
	f.Add(append(begin, headersFrame, 1, endHeaders|endStream, 0, windowFrame, 0, 0, 4, 0, 0, headersFrame, 3, endHeaders|endStream, 4))
	f.Add(append(begin, headersFrame, 1, endHeaders, 2, dataFrame, 1, 0, 200, 250, 12, 0, 9, dataFrame, 1, endStream, 1, 1, pingFrame, 0, 0, 1, 1, 1))
	f.Add(append(begin, headersFrame, 1, endHeaders, 3, dataFrame, 1, endStream, 5, 1, resetFrame, 1, 0, 0, 0, 8, 12, 0, 90))
	f.Add(append(begin, headersFrame, 1, 0, 0, continuationFrame, 1, endHeaders, 0, 11, 1, 1, 9, 20, goAwayFrame, 0, 0, 0, 0, 0))
	f.Add(append(begin, headersFrame, 1, endHeaders, 2, headersFrame, 1, endHeaders|endStream, 14, headersFrame, 1, endHeaders, 14))
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			s := http2.NewServer(handle(scene), http2.Options{Streams: 4, StallTimeout: 10 * time.Second, Panic: func(v any) { panic(v) }})
			go s.Serve(far)
			go observe(t, near)
			if _, err := io.WriteString(near, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			script(data).perform(near, blocks)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if cut := s.Shutdown(ctx); cut > 0 {
				t.Error("the connection goes on after its end")
			}
			time.Sleep(time.Minute) // for goroutines that wait for another stream; others are a failure
		})
	})
}

// Whatever an endpoint sends, calls end in time, and nothing is left in the end.
func FuzzClient(f *testing.F) {
	blocks := [][]byte{
		block(":status", "200"), block(":status", "200", "content-length", "5"), block(":status", "204"),
		block(":status", "103", "link", "</a>"), block(":status", "304", "content-length", "5"),
		block("x-trailer", "1"), block(":status", "101"),
	}
	begin := []byte{settingsFrame, 0, 4, 3, 0, 0}
	f.Add(append(begin, headersFrame, 1, endHeaders|endStream, 0, headersFrame, 3, endHeaders, 1, dataFrame, 3, endStream, 5, 1))
	f.Add(append(begin, headersFrame, 1, endHeaders, 3, headersFrame, 1, endHeaders, 0, dataFrame, 1, 0, 200, 200, headersFrame, 1, endHeaders|endStream, 5))
	f.Add(append(begin, resetFrame, 1, 0, 0, 0, 7, goAwayFrame, 0, 0, 0, 0, 0, pingFrame, 0, 1, 0, 0, 0))
	f.Add(append(begin, windowFrame, 0, 0, 4, 0, 0, settingsFrame, 0, 4, 0, 0, 0, 12, 0, 9, windowFrame, 5, 0, 0, 0, 9))
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			dials := make(chan net.Conn, 1)
			dials <- near
			e := http2.NewEndpoint(http2.EndpointOptions{Dial: func(context.Context) (net.Conn, error) {
				select {
				case c := <-dials:
					return c, nil
				default:
					return nil, errors.New("there is one connection")
				}
			}})
			go func() {
				begin := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
				if _, err := io.ReadFull(far, begin); err == nil {
					observe(t, far)
				}
			}()
			done := make(chan struct{})
			for _, body := range []io.Reader{
				nil, strings.NewReader("body"), strings.NewReader(strings.Repeat("x", 100_000)),
				io.LimitReader(readerFunc(func(p []byte) (int, error) { time.Sleep(time.Second); return 1, nil }), 5),
			} {
				go func() {
					exchangeWith(t, e, body)
					done <- struct{}{}
				}()
			}
			script(data).perform(far, blocks)
			for range 4 {
				<-done
			}
			e.Close()
			time.Sleep(time.Minute)
		})
	})
}

// exchangeWith makes a call and reads its answer, which has to end in time.
func exchangeWith(t *testing.T, e *http2.Endpoint, body io.Reader) {
	const timeout = 10 * time.Second
	began := time.Now()
	x := request(t, "POST", "/", body, -1)
	call, err := e.Call(x, http1.CallOptions{Timeout: timeout, Client: &caller{}})
	if err != nil {
		return
	}
	if x.Response.Body != nil {
		_, _ = io.Copy(io.Discard, x.Response.Body)
	}
	call.Trailer()
	call.Close()
	if took := time.Since(began); took > 10*timeout {
		t.Errorf("the call took %v", took)
	}
}
