package http2_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// An uploader is a client that sends no more than it may (RFC 9113, section 6.9).
type uploader struct {
	*wire
	mu      sync.Mutex
	window  int            // of the connection
	windows map[uint32]int // of streams that are not over
	changed chan struct{}  // has one when any of it has
}

func newUploader(w *wire) *uploader {
	u := &uploader{wire: w, window: 1 << 20, windows: map[uint32]int{}, changed: make(chan struct{}, 1)}
	go u.listen()
	return u
}

func (u *uploader) listen() {
	for {
		f, err := u.read()
		if err != nil {
			return
		}
		u.mu.Lock()
		switch _, open := u.windows[f.stream]; {
		case f.kind == windowFrame && f.stream == 0:
			u.window += int(f.payload[0])<<24 | int(f.payload[1])<<16 | int(f.payload[2])<<8 | int(f.payload[3])
		case f.kind == windowFrame && open:
			u.windows[f.stream] += int(f.payload[1])<<16 | int(f.payload[2])<<8 | int(f.payload[3])
		case f.kind == resetFrame, f.kind == headersFrame && f.flags&endStream != 0:
			delete(u.windows, f.stream)
		}
		u.mu.Unlock()
		select {
		case u.changed <- struct{}{}:
		default:
		}
	}
}

// until waits until something holds.
func (u *uploader) until(holds func() bool) {
	for {
		u.mu.Lock()
		held := holds()
		u.mu.Unlock()
		if held {
			return
		}
		<-u.changed
	}
}

// open begins a stream.
func (u *uploader) open(id uint32, path string) {
	u.mu.Lock()
	u.windows[id] = 256 << 10
	u.mu.Unlock()
	u.send(headersFrame, endHeaders, id, getBlock(path))
}

// data sends a part of a body once that may be, also if the stream is over and the client cannot know.
func (u *uploader) data(id uint32, flags byte, payload []byte) {
	u.until(func() bool {
		window, open := u.windows[id]
		if u.window < len(payload) || open && window < len(payload) {
			return false
		}
		u.window -= len(payload)
		if open {
			u.windows[id] -= len(payload)
		}
		return true
	})
	u.send(dataFrame, flags, id, payload)
}

// Whatever becomes of a body, the room that it took is there for others again.
func TestUploadsLeakNoWindow(t *testing.T) {
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		if x.Request.Path == "/never" {
			time.Sleep(time.Millisecond) // while it comes
		} else {
			_, _ = io.Copy(io.Discard, x.Request.Body)
		}
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	})
	padding := append([]byte{255}, make([]byte, 1000+255)...)
	onPipe(t, h, http2.Options{}, func(t *testing.T, _ *http2.Server, w *wire) {
		w.greet()
		u := newUploader(w)
		id := uint32(1)
		answered := func() bool { _, open := u.windows[id]; return !open }
		for i := range 1000 {
			path := []string{"/read", "/reset", "/never"}[i%3]
			u.open(id, path)
			for range 6 {
				u.data(id, padded, padding)
			}
			switch path {
			case "/read":
				u.data(id, endStream, nil)
				u.until(answered)
			case "/reset":
				u.send(resetFrame, 0, id, number(8))
			case "/never":
				u.until(answered)
				for range 3 {
					u.data(id, padded, padding)
				}
			}
			id += 2
		}
		u.open(id, "/read")
		for range 64 {
			u.data(id, 0, make([]byte, 16<<10))
		}
		u.data(id, endStream, nil)
		u.until(answered)
	})
}

// Padding is room as well, which the client has back though there is nothing to read.
func TestPaddingIsGivenBack(t *testing.T) {
	onPipe(t, fine, http2.Options{Panic: func(any) {}}, func(t *testing.T, _ *http2.Server, w *wire) {
		w.greet()
		w.send(headersFrame, endHeaders, 1, getBlock("/wait"))
		for range 256 { // 64 KB
			w.send(dataFrame, padded, 1, append([]byte{255}, make([]byte, 255)...))
		}
		if f := w.until(windowFrame, 1); !bytes.Equal(f.payload, number(64<<10)) {
			t.Errorf("the window grows by %x", f.payload)
		}
	})
}

// A window may change while a body flows, and fall below zero (RFC 9113, section 6.9.2).
func TestWindowsChangeWhileBodiesFlow(t *testing.T) {
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response = exchange.Response{Status: 200, Length: -1, Body: endless}
		_ = s.Respond(x, nil)
	})
	onPipe(t, h, http2.Options{}, func(t *testing.T, _ *http2.Server, w *wire) {
		w.greet(setting(windowSetting, 30_000)...)
		var mu sync.Mutex
		came := 0
		go func() {
			for {
				f, err := w.read()
				if err != nil {
					return
				}
				if f.kind == dataFrame {
					mu.Lock()
					came += len(f.payload)
					mu.Unlock()
				}
			}
		}()
		expect := func(what string, want int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if came != want {
				t.Errorf("%s: %d bytes have come, want %d", what, came, want)
			}
		}
		w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
		expect("the first window", 30_000)
		w.send(settingsFrame, 0, 0, setting(windowSetting, 10_000))
		w.send(windowFrame, 0, 1, number(15_000))
		expect("a window below zero", 30_000)
		w.send(windowFrame, 0, 1, number(10_000))
		expect("the rest of it", 35_000)
		w.send(settingsFrame, 0, 0, append(setting(windowSetting, 0), setting(windowSetting, 11_000)...))
		expect("a window that grows", 36_000)
		w.send(settingsFrame, 0, 0, setting(windowSetting, 1<<20))
		expect("the connection's window", 65_535)
		w.send(windowFrame, 0, 0, number(1000))
		expect("which grows", 66_535)
	})
}

// What an endpoint has sent before it can know that nobody wants it any more is not held against it, and its room is
// given back.
func TestAnswersThatNobodyWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := backendOnPipe(t, nil, func(w *wire) {
			w.until(headersFrame, 1)
			w.say(frameBytes(headersFrame, endHeaders, 1, block(":status", "200")))
			w.until(resetFrame, 1)
			for range 3000 {
				w.say(frameBytes(dataFrame, 0, 1, []byte("message")))
			}
			w.until(headersFrame, 3)
			w.say(frameBytes(headersFrame, endHeaders|endStream, 3, block(":status", "204")))
			_, _ = io.Copy(io.Discard, w.r)
		})
		for range 2 {
			call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			call.Close()
		}
		e.Close()
		time.Sleep(2 * time.Second)
	})
}
