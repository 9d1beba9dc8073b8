package http2_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/runtime/exchange"
	"gwc.dev/runtime/http1"
	"gwc.dev/runtime/http2"
)

// bothWays runs a test with a backend over cleartext and one over TLS.
func bothWays(t *testing.T, h http.HandlerFunc, test func(t *testing.T, e *http2.Endpoint)) {
	t.Run("cleartext", func(t *testing.T) { test(t, endpoint(t, backend(t, h).Listener.Addr().String())) })
	t.Run("TLS", func(t *testing.T) { test(t, endpointTLS(t, secured(t, h))) })
}

func TestCallsCarryExchanges(t *testing.T) {
	type seen struct{ Line, Header, Body, Trailer string }
	got := make(chan seen, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line := r.Proto + " " + r.Method + " " + r.Host + " " + r.RequestURI
		got <- seen{line, headerText(r.Header), string(body), headerText(r.Trailer)}
		w.Header().Set("Trailer", "X-After")
		w.Header().Add("X-Tag", "1")
		w.Header().Add("X-Tag", "2")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(201)
		_, _ = io.WriteString(w, "answer")
		w.Header().Set("X-After", "a")
		w.Header().Set(http.TrailerPrefix+"X-Late", "b")
	}
	bothWays(t, h, func(t *testing.T, e *http2.Endpoint) {
		x := request(t, "POST", "/a%2fb/", strings.NewReader("hello"), -1)
		x.Request.Query = "q=1"
		x.Request.Header = exchange.Header{
			{Name: "x-one", Value: "1"}, {Name: "Connection", Value: "close"}, {Name: "X-One", Value: "2"},
		}
		call, err := e.Call(x, http1.CallOptions{Trailers: true, Announce: "X-T, Bad Name, Connection",
			Trailer: trailer{"", exchange.Header{{Name: "x-t", Value: "t"}, {Name: "X-Other", Value: "o"}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer call.Close()
		want := seen{"HTTP/2.0 POST api.example.com /a%2fb/?q=1", "Te: trailers\nX-One: 1\nX-One: 2\n", "hello", "X-T: t\n"}
		if diff := cmp.Diff(want, <-got); diff != "" {
			t.Errorf("the request (-want +got):\n%s", diff)
		}
		announced := call.Announced()
		body, err := io.ReadAll(x.Response.Body)
		if string(body) != "answer" || err != nil || x.Response.Status != 201 || announced != "X-After" {
			t.Errorf("%d %q %v, announced %q", x.Response.Status, body, err, announced)
		}
		h := slices.DeleteFunc(x.Response.Header, func(f exchange.Field) bool { return f.Name == "date" })
		slices.SortFunc(h, func(a, b exchange.Field) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
		header := exchange.Header{
			{Name: "content-type", Value: "text/plain"}, {Name: "x-tag", Value: "1"}, {Name: "x-tag", Value: "2"},
		}
		if diff := cmp.Diff(header, h); diff != "" {
			t.Errorf("the header (-want +got):\n%s", diff)
		}
		after := call.Trailer()
		slices.SortFunc(after, func(a, b exchange.Field) int { return strings.Compare(a.Name, b.Name) })
		if diff := cmp.Diff(exchange.Header{{Name: "x-after", Value: "a"}, {Name: "x-late", Value: "b"}}, after); diff != "" {
			t.Errorf("the trailer (-want +got):\n%s", diff)
		}
	})
}

func TestAnswersWithoutABody(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "5")
		}
	}
	e := endpoint(t, backend(t, h).Listener.Addr().String())
	for _, test := range []struct {
		method, path   string
		status, length int
	}{{"GET", "/204", 204, 0}, {"GET", "/304", 304, 0}, {"HEAD", "/", 200, 5}} {
		x := request(t, test.method, test.path, nil, 0)
		call, err := e.Call(x, http1.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		call.Close()
		if r := x.Response; r.Status != test.status || r.Length != int64(test.length) || r.Body != nil {
			t.Errorf("%s %s: %d, length %d, body %v", test.method, test.path, r.Status, r.Length, r.Body)
		}
	}
}

// Requests go out with what the exchange said when the call was made, whatever becomes of its memory.
func TestRequestsShareNoMemoryWithTheExchange(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.Host+" "+r.RequestURI+" "+r.Header.Get("X-Name"))
	}
	e := endpoint(t, backend(t, h).Listener.Addr().String())
	for range 3 {
		memory := []byte("GET/path?queryhost.examplex-namevalue")
		x := &exchange.Exchange{Context: t.Context(), Request: exchange.Request{
			Method: view(memory[:3]), Path: view(memory[3:8]), Query: view(memory[9:14]), Authority: view(memory[14:26]),
			Header: exchange.Header{{Name: view(memory[26:32]), Value: view(memory[32:])}},
		}}
		call, err := e.Call(x, http1.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range memory {
			memory[i] = '!'
		}
		body, err := io.ReadAll(x.Response.Body)
		if call.Close(); string(body) != "GET host.example /path?query value" || err != nil {
			t.Fatalf("%q %v", body, err)
		}
	}
}

func TestCallsWithoutAConnection(t *testing.T) {
	refused := errors.New("refused")
	refuses := func(context.Context) (net.Conn, error) { return nil, refused }
	hangs := func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	body := func() io.Reader { return readerFunc(func([]byte) (int, error) { panic("the body is read") }) }
	tests := []struct {
		name string
		ctx  context.Context
		dial func(context.Context) (net.Conn, error)
		o    http1.CallOptions
		body io.Reader
		want error
	}{
		{"refused", t.Context(), refuses, http1.CallOptions{}, nil, refused},
		{"refused, with a body", t.Context(), refuses, http1.CallOptions{}, body(), refused},
		{"slow", t.Context(), hangs, http1.CallOptions{Timeout: 10 * time.Millisecond}, nil, http1.ErrTimeout},
		{"slow, with a body", t.Context(), hangs, http1.CallOptions{Timeout: 10 * time.Millisecond}, body(), http1.ErrTimeout},
		{"slower than an answer's head", t.Context(), hangs, http1.CallOptions{HeadTimeout: 10 * time.Millisecond, Timeout: time.Hour}, body(), http1.ErrTimeout},
		{"client gone", gone, hangs, http1.CallOptions{}, body(), http1.ErrInterrupted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := http2.NewEndpoint(http2.EndpointOptions{Dial: test.dial})
			x := request(t, "POST", "/", test.body, -1)
			x.Context = test.ctx
			_, err := e.Call(x, test.o)
			if failed := callError(t, err); !errors.Is(err, test.want) || failed.Dialled || failed.Source {
				t.Errorf("%+v, want %v", failed, test.want)
			}
		})
	}
}

// A dial that a client did not wait for is taken up by the others who wait for it.
func TestDialsAreShared(t *testing.T) {
	address := backend(t, func(http.ResponseWriter, *http.Request) {}).Listener.Addr().String()
	dials := make(chan struct{}, 10)
	first := true
	e := http2.NewEndpoint(http2.EndpointOptions{Dial: func(ctx context.Context) (net.Conn, error) {
		dials <- struct{}{}
		if first {
			first = false
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}})
	t.Cleanup(e.Close)
	results := make(chan error)
	impatient, leave := context.WithCancel(t.Context())
	go func() {
		x := request(t, "GET", "/", nil, 0)
		x.Context = impatient
		_, err := e.Call(x, http1.CallOptions{})
		results <- err
	}()
	await(t, "the first dial", dials)
	const others = 20
	for range others {
		go func() {
			call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{})
			if err == nil {
				call.Close()
			}
			results <- err
		}()
	}
	leave()
	if err := await(t, "the first call", results); err == nil {
		t.Error("the call that was given up has an answer")
	}
	for range others {
		if err := await(t, "the others", results); err != nil {
			t.Error(err)
		}
	}
	if len(dials) != 1 {
		t.Errorf("%d more dials, want 1", len(dials))
	}
}

// A backend that takes one request at a time is given more connections.
func TestBackendWithFewStreams(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1}
	s.Start()
	t.Cleanup(s.Close)
	e := endpoint(t, s.Listener.Addr().String())
	results := make(chan error)
	const calls = 6
	for range calls {
		go func() {
			call, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{})
			if err == nil {
				call.Close()
			}
			results <- err
		}()
	}
	for range calls {
		if err := await(t, "a call", results); err != nil {
			t.Error(err)
		}
	}
}

// After Close what is idle goes at once, what is busy with its call, and what is dialled later with that.
func TestCloseEndsConnections(t *testing.T) {
	closed, opened := make(chan struct{}, 3), make(chan struct{}, 3)
	release := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		if r.URL.Path == "/wait" {
			<-release
		}
	}))
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened <- struct{}{}
		case http.StateClosed:
			closed <- struct{}{}
		default:
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	e := endpoint(t, s.Listener.Addr().String())
	x := request(t, "GET", "/wait", nil, 0)
	call, err := e.Call(x, http1.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	late, err := e.Call(request(t, "GET", "/", nil, 0), http1.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	late.Close()
	await(t, "the later connection's end", closed)
	close(release)
	if body, err := io.ReadAll(x.Response.Body); len(body) > 0 || err != nil {
		t.Errorf("%q %v", body, err)
	}
	call.Close()
	await(t, "the busy connection's end", closed)
	if len(opened) != 2 {
		t.Errorf("%d connections, want 2", len(opened))
	}
}
