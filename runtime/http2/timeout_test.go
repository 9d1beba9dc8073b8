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

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// onPipe has a client speak to a server over a pipe, in a time of their own: each byte is taken when it is read. In the
// end nothing of either may be left.
func onPipe(t *testing.T, h http2.Handler, o http2.Options, client func(t *testing.T, s *http2.Server, w *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		s := http2.NewServer(h, o)
		go s.Serve(far)
		client(t, s, &wire{near, t, bufio.NewReader(near)})
		near.Close()
		time.Sleep(time.Minute) // for goroutines that wait for another stream
	})
}

// greet begins a connection and returns when the server has nothing more to say.
func (w *wire) greet(settings ...byte) {
	w.t.Helper()
	w.bytes([]byte(clientPreface))
	w.send(settingsFrame, 0, 0, settings)
	for f, err := w.read(); f.kind != settingsFrame || f.flags&ack == 0; f, err = w.read() {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

const stall = 10 * time.Second

func TestClientsThatAreTooSlow(t *testing.T) {
	settings := frameBytes(settingsFrame, 0, 0, nil)
	begun := clientPreface + string(settings)
	tests := []struct {
		name  string
		first string
		again string // every so often
		every time.Duration
		want  time.Duration
	}{
		{"nothing", "", "", 0, 30*time.Second + time.Second},
		{"settings and no more", begun, "", 0, 30*time.Second + time.Second},
		{"half a preface", clientPreface[:10], "", 0, stall},
		{"half a frame", begun + string(settings[:5]), "", 0, stall},
		{"a frame byte by byte", begun + string(frameBytes(dataFrame, 0, 1, make([]byte, 100))[:9]), "x", time.Second, stall},
		{"a header that goes on", begun + string(frameBytes(headersFrame, 0, 1, nil)), string(frameBytes(continuationFrame, 0, 1, nil)), 2 * time.Second, stall},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := http2.Options{StallTimeout: stall, IdleTimeout: 30 * time.Second}
			onPipe(t, handle(nil), o, func(t *testing.T, _ *http2.Server, w *wire) {
				began := time.Now()
				go func() {
					if test.first == "" { // of a pipe even nothing is read
						return
					}
					_, err := io.WriteString(w, test.first)
					for err == nil && test.again != "" {
						time.Sleep(test.every)
						_, err = io.WriteString(w, test.again)
					}
				}()
				w.ended()
				if took := time.Since(began); took != test.want {
					t.Errorf("the connection lasted for %v, want %v", took, test.want)
				}
			})
		})
	}
}

// Bytes keep a body alive, frames without any do not.
func TestBodiesThatComeSlowly(t *testing.T) {
	for name, test := range map[string]struct {
		part string
		want error
		took time.Duration
	}{
		"a byte at a time": {"x", nil, 100 * time.Second},
		"empty frames":     {"", http1.ErrTimeout, stall},
	} {
		t.Run(name, func(t *testing.T) {
			type end struct {
				err  error
				took time.Duration
			}
			ended := make(chan end, 1)
			h := handle(func(s *http2.Stream, x *exchange.Exchange) {
				began := time.Now()
				_, err := io.Copy(io.Discard, x.Request.Body)
				ended <- end{err, time.Since(began)}
				x.Response.Status = 204
				_ = s.Respond(x, nil)
			})
			onPipe(t, h, http2.Options{StallTimeout: stall}, func(t *testing.T, _ *http2.Server, w *wire) {
				w.greet()
				go io.Copy(io.Discard, w.r) //nolint:errcheck // it ends with the connection
				w.send(headersFrame, endHeaders, 1, getBlock("/"))
				for range 20 {
					time.Sleep(5 * time.Second)
					w.send(dataFrame, 0, 1, []byte(test.part))
				}
				w.send(dataFrame, endStream, 1, nil)
				if got := <-ended; !errors.Is(got.err, test.want) || got.took != test.took {
					t.Errorf("%v after %v, want %v after %v", got.err, got.took, test.want, test.took)
				}
			})
		})
	}
}

