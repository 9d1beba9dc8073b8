package http2_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

const refusedNo = 0x0 // NO_ERROR

func TestClientThatSendsNothingMore(t *testing.T) {
	read := make(chan error, 1)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		_, err := io.ReadAll(x.Request.Body)
		read <- err
		x.Response.Status = 408
		_ = s.Respond(x, nil)
	}), http2.Options{StallTimeout: 30 * time.Millisecond})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders, 1, getBlock("/"))
	w.send(dataFrame, 0, 1, []byte("part"))
	if err := await(t, "the read's end", read); !errors.Is(err, http1.ErrTimeout) {
		t.Errorf("the body ended with %v", err)
	}
	w.until(headersFrame, 1)
}

// A client that takes nothing holds no stream for longer than a stall may be, however small its answer is. Other
// streams of its connection are unharmed.
func TestClientThatTakesNothing(t *testing.T) {
	t.Parallel()
	sizes := map[string]int{"/small": 100, "/large": 1 << 20, "/slow": 100}
	ended := make(chan struct{}, 8)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		size, sized := sizes[x.Request.Path]
		if !sized {
			x.Response.Status = 204
			_ = s.Respond(x, nil)
			return
		}
		context.AfterFunc(x.Context, func() { ended <- struct{}{} })
		var body io.Reader = strings.NewReader(strings.Repeat("x", size))
		if x.Request.Path == "/slow" { // its first part is flushed
			body = io.MultiReader(body, waitFor(x.Context))
		}
		x.Response = exchange.Response{Status: 200, Length: -1, Body: body}
		_ = s.Respond(x, nil)
	}), http2.Options{StallTimeout: 50 * time.Millisecond})
	w := dialWire(t, address, setting(windowSetting, 0)...)
	id := uint32(1)
	for path := range sizes {
		w.send(headersFrame, endHeaders|endStream, id, getBlock(path))
		w.until(headersFrame, id)
		w.until(resetFrame, id)
		await(t, "the stream's end", ended)
		id += 2
	}
	w.send(headersFrame, endHeaders|endStream, id, getBlock("/other"))
	w.until(headersFrame, id)
}

// waitFor returns a body that comes to nothing until the context ends.
func waitFor(ctx context.Context) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestClientThatGoesEndsTheExchange(t *testing.T) {
	ways := map[string]func(w *wire){
		"reset":      func(w *wire) { w.send(resetFrame, 0, 1, number(8)) },
		"connection": func(w *wire) { w.Close() },
	}
	for name, leave := range ways {
		t.Run(name, func(t *testing.T) {
			arrived, gone := make(chan struct{}), make(chan bool)
			_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
				interrupt := s.Interrupt()
				interrupt.Enter(nil)
				arrived <- struct{}{}
				<-x.Context.Done()
				for !interrupt.Fired() { // it does so on a goroutine of its own
					time.Sleep(time.Millisecond)
				}
				gone <- interrupt.Leave()
			}), http2.Options{})
			w := dialWire(t, address)
			w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
			await(t, "the request", arrived)
			leave(w)
			if !await(t, "the exchange's end", gone) {
				t.Error("the interrupt has not fired")
			}
		})
	}
}

func TestHandlersThatFail(t *testing.T) {
	panics := make(chan any, 1)
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		switch x.Request.Path {
		case "/panic":
			panic("boom")
		case "/source":
			x.Response = exchange.Response{Status: 200, Length: -1, Body: readerFunc(func([]byte) (int, error) { panic("source") })}
			_ = s.Respond(x, nil)
		case "/answered":
			x.Response.Status = 204
			_ = s.Respond(x, nil)
			if err := s.Respond(x, nil); err == nil {
				panic("answered twice")
			}
		}
	}), http2.Options{Panic: func(value any) { panics <- value }})
	w := dialWire(t, address)
	for i, test := range []struct {
		path   string
		panics any // nil: no panic
		ends   byte
	}{
		{"/panic", "boom", resetFrame},
		{"/source", "source", resetFrame},
		{"/nothing", nil, resetFrame},
		{"/answered", nil, headersFrame},
	} {
		id := uint32(2*i + 1)
		w.send(headersFrame, endHeaders|endStream, id, getBlock(test.path))
		w.until(test.ends, id)
		if test.panics == nil {
			continue
		}
		if got := await(t, "the panic", panics); got != test.panics {
			t.Errorf("%s: panic %v", test.path, got)
		}
	}
}

func TestShutdownWaitsForStreams(t *testing.T) {
	t.Parallel()
	arrived, finish := make(chan struct{}), make(chan struct{})
	s, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		arrived <- struct{}{}
		<-finish
		x.Response.Status = 204
		_ = s.Respond(x, nil)
	}), http2.Options{})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
	await(t, "the request", arrived)
	down := make(chan int)
	go func() { down <- s.Shutdown(t.Context()) }()
	if f := w.until(goAwayFrame, 0); f.code() != refusedNo {
		t.Errorf("GOAWAY with code %d", f.code())
	}
	close(finish)
	w.until(headersFrame, 1)
	w.ended()
	if cut := await(t, "Shutdown", down); cut != 0 {
		t.Errorf("%d connections were cut", cut)
	}
}

func TestShutdownCutsWhatIsLeft(t *testing.T) {
	arrived := make(chan struct{})
	s, address := serve(t, handle(func(_ *http2.Stream, x *exchange.Exchange) {
		arrived <- struct{}{}
		<-x.Context.Done()
	}), http2.Options{})
	w := dialWire(t, address)
	w.send(headersFrame, endHeaders|endStream, 1, getBlock("/"))
	await(t, "the request", arrived)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if cut := s.Shutdown(ctx); cut != 1 {
		t.Errorf("%d connections were cut, want 1", cut)
	}
	w.ended()
}

// A connection that comes while the server goes is closed, or says goodbye with its first answer.
func TestServeWhileShuttingDown(t *testing.T) {
	t.Parallel()
	for range 3 {
		s := http2.NewServer(handle(func(s *http2.Stream, x *exchange.Exchange) {
			x.Response.Status = 204
			_ = s.Respond(x, nil)
		}), http2.Options{})
		near, far := net.Pipe()
		served := make(chan struct{})
		go func() {
			s.Serve(far)
			close(served)
		}()
		go s.Shutdown(context.Background())
		w := newWire(t, near)
		go func() { // a pipe takes no byte before it is read
			b := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frameBytes(settingsFrame, 0, 0, nil)...)
			_, _ = near.Write(append(b, frameBytes(headersFrame, endHeaders|endStream, 1, getBlock("/"))...))
		}()
		w.ended()
		await(t, "Serve", served)
	}
	s := http2.NewServer(nil, http2.Options{})
	s.Shutdown(context.Background())
	near, far := net.Pipe()
	s.Serve(far)
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// A body that nobody reads ends neither the connection nor the streams beside it.
func TestBodyThatNobodyReads(t *testing.T) {
	_, address := serve(t, handle(func(s *http2.Stream, x *exchange.Exchange) {
		x.Answer(413, "text/plain", "no")
		_ = s.Respond(x, nil)
	}), http2.Options{})
	client := browser(t)
	for range 8 { // more than the connection's window together
		r, err := client.Post("http://"+address+"/", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		if r.Body.Close(); r.StatusCode != http.StatusRequestEntityTooLarge {
			t.Fatalf("status %d", r.StatusCode)
		}
	}
}
