package http2_test

import (
	"testing"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// A client that has its answer may open the next stream, though the handler of the last one is still at it.
func TestStreamsAreAllowedAsAnnounced(t *testing.T) {
	release := make(chan struct{})
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response.Status = 204
		_ = s.Respond(x, nil)
		<-release
	}), http2.Options{Streams: 1})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
	for began := false; !began; { // and wait for the answer, which the answer to a ping has sent
		w.send(pingFrame, 0, 0, make([]byte, 8))
		f, err := w.read()
		if err != nil {
			t.Fatal(err)
		}
		began = f.kind == headersFrame
	}
	w.send(headersFrame, endHeaders|endStream, 3, getBlock("/"))
	w.send(headersFrame, endHeaders|endStream, 5, getBlock("/"))
	if f := w.until(resetFrame, 5); f.code() != 7 {
		t.Errorf("a stream too many is reset with code %d, want REFUSED_STREAM", f.code())
	}
	close(release)
	w.until(headersFrame, 3)
}

// After an answer has begun, 100 Continue would be taken for something else.
func TestNoContinueWithinAnAnswer(t *testing.T) {
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response = exchange.Response{Status: 200, Length: -1, Body: x.Request.Body}
		if err := s.Respond(x, nil); err != nil {
			t.Errorf("the answer ends with %v", err)
		}
		if err := s.Inform(&exchange.Response{Status: 103}); err == nil {
			t.Error("an interim response follows the answer")
		}
	}), http2.Options{})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders, 1, getBlock("/", "expect", "100-continue"))
	w.until(headersFrame, 1)
	w.send(dataFrame, endStream, 1, []byte("body"))
	for {
		f, err := w.read()
		if err != nil || f.kind == headersFrame {
			t.Fatalf("%v %v", f, err)
		}
		if f.kind == dataFrame && f.flags&endStream != 0 {
			return
		}
	}
}

// What a client says after its end of a stream ends the stream (RFC 9113, section 5.1).
func TestFramesAfterTheEnd(t *testing.T) {
	for name, late := range map[string][]byte{
		"data":    frameBytes(dataFrame, 0, 1, []byte("more")),
		"trailer": frameBytes(headersFrame, endHeaders|endStream, 1, block("x-a", "1")),
	} {
		t.Run(name, func(t *testing.T) {
			begun, ended := make(chan struct{}), make(chan error, 1)
			_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
				close(begun)
				<-x.Context.Done()
				x.Response.Status = 204
				ended <- s.Respond(x, nil)
			}), http2.Options{})
			w := dialWire(t, address)
			w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
			await(t, "the request", begun)
			w.bytes(late)
			if f := w.until(resetFrame, 1); f.code() != 5 {
				t.Errorf("it is reset with code %d, want STREAM_CLOSED", f.code())
			}
			if err := await(t, "the answer", ended); err == nil {
				t.Error("it is answered as well")
			}
		})
	}
}

// What has come of an answer is passed on, though its length says that nothing is to come but the end.
func TestEndThatComesLate(t *testing.T) {
	seen := make(chan struct{})
	behind := scripted(t, func(_ int, w *wire, stream uint32) {
		w.say(frameBytes(headersFrame, endHeaders, stream, block(":status", "200", "content-length", "5")),
			frameBytes(dataFrame, 0, stream, []byte("hello")))
		<-seen
		w.say(frameBytes(headersFrame, endHeaders|endStream, stream, block("x-checksum", "1")))
	})
	_, address := serve(t, pass(endpoint(t, behind), http1.CallOptions{}), http2.Options{})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
	if f := w.until(dataFrame, 1); string(f.payload) != "hello" || f.flags&endStream != 0 {
		t.Errorf("%v", f)
	}
	close(seen)
	if f := w.until(headersFrame, 1); f.flags&endStream == 0 {
		t.Errorf("%v", f)
	}
}
