package http2_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// scripted is a backend that does as told with each of its connections, after the first HEADERS frame on it.
func scripted(t testing.TB, do func(n int, w *wire, stream uint32)) string {
	t.Helper()
	ln := listen(t)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go plainWire(t, c).perform(func(w *wire, stream uint32) { do(n, w, stream) })
		}
	}()
	return ln.Addr().String()
}

// perform is a backend's side of a connection: it does as told after the first HEADERS frame.
func (w *wire) perform(do func(w *wire, stream uint32)) {
	defer w.Close()
	if _, err := io.ReadFull(w.r, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	w.say(frameBytes(settingsFrame, 0, 0, nil))
	for {
		f, err := w.read()
		if err != nil {
			return
		}
		if f.kind == headersFrame {
			do(w, f.stream)
			_, _ = io.Copy(io.Discard, w.r)
			return
		}
	}
}

// say writes frames to whoever may be gone.
func (w *wire) say(frames ...[]byte) {
	for _, f := range frames {
		_, _ = w.Write(f)
	}
}

// open is a body that gives a part and then comes to nothing until it is unblocked.
type open struct {
	part    []byte
	ended   chan struct{}
	waiting chan struct{} // closed at the wait
}

func newOpen(part string) *open {
	return &open{[]byte(part), make(chan struct{}), make(chan struct{})}
}

func (o *open) Read(p []byte) (int, error) {
	if len(o.part) > 0 {
		n := copy(p, o.part)
		o.part = o.part[n:]
		return n, nil
	}
	close(o.waiting)
	<-o.ended
	return 0, io.ErrClosedPipe
}

// A caller is a client of calls that notes what happens to it.
type caller struct {
	interrupt http1.Interrupt
	body      *open
	informed  func(*exchange.Response) error
	unblocked atomic.Bool
}

func (c *caller) Interrupt() *http1.Interrupt { return &c.interrupt }
func (c *caller) Stream()                     {}
func (c *caller) Inform(r *exchange.Response) error {
	if c.informed == nil {
		return nil
	}
	return c.informed(r)
}
func (c *caller) Unblock() {
	if c.body != nil && !c.unblocked.Swap(true) {
		close(c.body.ended)
	}
}

func TestCallsThatFail(t *testing.T) {
	answer := func(stream uint32, flags byte, fields ...string) []byte {
		return frameBytes(headersFrame, endHeaders|flags, stream, block(fields...))
	}
	tests := []struct {
		name string
		do   func(n int, w *wire, stream uint32)
		want string // a reason of *http1.Error, "timeout", or "lost"
	}{
		{"reset", func(_ int, w *wire, s uint32) { w.say(frameBytes(resetFrame, 0, s, number(2))) }, "lost"},
		{"connection closed", func(_ int, w *wire, s uint32) { w.Close() }, "lost"},
		{"GOAWAY with an error", func(_ int, w *wire, s uint32) {
			w.say(frameBytes(goAwayFrame, 0, 0, append(number(0), number(2)...)))
		}, "lost"},
		{"refused again and again", func(_ int, w *wire, s uint32) {
			w.say(frameBytes(resetFrame, 0, s, number(7)))
			w.Close()
		}, "lost"},
		{"silence", func(int, *wire, uint32) {}, "timeout"},
		{"no status", func(_ int, w *wire, s uint32) { w.say(answer(s, endStream, "x-a", "1")) }, "answer"},
		{"not a number", func(_ int, w *wire, s uint32) { w.say(answer(s, endStream, ":status", "ok")) }, "answer"},
		{"not a field block", func(_ int, w *wire, s uint32) {
			w.say(frameBytes(headersFrame, endHeaders, s, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}))
		}, "answer"},
		{"not a frame", func(_ int, w *wire, s uint32) { w.say(frameBytes(windowFrame, 0, 0, nil)) }, "answer"},
		{"another protocol", func(_ int, w *wire, s uint32) { w.say(answer(s, 0, ":status", "101")) }, "upgrade"},
		{"lookalike of a framing field", func(_ int, w *wire, s uint32) {
			w.say(answer(s, endStream, ":status", "200", "content_length", "1"))
		}, "framing-lookalike"},
		{"lookalike in an interim response", func(_ int, w *wire, s uint32) {
			w.say(answer(s, 0, ":status", "103", "transfer_encoding", "chunked"))
		}, "framing-lookalike"},
		{"too many interim responses", func(_ int, w *wire, s uint32) {
			for range 40 {
				w.say(answer(s, 0, ":status", "103", "link", "</a>"))
			}
		}, "interim"},
		{"header beyond its bound", func(_ int, w *wire, s uint32) {
			var fields []string
			for range 5000 {
				fields = append(fields, "x-a", strings.Repeat("a", 64))
			}
			b := block(append([]string{":status", "200"}, fields...)...)
			w.say(frameBytes(headersFrame, endStream, s, b[:16<<10]))
			for b = b[16<<10:]; len(b) > 16<<10; b = b[16<<10:] {
				w.say(frameBytes(continuationFrame, 0, s, b[:16<<10]))
			}
			w.say(frameBytes(continuationFrame, endHeaders, s, b))
		}, "answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := endpoint(t, scripted(t, test.do))
			o := http1.CallOptions{Client: &caller{}, HeadTimeout: patience(test.want)}
			_, err := e.Call(request(t, "GET", "/", nil, 0), o)
			failed := callError(t, err)
			if got := kind(err); got != test.want || !failed.Dialled || failed.Stale || failed.Source {
				t.Errorf("%s: %+v, want %s", got, failed, test.want)
			}
		})
	}
}

