package http2_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http2"
)

const enhanceYourCalm = 0xb

// harmless holds that a server still serves others.
func harmless(t *testing.T, address string) {
	t.Helper()
	if status, body := get(t, browser(t), "http://"+address+"/"); status != 200 || body != "fine" {
		t.Errorf("another connection is answered %d %q", status, body)
	}
}

// fine answers "/" at once; everything else when its client goes.
var fine = handle(func(s *http2.Stream, x *exchange.Exchange) {
	if x.Request.Path != "/" {
		<-x.Context.Done()
		panic(http.ErrAbortHandler)
	}
	x.Answer(200, "text/plain", "fine")
	_ = s.Respond(x, nil)
})

// However fast streams are reset, there are never more handlers than streams allowed.
func TestRapidReset(t *testing.T) {
	const streams = 4
	var running, most atomic.Int64
	release := make(chan struct{})
	reasons := make(chan string, 1)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		if x.Request.Path == "/" {
			fine(s, x)
			return
		}
		now := running.Add(1)
		defer running.Add(-1)
		for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
		}
		<-release // however long a handler takes to notice
		panic(http.ErrAbortHandler)
	}), http2.Options{Streams: streams, Refused: func(reason string) { reasons <- reason }, Panic: func(any) {}})
	w := dialWire(t, address)
	var flood []byte
	for id := uint32(1); id < 8000; id += 2 {
		flood = append(flood, frameBytes(headersFrame, endHeaders|endStream, id, getBlock("/wait"))...)
		flood = append(flood, frameBytes(resetFrame, 0, id, number(8))...)
	}
	go w.Write(flood) //nolint:errcheck // it is cut off
	if reason := await(t, "the refusal", reasons); reason != http2.RapidReset {
		t.Errorf("reason %q", reason)
	}
	if code := w.ended(); code != enhanceYourCalm && code != -1 { // the GOAWAY may be lost to the flood
		t.Errorf("GOAWAY with code %d", code)
	}
	harmless(t, address)
	if most.Load() > streams {
		t.Errorf("%d handlers at a time", most.Load())
	}
	close(release)
}

// These end the connection, whatever is read of what it says.
func TestFloods(t *testing.T) {
	bomb := func() []byte { // 60 bytes in the table and a thousand references to them (RFC 7541, section 6.1)
		entry := append([]byte{0x40, 5}, "x-abc"...)
		entry = append(append(entry, 60), strings.Repeat("a", 60)...)
		return append(append(getBlock("/"), entry...), bytes.Repeat([]byte{0xbe}, 15<<10)...)
	}
	tests := []struct {
		name  string
		first []byte
		again []byte
	}{
		{"CONTINUATION", frameBytes(headersFrame, 0, 1, getBlock("/")), frameBytes(continuationFrame, 0, 1, block("x-a", strings.Repeat("a", 10_000)))},
		{"empty CONTINUATION and an end that never comes", frameBytes(headersFrame, 0, 1, getBlock("/")), frameBytes(pingFrame, 0, 0, make([]byte, 8))},
		{"header list bomb", nil, frameBytes(headersFrame, endHeaders|endStream, 1, bomb())},
		{"PING that nobody reads the answers of", nil, frameBytes(pingFrame, 0, 0, make([]byte, 8))},
		{"window that overflows", nil, frameBytes(windowFrame, 0, 0, number(1<<31-1))},
		{"streams out of order", frameBytes(headersFrame, endHeaders, 3, getBlock("/wait")), frameBytes(headersFrame, endHeaders, 1, getBlock("/wait"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // the connection is held for a moment
			_, address := serve(t, fine, http2.Options{Panic: func(any) {}})
			w := dialWire(t, address)
			w.bytes(test.first)
			many := bytes.Repeat(test.again, max(1, (64<<10)/len(test.again)))
			sent := 0
			for { // nothing is read until the server has had enough
				n, err := w.Write(many)
				if sent += n; err != nil {
					break
				}
				if sent > 256<<20 {
					t.Fatal("the flood goes on")
				}
			}
			harmless(t, address)
		})
	}
}

// A client that opens all streams and takes no answer holds their handlers and nothing else, until the stall ends them:
// TestClientThatTakesNothing. More streams are refused.
func TestSlowRead(t *testing.T) {
	const streams = 8
	var running atomic.Int64
	written := make(chan struct{}, 2*streams)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		if x.Request.Path == "/" {
			fine(s, x)
			return
		}
		running.Add(1)
		x.Response = exchange.Response{Status: 200, Length: -1, Body: readerFunc(func(p []byte) (int, error) {
			written <- struct{}{}
			return len(p), nil
		})}
		if s.Respond(x, nil) != nil {
			panic(http.ErrAbortHandler)
		}
	}), http2.Options{Streams: streams})
	w := dialWire(t, address, setting(windowSetting, 0)...)
	for i := range uint32(streams) {
		w.send(headersFrame, endHeaders|endStream, 2*i+1, getBlock("/endless"))
	}
	for range streams { // a buffer each, and no more: nobody reads the second before the first has gone
		await(t, "an answer's first part", written)
	}
	w.send(headersFrame, endHeaders|endStream, 2*streams+1, getBlock("/endless"))
	w.until(resetFrame, 2*streams+1)
	harmless(t, address)
	if running.Load() != streams || len(written) != 0 {
		t.Errorf("%d handlers, %d more parts", running.Load(), len(written))
	}
}