// A slowReader takes a thousand bytes a second.
type slowReader struct{ from io.Reader }

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	return s.from.Read(p[:min(len(p), 1000)])
}

// A client may take its time for answers that are longer than what is sent at a time, as long as it takes something.
func TestClientThatReadsSlowly(t *testing.T) {
	const size = 200_000
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response = exchange.Response{Status: 200, Length: size, Body: strings.NewReader(strings.Repeat("x", size))}
		if err := s.Respond(x, nil); err != nil {
			t.Errorf("the answer ended with %v", err)
		}
	})
	onPipe(t, h, http2.Options{StallTimeout: stall}, func(t *testing.T, _ *http2.Server, w *wire) {
		w.greet(setting(windowSetting, size)...)
		w.send(windowFrame, 0, 0, number(2*size))
		w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
		w.send(headersFrame, endHeaders|endStream, 3, getBlock("/"))
		w.r = bufio.NewReader(slowReader{w.r})
		got, ended := 0, 0
		for ended < 2 {
			f, err := w.read()
			if err != nil || f.kind == resetFrame {
				t.Fatalf("after %d bytes: %v %v", got, f, err)
			}
			if f.kind == dataFrame {
				got += len(f.payload)
				ended += int(f.flags & endStream)
			}
		}
		if got != 2*size {
			t.Errorf("%d bytes came", got)
		}
	})
}

// A client that takes nothing holds up neither Shutdown nor the end of other connections.
func TestShutdownWaitsForNoClient(t *testing.T) {
	onPipe(t, handle(nil), http2.Options{}, func(t *testing.T, s *http2.Server, w *wire) {
		w.greet()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if cut := s.Shutdown(ctx); cut != 1 || time.Since(began) != 0 {
			t.Errorf("Shutdown cut %d connections after %v, want 1 at once", cut, time.Since(began))
		}
	})
}

// A handler may have something to do after its answer.
func TestShutdownWaitsForHandlers(t *testing.T) {
	finish := make(chan struct{})
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Response.Status = 204
		_ = s.Respond(x, nil)
		time.Sleep(5 * time.Second)
		close(finish)
	})
	onPipe(t, h, http2.Options{}, func(t *testing.T, s *http2.Server, w *wire) {
		w.greet()
		go io.Copy(io.Discard, w.r) //nolint:errcheck // it ends with the connection
		w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
		if cut := s.Shutdown(t.Context()); cut != 0 {
			t.Errorf("%d connections were cut", cut)
		}
		select {
		case <-finish:
		default:
			t.Error("the handler goes on")
		}
	})
}

// Streams that a client opens before it can know better are served; later ones are refused (RFC 9113, section 6.8).
func TestGoodbyeInTwoSteps(t *testing.T) {
	finish := make(chan struct{})
	h := handle(func(s *http2.Stream, x *exchange.Exchange) {
		<-finish
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	})
	s, address := serve(t, h, http2.Options{})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
	w.send(pingFrame, 0, 0, make([]byte, 8)) // by its answer the stream has begun
	for f, err := w.read(); f.kind != pingFrame; f, err = w.read() {
		if err != nil {
			t.Fatal(err)
		}
	}
	down := make(chan int)
	go func() { down <- s.Shutdown(t.Context()) }()
	last := func(f frame) uint32 { return uint32(f.payload[0])<<24 | uint32(f.payload[3]) }
	if f := w.until(goAwayFrame, 0); last(f) != 0x7f0000ff {
		t.Errorf("the first GOAWAY is %x", f.payload)
	}
	ping := w.until(pingFrame, 0)
	w.send(headersFrame, endHeaders|endStream, 3, getBlock("/"))
	w.send(pingFrame, ack, 0, ping.payload)
	if f := w.until(goAwayFrame, 0); last(f) != 3 {
		t.Errorf("the second GOAWAY is %x", f.payload)
	}
	w.send(headersFrame, endHeaders|endStream, 5, getBlock("/"))
	if f := w.until(resetFrame, 5); f.code() != 7 {
		t.Errorf("the stream after it is reset with code %d, want REFUSED_STREAM", f.code())
	}
	close(finish)
	for answered := range 2 {
		if f, err := w.read(); err != nil || f.kind != headersFrame {
			t.Errorf("after %d answers: %v %v", answered, f, err)
		}
	}
	w.ended()
	if cut := await(t, "Shutdown", down); cut != 0 {
		t.Errorf("%d connections were cut", cut)
	}
}