// patience is short where a call is to run out of time.
func patience(want string) time.Duration {
	if want == "timeout" {
		return 100 * time.Millisecond
	}
	return 15 * time.Second
}

// kind returns what package upstream makes of an error.
func kind(err error) string {
	malformed, ok := errors.AsType[*http1.Error](err)
	switch {
	case err == nil:
		return ""
	case ok:
		return malformed.Reason
	case errors.Is(err, http1.ErrTimeout):
		return "timeout"
	case errors.Is(err, http1.ErrInterrupted):
		return "interrupted"
	case errors.Is(err, http1.ErrUnwritable):
		return "unwritable"
	}
	return "lost"
}

func TestAnswersThatFail(t *testing.T) {
	begun := func(w *wire, stream uint32, length string) {
		w.say(frameBytes(headersFrame, endHeaders, stream, block(":status", "200", "content-length", length)),
			frameBytes(dataFrame, 0, stream, []byte("part")))
	}
	tests := []struct {
		name string
		do   func(n int, w *wire, stream uint32)
		want string
	}{
		{"reset", func(_ int, w *wire, s uint32) { begun(w, s, "9"); w.say(frameBytes(resetFrame, 0, s, number(2))) }, "lost"},
		{"connection closed", func(_ int, w *wire, s uint32) { begun(w, s, "9"); w.Close() }, "lost"},
		{"silence", func(_ int, w *wire, s uint32) { begun(w, s, "9") }, "timeout"},
		{"shorter than its length", func(_ int, w *wire, s uint32) { begun(w, s, "9"); w.say(frameBytes(dataFrame, endStream, s, nil)) }, "lost"},
		{"longer than its length", func(_ int, w *wire, s uint32) { begun(w, s, "2") }, "answer"},
		{"not a frame", func(_ int, w *wire, s uint32) { begun(w, s, "9"); w.say(frameBytes(windowFrame, 0, 0, nil)) }, "answer"},
		{"lookalike of a framing field behind it", func(_ int, w *wire, s uint32) {
			begun(w, s, "4")
			w.say(frameBytes(headersFrame, endHeaders|endStream, s, block("content_length", "1")))
		}, "answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := endpoint(t, scripted(t, test.do))
			x := request(t, "GET", "/", nil, 0)
			call, err := e.Call(x, http1.CallOptions{Timeout: patience(test.want)})
			if err != nil {
				t.Fatal(err)
			}
			defer call.Close()
			_, err = io.ReadAll(x.Response.Body)
			if got := kind(err); got != test.want {
				t.Errorf("%s: %v, want %s", got, err, test.want)
			}
			if _, again := x.Response.Body.Read(make([]byte, 1)); !errors.Is(again, err) {
				t.Errorf("then %v", again)
			}
		})
	}
}

