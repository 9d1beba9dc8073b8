package http2_test

import (
	"bytes"
	"strings"
	"testing"

	"gwc.dev/runtime/http2"
)

// repeated returns frames, one for each number up to n, in one piece.
func repeated(n uint32, frame func(i uint32) []byte) []byte {
	var all []byte
	for i := range n {
		all = append(all, frame(i)...)
	}
	return all
}

// Floods end the connection, and it is told why.
func TestFloodsAreTold(t *testing.T) {
	const many = 4000
	opened := frameBytes(headersFrame, endHeaders, 1, getBlock("/wait"))
	ping := frameBytes(pingFrame, 0, 0, make([]byte, 8))
	pong := frameBytes(pingFrame, ack, 0, make([]byte, 8))
	settings, data := frameBytes(settingsFrame, 0, 0, nil), frameBytes(dataFrame, 0, 1, nil)
	for name, test := range map[string]struct {
		reason string
		first  []byte
		again  []byte
	}{
		"streams that are reset at once": {
			http2.RapidReset, nil, repeated(many, func(i uint32) []byte {
				open := frameBytes(headersFrame, endHeaders|endStream, 2*i+1, getBlock("/wait"))
				return append(open, frameBytes(resetFrame, 0, 2*i+1, number(8))...)
			}),
		},
		"resets of one stream": {
			http2.RapidReset, opened, bytes.Repeat(frameBytes(resetFrame, 0, 1, number(8)), many),
		},
		"pings":              {http2.ControlFlood, nil, bytes.Repeat(ping, many)},
		"answers to no ping": {http2.ControlFlood, nil, bytes.Repeat(pong, many)},
		"settings":           {http2.ControlFlood, nil, bytes.Repeat(settings, many)},
		"empty data":         {http2.ControlFlood, opened, bytes.Repeat(data, many)},
		"priorities": {
			http2.ControlFlood, nil, bytes.Repeat(frameBytes(priorityFrame, 0, 3, make([]byte, 5)), many),
		},
		"frames that nobody knows": {
			http2.ControlFlood, nil, bytes.Repeat(frameBytes(0xee, 0, 0, nil), many),
		},
		"a header in small pieces": {
			http2.HeaderFlood, frameBytes(headersFrame, 0, 1, getBlock("/")),
			bytes.Repeat(frameBytes(continuationFrame, 0, 1, nil), many),
		},
		"a header without an end": {
			http2.HeaderFlood, frameBytes(headersFrame, 0, 1, getBlock("/")),
			bytes.Repeat(frameBytes(continuationFrame, 0, 1, block("x-a", strings.Repeat("a", 10_000))), 20),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the connection is held for a moment
			reasons := make(chan string, 2)
			_, address := serve(t, fine, http2.Options{Panic: func(any) {}, Refused: func(reason string) { reasons <- reason }})
			w := dialWire(t, address)
			go func() { _, _ = w.Write(append(test.first, test.again...)) }() // the connection may end on the way
			if code := w.ended(); code != enhanceYourCalm {
				t.Errorf("GOAWAY with code %d", code)
			}
			if reason := await(t, "the reason", reasons); reason != test.reason {
				t.Errorf("the reason is %q, want %q", reason, test.reason)
			}
			harmless(t, address)
		})
	}
}

// What a client does in proportion to its requests is no flood, however long it goes on.
func TestBusyClientIsNoFlood(t *testing.T) {
	_, address := serve(t, fine, http2.Options{Panic: func(any) {}, Refused: func(reason string) {
		t.Errorf("refused for %s", reason)
	}})
	w := dialWire(t, address)
	for i := range uint32(2500) {
		reset, answered := 4*i+1, 4*i+3
		w.send(headersFrame, endHeaders|endStream, reset, getBlock("/wait"))
		w.send(resetFrame, 0, reset, number(8))
		w.send(pingFrame, 0, 0, make([]byte, 8))
		w.send(headersFrame, endHeaders|endStream, answered, getBlock("/"))
		w.until(dataFrame, answered)
	}
}