// atHand is a body that has come whole.
type atHand struct{ *strings.Reader }

func (atHand) AtHand() bool { return true }

// A noted connection tells when it is closed.
type noted struct {
	net.Conn
	closed func()
}

func (n noted) Close() error {
	n.closed()
	return n.Conn.Close()
}

// backendOnPipe is an endpoint whose only connection goes to a backend that does as told once it has been greeted.
// closed ends when the endpoint closes it.
func backendOnPipe(t *testing.T, settings []byte, do func(w *wire)) (e *http2.Endpoint, closed context.Context) {
	near, far := net.Pipe()
	closed, closing := context.WithCancel(context.Background())
	dialled := make(chan net.Conn, 1)
	dialled <- noted{near, closing}
	go func() {
		defer far.Close()
		w := &wire{far, t, bufio.NewReader(far)}
		if _, err := io.ReadFull(w.r, make([]byte, len(clientPreface))); err != nil {
			return
		}
		w.say(frameBytes(settingsFrame, 0, 0, settings))
		do(w)
	}()
	return http2.NewEndpoint(http2.EndpointOptions{Dial: func(context.Context) (net.Conn, error) {
		select {
		case c := <-dialled:
			return c, nil
		default:
			return nil, errors.New("there is one connection only")
		}
	}}), closed
}

// An endpoint that takes nothing holds up a call for its time, and leaves nothing behind.
func TestEndpointThatTakesNotEvenTheHead(t *testing.T) {
	for name, size := range map[string]int{"no body": -1, "small body": 100, "large body": 200_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				e, closed := backendOnPipe(t, setting(windowSetting, 1<<20), func(w *wire) {
					w.say(frameBytes(windowFrame, 0, 0, number(1<<20)))
					<-over
				})
				x := request(t, "POST", "/", nil, 0)
				if size >= 0 {
					x.Request.Body, x.Request.Length = atHand{strings.NewReader(strings.Repeat("x", size))}, int64(size)
				}
				began := time.Now()
				_, err := e.Call(x, http1.CallOptions{Timeout: 5 * time.Second})
				if took := time.Since(began); kind(err) != "timeout" || took != 5*time.Second {
					t.Errorf("%v after %v", err, took)
				}
				e.Close()
				time.Sleep(2 * time.Second)
				if closed.Err() == nil {
					t.Error("the connection is still there")
				}
				close(over)
			})
		})
	}
}

// An endpoint may answer before it takes all of a body, also of one that is sent without being waited for.
func TestEndpointThatAnswersEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := backendOnPipe(t, append(setting(windowSetting, 40_000), setting(frameSizeSetting, 1<<20)...), func(w *wire) {
			w.until(headersFrame, 1)
			w.say(frameBytes(headersFrame, endHeaders|endStream, 1, block(":status", "413")))
			_, _ = io.Copy(io.Discard, w.r)
		})
		x := request(t, "POST", "/", atHand{strings.NewReader(strings.Repeat("x", 60_000))}, 60_000)
		call, err := e.Call(x, http1.CallOptions{Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		call.Close()
		if e.Close(); x.Response.Status != 413 {
			t.Errorf("status %d", x.Response.Status)
		}
		time.Sleep(2 * time.Second)
	})
}