// What an endpoint says to have done nothing for is sent again, if nothing of its body is gone.
func TestUnprocessedRequestsAreSentAgain(t *testing.T) {
	answer := func(w *wire, stream uint32) {
		w.say(frameBytes(headersFrame, endHeaders|endStream, stream, block(":status", "204")))
	}
	ways := map[string]func(w *wire, stream uint32){
		"refused": func(w *wire, stream uint32) {
			w.say(frameBytes(resetFrame, 0, stream, number(7)))
			for { // it is sent again on the same connection
				if f, err := w.read(); err != nil {
					return
				} else if f.kind == headersFrame {
					answer(w, f.stream)
				}
			}
		},
		"goodbye": func(w *wire, stream uint32) { w.say(frameBytes(goAwayFrame, 0, 0, append(number(0), number(0)...))) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			address := scripted(t, func(n int, w *wire, stream uint32) {
				if n == 0 {
					way(w, stream)
					return
				}
				answer(w, stream)
			})
			x := request(t, "POST", "/", nil, 0)
			call, err := endpoint(t, address).Call(x, http1.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if call.Close(); x.Response.Status != 204 {
				t.Errorf("status %d", x.Response.Status)
			}
			_, err = endpoint(t, scripted(t, func(_ int, w *wire, stream uint32) {
				w.until(dataFrame, stream)
				way(w, stream)
			})).Call(request(t, "POST", "/", strings.NewReader("body"), 4), http1.CallOptions{})
			if failed := callError(t, err); kind(err) != "lost" || !failed.Dialled {
				t.Errorf("with its body gone: %+v", failed)
			}
		})
	}
}

func TestRequestsThatMakeNoMessage(t *testing.T) {
	e := endpoint(t, scripted(t, func(_ int, w *wire, stream uint32) {
		w.say(frameBytes(headersFrame, endHeaders|endStream, stream, block(":status", "204")))
	}))
	for name, change := range map[string]func(r *exchange.Request){
		"method":      func(r *exchange.Request) { r.Method = "GE T" },
		"path":        func(r *exchange.Request) { r.Path = "relative" },
		"authority":   func(r *exchange.Request) { r.Authority = "a b" },
		"field name":  func(r *exchange.Request) { r.Header.Add("X A", "1") },
		"field value": func(r *exchange.Request) { r.Header.Add("X-A", "1\r\nX-B: 2") },
	} {
		x := request(t, "GET", "/", nil, 0)
		change(&x.Request)
		_, err := e.Call(x, http1.CallOptions{})
		if got := kind(err); got != "unwritable" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{})
	if err != nil {
		t.Fatal("the connection is not of use any more: ", err)
	}
	call.Close()
}

// A connection on which the endpoint does not begin as it has to is none: nothing was sent on it.
func TestEndpointsThatSpeakNoHTTP2(t *testing.T) {
	for name, test := range map[string]struct{ says, want string }{
		"another protocol": {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "answer"},
		"another frame":    {string(frameBytes(pingFrame, 0, 0, make([]byte, 8))), "answer"},
		"an early end":     {"", "lost"},
		"half a frame":     {string(frameBytes(settingsFrame, 0, 0, make([]byte, 6))[:12]), "lost"},
	} {
		ln := listen(t)
		t.Cleanup(func() { ln.Close() })
		go func() {
			if c, err := ln.Accept(); err == nil {
				_, _ = io.ReadFull(c, make([]byte, len("PRI * HTTP/2.0")))
				_, _ = io.WriteString(c, test.says)
				c.Close()
			}
		}()
		_, err := endpoint(t, ln.Addr().String()).Call(request(t, "GET", "/", nil, 0), http1.CallOptions{})
		if failed := callError(t, err); kind(err) != test.want || failed.Dialled || failed.Source {
			t.Errorf("%s: %+v, want %s", name, failed, test.want)
		}
	}
	silent := listen(t)
	t.Cleanup(func() { silent.Close() })
	o := http1.CallOptions{Timeout: 50 * time.Millisecond}
	_, err := endpoint(t, silent.Addr().String()).Call(request(t, "GET", "/", nil, 0), o)
	if failed := callError(t, err); kind(err) != "timeout" || failed.Dialled {
		t.Errorf("silence: %+v", failed)
	}
}

// An endpoint that ends the exchange while the client's body is still open does not hold up the call.
func TestEndsBeforeTheBodyDoes(t *testing.T) {
	answered := func(w *wire, stream uint32, status string, then ...[]byte) {
		w.until(dataFrame, stream)
		w.say(frameBytes(headersFrame, endHeaders, stream, block(":status", status)),
			frameBytes(dataFrame, endStream, stream, []byte("answer")))
		w.say(then...)
	}
	tests := []struct {
		name string
		do   func(n int, w *wire, stream uint32)
		want string // of Call
	}{
		{"reset", func(_ int, w *wire, s uint32) { w.until(dataFrame, s); w.say(frameBytes(resetFrame, 0, s, number(2))) }, "lost"},
		{"connection closed", func(_ int, w *wire, s uint32) { w.until(dataFrame, s); w.Close() }, "lost"},
		{"answer", func(_ int, w *wire, s uint32) { answered(w, s, "200") }, ""},
		{"answer and reset", func(_ int, w *wire, s uint32) { answered(w, s, "200", frameBytes(resetFrame, 0, s, number(0))) }, ""},
		{"refusal", func(_ int, w *wire, s uint32) { answered(w, s, "413") }, ""},
		{"refusal and reset", func(_ int, w *wire, s uint32) { answered(w, s, "413", frameBytes(resetFrame, 0, s, number(0))) }, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := endpoint(t, scripted(t, test.do))
			c := &caller{body: newOpen("part")}
			x := request(t, "POST", "/", c.body, -1)
			call, err := e.Call(x, http1.CallOptions{Client: c})
			if got := kind(err); got != test.want {
				t.Fatalf("%s: %v", got, err)
			}
			if err == nil {
				body, err := io.ReadAll(x.Response.Body)
				if string(body) != "answer" || err != nil {
					t.Errorf("%q %v", body, err)
				}
				call.Close()
			}
			select {
			case <-c.body.waiting:
				if !c.unblocked.Load() {
					t.Error("the body's reader was not unblocked")
				}
			default: // nobody got to read that far
			}
		})
	}
}

func TestBodiesThatBreak(t *testing.T) {
	reset := make(chan uint32, 1)
	address := scripted(t, func(_ int, w *wire, stream uint32) { reset <- w.until(resetFrame, stream).code() })
	for name, broken := range map[string]error{"broken": io.ErrUnexpectedEOF, "slow": http1.ErrTimeout} {
		body := io.MultiReader(strings.NewReader("part"), iotest.ErrReader(broken))
		_, err := endpoint(t, address).Call(request(t, "POST", "/", body, -1), http1.CallOptions{})
		failed := callError(t, err)
		source, ok := errors.AsType[*http1.SourceError](err)
		if !ok || !errors.Is(source.Err, broken) || !failed.Source || !failed.Dialled {
			t.Errorf("%s: %+v", name, failed)
		}
		if code := await(t, "the reset", reset); code != 8 {
			t.Errorf("%s: the stream ended with code %d, want CANCEL", name, code)
		}
	}
}

// An endpoint is given so long to take the request's body, and not charged for a client that takes its time.
func TestEndpointThatTakesNothing(t *testing.T) {
	address := scripted(t, func(int, *wire, uint32) {})
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	o := http1.CallOptions{Timeout: 100 * time.Millisecond}
	_, err := endpoint(t, address).Call(request(t, "POST", "/", endless, -1), o)
	if kind(err) != "timeout" {
		t.Errorf("%v", err)
	}
}

func TestClientThatTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go plainWire(t, far).perform(func(w *wire, stream uint32) {
			for f := w.until(dataFrame, stream); f.flags&endStream == 0; f = w.until(dataFrame, stream) {
			}
			w.say(frameBytes(headersFrame, endHeaders|endStream, stream, block(":status", "204")))
		})
		e := http2.NewEndpoint(http2.EndpointOptions{Dial: func(context.Context) (net.Conn, error) { return near, nil }})
		const timeout = time.Second
		first := true
		body := readerFunc(func(p []byte) (int, error) {
			if first {
				first = false
				return copy(p, "part"), nil
			}
			time.Sleep(2 * timeout)
			return 0, io.EOF
		})
		call, err := e.Call(request(t, "POST", "/", body, -1), http1.CallOptions{Timeout: timeout, HeadTimeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		call.Close()
		e.Close()
	})
}

func TestClientThatGoesEndsTheCall(t *testing.T) {
	arrived, reset := make(chan struct{}), make(chan uint32)
	address := scripted(t, func(_ int, w *wire, _ uint32) {
		arrived <- struct{}{}
		for {
			f, err := w.read()
			switch {
			case err != nil:
				return
			case f.kind == headersFrame:
				arrived <- struct{}{}
			case f.kind == resetFrame:
				reset <- f.code()
			}
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	client := &caller{}
	e := endpoint(t, address)
	for name, test := range map[string]struct {
		client http1.Client
		leave  func()
	}{
		"a client":  {client, client.interrupt.Fire},
		"a context": {nil, leave},
	} {
		x, ended := request(t, "GET", "/", nil, 0), make(chan error)
		x.Context = ctx
		go func() {
			_, err := e.Call(x, http1.CallOptions{Client: test.client})
			ended <- err
		}()
		await(t, "the request", arrived)
		test.leave()
		if err := await(t, "the call", ended); kind(err) != "interrupted" {
			t.Errorf("%s: %v", name, err)
		}
		if code := await(t, "the reset", reset); code != 8 {
			t.Errorf("%s: the stream ended with code %d, want CANCEL", name, code)
		}
	}
}

// Interim responses are passed on before the answer, and a client that is slow to take them holds up nobody else.
func TestInterimResponsesOfEndpoints(t *testing.T) {
	early := func(stream uint32) []byte {
		return frameBytes(headersFrame, endHeaders, stream, block(":status", "103", "link", "</a>"))
	}
	final := func(stream uint32) []byte {
		return frameBytes(headersFrame, endHeaders|endStream, stream, block(":status", "204"))
	}
	conns := make(chan struct{}, 2)
	e := endpoint(t, scripted(t, func(_ int, w *wire, stream uint32) {
		conns <- struct{}{}
		w.say(frameBytes(headersFrame, endHeaders, stream, block(":status", "100")), early(stream), early(stream), final(stream))
		w.until(headersFrame, stream+2)
		w.say(early(stream+2), final(stream+2))
	}))
	taken, release := make(chan string, 4), make(chan struct{})
	slow := &caller{informed: func(r *exchange.Response) error {
		taken <- r.Header.Get("Link")
		<-release
		return nil
	}}
	ended := make(chan error)
	go func() {
		call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{Client: slow})
		if err == nil {
			call.Close()
		}
		ended <- err
	}()
	if link := await(t, "the interim response", taken); link != "</a>" {
		t.Errorf("it says %q", link)
	}
	call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{Client: &caller{}})
	if err != nil {
		t.Fatal(err)
	}
	call.Close()
	close(release)
	if err := await(t, "the slow client's call", ended); err != nil || len(taken) != 1 || len(conns) != 1 {
		t.Errorf("%v, %d more interim responses, %d connections", err, len(taken), len(conns))
	}
	refused := errors.New("refused")
	e = endpoint(t, scripted(t, func(_ int, w *wire, stream uint32) { w.say(early(stream)) }))
	unwilling := &caller{informed: func(*exchange.Response) error { return refused }}
	_, err = e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{Client: unwilling})
	if failed := callError(t, err); !failed.Source || !errors.Is(err, refused) {
		t.Errorf("a client that does not take it: %+v", failed)
	}
}
